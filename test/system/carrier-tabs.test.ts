/** The carrier of `examples/`, over a real BroadcastChannel: it is one, it does without a room, and beside a room nothing gets lost. */
import { afterEach, describe, expect, it } from 'vitest'
import { carrierScenarios } from '../../client/carrier/acceptance.ts'
import { join, type Data, type JoinOptions, type Network } from '../../client/node/index.ts'
import { tabsCarrier } from '../../examples/tabs-carrier.js'
import type { Bytes } from '../../protocol/bytes.ts'
import { heardBy, peerOf } from '../support/two-peers.ts'
import { startService } from '../support/server.ts'

/** Nobody listens at port 1. */
const NO_ROOM = 'http://127.0.0.1:1/n/carrier-tabs'
const MESSAGES = 300

const networks: Network[] = []
afterEach(async () => {
  await Promise.all(networks.splice(0).map((network) => network.close()))
})

async function joinWithTabs(roomUrl: string, options: JoinOptions = {}): Promise<Network> {
  const network = await join(roomUrl, { iceServers: [], carriers: [tabsCarrier()], ...options })
  networks.push(network)
  return network
}

/** What anybody of the origin can say. */
function litter(network: Bytes): Promise<void> {
  const channel = new BroadcastChannel(`edge-net ${network.join(',')}`)
  const [few, many] = [new Uint8Array(20), new Uint8Array(1_000_000)]
  const rubbish = [null, 1, 'text', [], {}, few, many, { announcement: few, isAsking: 'yes' }, { announcement: many }]
  const envelopes = [few, many, new ArrayBuffer(20), 'text', { length: 20 }].map((envelope) => ({
    to: 'AAAA',
    envelope,
  }))
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
  for (const said of [...rubbish, ...envelopes]) channel.postMessage(said)
  channel.close()
  return Promise.resolve()
}

describe('a carrier over a BroadcastChannel', () => {
  const world = () => ({ open: tabsCarrier, litter, close: () => Promise.resolve() })
  for (const { name, run } of carrierScenarios(world)) it(name, run)
})

describe('without any room', () => {
  it('two meet, and reach each other directly', async () => {
    const [ada, bob] = await Promise.all(['Ada', 'Bob'].map((name) => joinWithTabs(NO_ROOM, { name })))
    if (!ada || !bob) throw new Error('nobody joined')
    expect([ada.state, bob.state]).toEqual(['reconnecting', 'reconnecting'])
    const heard = [heardBy(ada), heardBy(bob)]
    const [bobOfAda, adaOfBob] = [await peerOf(ada, bob), await peerOf(bob, ada)]
    await expect.poll(() => [bobOfAda.path.kind, adaOfBob.path.kind]).toEqual(['direct', 'direct'])
    await Promise.all([bobOfAda.send('hello Bob').delivered, adaOfBob.send('hello Ada').delivered])
    expect(heard).toEqual([['hello Ada'], ['hello Bob']])
    expect(bobOfAda.explain()).toMatchObject({ carrier: 'tabs', relayIsUp: true })
  })

  it('messages go over it where there is no WebRTC, bulk, too', async () => {
    const ada = await joinWithTabs(NO_ROOM, { direct: 'off' })
    const bob = await joinWithTabs(NO_ROOM, { direct: 'off' })
    const heard = heardBy(bob)
    const bulk = Uint8Array.from({ length: 1_000_000 }, (_, i) => i % 251)
    await (await peerOf(ada, bob)).send(bulk).delivered
    expect(heard).toEqual([bulk])
  })
})

/** Sends numbers to a peer, hundreds of them, until the end. */
async function count(from: Network, to: Network, isOver: () => boolean): Promise<string[]> {
  const peer = await peerOf(from, to)
  const sent: string[] = []
  while (sent.length < MESSAGES || !isOver()) {
    const text = String(sent.length)
    sent.push(text)
    await peer.send(text)
    // Some of them at once, most of them beside everything else that goes on.
    if (sent.length % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return sent
}

describe('beside a room that stops and comes back', () => {
  it.each(['off', 'on'] as const)('no message is lost or doubled, with direct paths %s', async (direct) => {
    let service = await startService({ rateLimits: 'off' })
    const { port } = service
    try {
      const [ada, bob] = [
        await joinWithTabs(service.roomUrl('carrier-tabs'), { direct }),
        await joinWithTabs(service.roomUrl('carrier-tabs'), { direct }),
      ]
      const heard: Data[][] = [heardBy(ada), heardBy(bob)]
      const peer = await peerOf(ada, bob)
      const left: string[] = []
      for (const network of [ada, bob]) network.on('peer-left', ({ reason }) => void left.push(reason))
      const isLedBy = (carrier: string) => expect.poll(() => peer.explain().carrier).toBe(carrier)
      let isOver = false
      const sent = Promise.all([count(bob, ada, () => isOver), count(ada, bob, () => isOver)])
      for (let stop = 0; stop < 2; stop++) {
        await isLedBy('room')
        await service.close()
        await isLedBy('tabs')
        service = await startService({ rateLimits: 'off', port })
      }
      await isLedBy('room')
      isOver = true
      const [ofBob, ofAda] = await sent
      await expect.poll(() => heard.map(({ length }) => length)).toEqual([ofBob.length, ofAda.length])
      expect(heard).toEqual([ofBob, ofAda])
      expect(left).toEqual([])
    } finally {
      await service.close()
    }
  })
})
