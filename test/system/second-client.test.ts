/** PROTOCOL.md is enough to write another client: one that was written from it alone meets the SDK. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { Data, Path } from '../../client/api.ts'
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
