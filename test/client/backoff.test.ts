/** Clients that were dropped together do not come back together, and nobody hammers a dead host. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reconnectDelayMs } from '../../client/carrier/backoff.ts'

const MAX_MS = 20_000

describe('the delay before a reconnection', () => {
  it('is full jitter: anything from nothing to a bound that grows with failures and members', () => {
    fc.assert(
      fc.property(
        fc.nat(2_000),
        fc.nat(100_000),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, members, random) => {
          const bound = reconnectDelayMs(failures, members, 1)
          const delay = reconnectDelayMs(failures, members, random)
          expect(delay).toBeCloseTo(bound * random, 6)
          expect(bound).toBeLessThanOrEqual(MAX_MS)
          expect(bound).toBeGreaterThanOrEqual(failures > 0 ? 400 : 0)
          expect(reconnectDelayMs(failures + 1, members, 1)).toBeGreaterThanOrEqual(bound)
          expect(reconnectDelayMs(failures, members + 1, 1)).toBeGreaterThanOrEqual(bound)
        },
      ),
    )
  })

  it('spreads 10,000 members evenly over the seconds that the room needs for them', () => {
    const delays = Array.from({ length: 10_000 }, (_, i) => reconnectDelayMs(0, 10_000, i / 10_000))
    const perSecond = Array.from({ length: 10 }, (_, s) => delays.filter((ms) => Math.floor(ms / 1_000) === s).length)
    for (const count of perSecond) expect(count).toBeCloseTo(1_000, -2)
  })

  it('is nearly none at first in a small room, then doubles with every failure in a row until 1.5 s', () => {
    const bounds = Array.from({ length: 6 }, (_, failures) => reconnectDelayMs(failures, 2, 1))
    expect(bounds).toEqual([2, 400, 800, 1_500, 1_500, 1_500])
  })

  it('grows up to 4 s when the outage is no short one, and up to 20 s when it is a long one, or the room is large', () => {
    expect(reconnectDelayMs(40, 2, 1)).toBe(1_500)
    expect(reconnectDelayMs(41, 2, 1)).toBe(4_000)
    expect(reconnectDelayMs(300, 2, 1)).toBe(4_000)
    expect(reconnectDelayMs(301, 2, 1)).toBe(20_000)
    expect([0, 1, 2, 3].map((failures) => reconnectDelayMs(failures, 2_000, 1))).toEqual([2_000, 4_000, 8_000, 8_000])
    expect(reconnectDelayMs(2, 5_000, 1)).toBe(20_000)
  })
})
