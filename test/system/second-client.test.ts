/** PROTOCOL.md is enough to write another client: one that was written from it alone meets the SDK. */
import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Data, JoinOptions, Network, Path, Peer } from '../../client/api.ts'
import { nodeEngine } from '../../client/node/engine.ts'
import { join } from '../../client/node/index.ts'
import { SecondClient } from '../support/second-client.ts'
import { startService, type Service } from '../support/server.ts'

let service: Service
beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
})
afterAll(() => service.close())

it.each([
  ['over the relay', 'off'],
  ['over a data channel that it was offered and bound', 'on'],
] as const)('meets the SDK, talks in both directions %s, and leaves', async (_, direct) => {
  const room = service.roomUrl(`second-${direct}`)
  const engine = await nodeEngine()
  if (!engine) throw new Error('node-datachannel is not installed')
  // The higher rank offers; the second client only answers.
  const network = await join(room, { name: 'SDK', direct, rtc: { ...engine, rank: 1 } })
  const heard: Data[] = []
  const paths: Path['kind'][] = []
  const left: string[] = []
  const faults: string[] = []
  network.on('message', ({ data }) => heard.push(data))
  network.on('path', ({ path }) => paths.push(path.kind))
  network.on('peer-left', ({ reason }) => left.push(reason))
  network.on('error', ({ error }) => faults.push(`${error.code} ${error.reason}`))

  const second = new SecondClient(room, 'written elsewhere')
  try {
    const peer = await vi.waitUntil(() => network.peers.get(second.peerId as never), 10_000)
    expect(peer).toMatchObject({ name: 'written elsewhere', rtc: true, state: 'verified' })
    expect(second.control[0]).toMatchObject({ type: 'welcome', peerId: second.peerId, total: 2, resumed: false })
    if (direct === 'on') {
      await vi.waitUntil(() => second.isDirect && paths.includes('direct'), 15_000)
    }

    const long = randomBytes(40_000)
    second.send('hello from elsewhere')
    second.send(long)
    await vi.waitUntil(() => heard.length === 2, 5_000)
    expect(heard).toEqual(['hello from elsewhere', new Uint8Array(long)])

    await peer.send('hello from the SDK')
    await peer.send(new Uint8Array(long))
    await vi.waitUntil(() => second.messages.length === 2, 5_000)
    expect(second.messages[0]).toBe('hello from the SDK')
    expect(long.equals(second.messages[1] as Buffer)).toBe(true)

    expect(paths.includes('direct')).toBe(direct === 'on')
    expect(faults).toEqual([])
  } finally {
    await second.leave()
  }
  await vi.waitUntil(() => left.length > 0, 8_000)
  expect(left).toEqual(['left'])
  await network.close()
})

describe('on one link, over the relay,', () => {
  let network: Network | undefined
  let second: SecondClient
  let peer: Peer
  afterEach(async () => {
    await second.leave()
    await network?.close()
  })

  async function meet(room: string, options: JoinOptions = {}): Promise<Network> {
    const joined = (network = await join(service.roomUrl(room), { direct: 'off', ...options }))
    second = new SecondClient(service.roomUrl(room), 'second')
    peer = await vi.waitUntil(() => joined.peers.get(second.peerId as never), 10_000)
    return joined
  }

  it('goes on after its socket has changed: what was under way arrives once and in order, both ways', async () => {
    const joined = await meet('second-socket')
    const heard: Data[] = []
    joined.on('message', ({ data }) => heard.push(data))
    second.send('before')
    await peer.send('before')
    const changed = second.changeSocket()
    // The old socket takes these along, or nobody takes them.
    second.send('under way')
    await peer.send('under way')
    await changed
    await vi.waitUntil(() => second.control.filter(({ type }) => type === 'welcome').length === 2, 10_000)
    second.send('after')
    await peer.send('after').delivered
    await vi.waitUntil(() => heard.length === 3 && second.messages.length === 3, 10_000)
    expect(heard).toEqual(['before', 'under way', 'after'])
    expect(second.messages).toEqual(['before', 'under way', 'after'])
    expect(second.control.findLast(({ type }) => type === 'welcome')).toMatchObject({ resumed: true })
    await vi.waitUntil(() => second.resumesHeard > 0, 5_000)
  })

  it('tells what has arrived from what its application has had', async () => {
    await meet('second-held')
    second.hold(true)
    const delivered = vi.fn()
    void peer.send('wait').delivered.then(delivered)
    await peer.send('a little')
    await vi.waitUntil(() => peer.explain().unacknowledgedBytes === 0, 5_000)
    expect(delivered).not.toHaveBeenCalled()
    second.hold(false)
    await vi.waitUntil(() => delivered.mock.calls.length === 1, 5_000)
    expect(second.messages).toEqual(['wait', 'a little'])
  })

  it('learns the same of the SDK, whose application listens late', async () => {
    const joined = await meet('second-holds')
    second.send('early')
    await vi.waitUntil(() => second.sent.unacknowledged === 0, 5_000)
    expect([second.deliveredSeq, second.sent.seq]).toEqual([0, 1])
    const heard: Data[] = []
    joined.on('message', ({ data }) => heard.push(data))
    await vi.waitUntil(() => second.deliveredSeq === 1, 5_000)
    expect(heard).toEqual(['early'])
  })

  it('leaves the link with a bye alone, and what it said before is heard', async () => {
    const joined = await meet('second-bye')
    const events: unknown[] = []
    joined.on('message', ({ data }) => events.push(data))
    joined.on('peer-left', ({ reason }) => events.push(reason))
    second.send('last words')
    second.bye()
    await vi.waitUntil(() => events.length === 2, 5_000)
    expect(events).toEqual(['last words', 'left'])
    expect(second.sent.unacknowledged).toBe(0)
  })

  it('hears the last words of the SDK and then its bye', async () => {
    const joined = await meet('second-hears-bye')
    void peer.send('last words of the SDK')
    await joined.close()
    await vi.waitUntil(() => second.hasHeardBye, 5_000)
    expect(second.messages).toEqual(['last words of the SDK'])
  })

  it('exchanges datagrams, and messages of other channels', async () => {
    const joined = await meet('second-datagram')
    const datagrams: Data[] = []
    const channel: Data[] = []
    joined.on('datagram', ({ data }) => datagrams.push(data))
    joined.channel(300, ({ data }) => channel.push(data))
    expect(peer.datagram('tick')).toBe(true)
    second.datagram('tock')
    second.send('beside', 300)
    await vi.waitUntil(() => second.datagrams.length + datagrams.length + channel.length === 3, 5_000)
    expect([second.datagrams, datagrams, channel]).toEqual([['tick'], ['tock'], ['beside']])
  })
})
