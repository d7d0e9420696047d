/**
 * What the platform would bill, counted at its borders. A change that makes an idle peer cost something, or a relayed
 * megabyte cost more, fails here and not on somebody's invoice.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { counted, enterRoom, relay } from '../bench/bill.ts'
import { billableObjectRequests } from '../bench/counting/counts.ts'
import { startCounting, type CountingService } from '../bench/counting/hour.ts'

const HOUR_MS = 3_600_000
const PEERS = 8

let service: CountingService

beforeAll(async () => {
  service = await startCounting()
})
afterAll(() => service.close())

// Before time is moved on, which the SDK would take for a wrong clock of its own.
test('a relayed MiB costs at most five object requests: 64 frames and not half as many acknowledgements', async () => {
  const counts = await relay(service, 1)
  expect(counts.incomingMessages).toBeGreaterThanOrEqual(64)
  expect(billableObjectRequests(counts)).toBeLessThanOrEqual(5)
  expect(counts.rowsWritten).toBe(0)
})

test('a join costs one object request, and an idle hour nothing but the room’s own alarms', async () => {
  const joins = await counted(service, () => enterRoom(service, PEERS))
  expect(joins.counts.objectRequests).toBe(PEERS)
  expect(joins.counts.workerRequests).toBe(2 * PEERS)
  expect(joins.counts.incomingMessages).toBe(0)
  expect(joins.counts.rowsWritten).toBeLessThanOrEqual(2)

  const hour = await counted(service, () => service.pass(HOUR_MS, 'hour', joins.result))
  // Pings are answered without waking the room: whatever reached it would be here.
  expect(hour.counts.incomingMessages).toBe(0)
  expect(hour.counts.workerRequests).toBe(0)
  // Every five minutes the alarm sweeps and reports to the registry; two more follow the joins.
  expect(hour.counts.alarms).toBeGreaterThanOrEqual(12)
  expect(hour.counts.alarms).toBeLessThanOrEqual(14)
  expect(hour.counts.objectRequests).toBeLessThanOrEqual(14)
  expect(hour.counts.rowsWritten).toBeLessThanOrEqual(3 * 14)
  // The peers are still there: an hour in which the room had lost them would be cheap, too.
  expect(hour.counts.closes).toBe(0)
})
