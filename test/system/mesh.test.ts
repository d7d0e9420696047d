/**
 * A network too large for a link to everybody, of Node peers with real direct paths and the real Worker: what is said to all, links
 * on demand, and what becomes of both when the room is gone.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Network } from '../../client/index.ts'
import { createMesh } from '../../client/mesh/index.ts'
import { join } from '../../client/node/index.ts'
import { cuttableEngine } from '../support/cuttable-engine.ts'
import { eventually } from '../support/eventually.ts'
import { startService, type Service } from '../support/server.ts'

const MEMBERS = 14
const DEGREE = 4
const MAX_NEIGHBOURS = DEGREE + DEGREE / 2
const MESSAGES = 60
/** Together more than the 256 KiB that neighbours carry at once. */
const MESSAGE_CHARACTERS = 6_000

let service: Service
/** Once it is true, the last member makes no direct path any more; those that it has go on. */
const last = { isCut: false }
const networks: Network[] = []
const words: string[][] = []

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
  const room = service.roomUrl('mesh')
  for (let i = 0; i < MEMBERS; i++) {
    const rtc = i === MEMBERS - 1 ? await cuttableEngine(last) : undefined
    const network = await join(room, { name: `${i}`, mesh: createMesh({ degree: DEGREE }), ...(rtc && { rtc }) })
    const heard: string[] = []
    network.on('broadcast', ({ from, data }) => heard.push(`${from.name}: ${String(data)}`))
    networks.push(network)
    words.push(heard)
  }
})
afterAll(async () => {
  await Promise.all(networks.map((network) => network.close()))
})

describe(`a network of ${MEMBERS} with ${DEGREE} neighbours each`, () => {
  it('gives everybody enough neighbours and nobody too many, by direct paths', async () => {
    await expect.poll(() => networks.every((network) => neighboursOf(network).length >= DEGREE / 2)).toBe(true)
    await expect
      .poll(() => networks.every((network) => neighboursOf(network).every((id) => pathTo(network, id) === 'direct')))
      .toBe(true)
    for (const network of networks) {
      expect(network.mesh?.isComplete).toBe(false)
      expect(neighboursOf(network).length).toBeLessThanOrEqual(MAX_NEIGHBOURS)
    }
  })

  it('has everybody hear what anybody says to all', async () => {
    await saidByAll('with the room')
  })
})

describe('when its room is gone', () => {
  beforeAll(async () => {
    await service.close()
    await eventually(() => expect(networks.every(({ state }) => state === 'reconnecting')).toBe(true), 20_000)
  })

  it('everybody still hears what anybody says to all', async () => {
    await saidByAll('without the room')
  })

  it('members without a link reach each other over neighbours, and get a direct path', async () => {
    const pair = unlinkedPair(networks.slice(0, -1))
    await pair.from.reach(pair.to.peerId)
    expect(pair.to.peers.has(pair.from.peerId)).toBe(true)
    await expect.poll(() => pathTo(pair.from, pair.to.peerId)).toBe('direct')
  })

  it('messages of a link that has no direct path go over neighbours: all of them, once, in order', async () => {
    const cut = networks.at(-1) as Network
    last.isCut = true
    const { from: other } = unlinkedPair(networks.slice(0, -1), cut)
    const [here, there]: [string[], string[]] = [[], []]
    other.on('message', ({ peer, data }) => peer.id === cut.peerId && here.push(String(data)))
    cut.on('message', ({ peer, data }) => peer.id === other.peerId && there.push(String(data)))
    const peer = await other.reach(cut.peerId)
    const back = await cut.reach(other.peerId)
    const texts = Array.from({ length: MESSAGES }, (_, i) => `${i} `.padEnd(MESSAGE_CHARACTERS, '.'))
    await Promise.all(texts.flatMap((text) => [peer.send(text).delivered, back.send(text).delivered]))
    expect(here).toEqual(texts)
    expect(there).toEqual(texts)
    expect(peer.path.kind).toBe('relay')
    expect(peer.explain()).toMatchObject({ carrier: 'neighbours', relayIsUp: true })
  })
})

function neighboursOf({ mesh }: Network): string[] {
  return [...(mesh?.neighbours ?? [])]
}

function pathTo({ peers }: Network, id: string): string | undefined {
  return [...peers.values()].find((peer) => peer.id === id)?.path.kind
}

async function saidByAll(what: string): Promise<void> {
  for (const network of networks) await network.broadcast(what)
  const expected = networks.map((_, i) => `${i}: ${what}`)
  for (const [i, heard] of words.entries()) {
    const others = expected.filter((_, j) => j !== i)
    await expect.poll(() => heard.filter((word) => word.endsWith(what)).toSorted()).toEqual(others.toSorted())
  }
}

/** Two who have no link to each other. */
function unlinkedPair(
  candidates: readonly Network[],
  wanted?: Network,
): { readonly from: Network; readonly to: Network } {
  for (const from of candidates) {
    const to = (wanted ? [wanted] : candidates).find((other) => other !== from && !from.peers.has(other.peerId))
    if (to) return { from, to }
  }
  throw new Error('everybody has a link to everybody')
}
