import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, expect, test, vi } from 'vitest'
import { registryOf } from '../../worker/registry.ts'
import { emptyTally } from '../../worker/tally.ts'
import { join, roomOf } from './scenario.ts'

afterEach(() => {
  vi.useRealTimers()
})

const registry = registryOf(env)

test('a room is listed while somebody is in it', async () => {
  const ada = await join('listed')
  await join('listed')
  await runDurableObjectAlarm(roomOf('listed'))
  expect(await registry.membersOf('listed')).toBe(2)
  ada.socket.send('{"type":"bye"}')
  await ada.nextClose()
  await runDurableObjectAlarm(roomOf('listed'))
  expect(await registry.membersOf('listed')).toBe(1)
})

test('it hears of a burst of joins and messages once', async () => {
  const before = (await registry.totals()).tally
  const members = await Promise.all(Array.from({ length: 10 }, () => join('burst')))
  for (const member of members) for (const other of members) member.send('relay', other.peerId, new Uint8Array(100))
  await Promise.all(members.map((member) => member.settled()))
  expect((await registry.totals()).tally).toEqual(before)
  await runDurableObjectAlarm(roomOf('burst'))
  const after = (await registry.totals()).tally
  expect(after.joins - before.joins).toBe(10)
  expect(after.envelopes - before.envelopes).toBe(100)
  expect(after.relayedBytes - before.relayedBytes).toBe(100 * 118)
})

test('what it knows survives its own eviction', async () => {
  await registry.report('kept', 7, { ...emptyTally(), joins: 7 })
  await registry.countRefusals({ 'ticket-clock': 3 })
  const before = await registry.totals()
  await evictDurableObject(registry)
  expect(await registry.membersOf('kept')).toBe(7)
  expect(await registry.totals()).toEqual(before)
})

test('made-up names cannot push out networks that people use, nor fill it', async () => {
  await registry.report('popular', 50, emptyTally())
  for (let i = 0; i < 1_100; i++) await registry.report(`made-up-${i}`, 1, emptyTally())
  const { networks } = await registry.totals()
  expect(networks).toBe(1_000)
  expect((await registry.page({ query: '', after: '', limit: 1 })).items).toEqual([{ network: 'popular', members: 50 }])
  // A network that has grown finds its place all the same.
  await registry.report('newly-popular', 20, emptyTally())
  expect(await registry.membersOf('newly-popular')).toBe(20)
  expect((await registry.page({ query: '', after: '', limit: 100 })).items).toHaveLength(100)
})

test('a room that has fallen silent is forgotten', async () => {
  await registry.report('silent', 3, emptyTally())
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 })
  expect(await registry.membersOf('silent')).toBe(0)
  expect((await registry.totals()).networks).toBe(0)
})
