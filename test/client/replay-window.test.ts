/** A counter is taken once, in any order, as long as it is not more than 1,024 behind the highest. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ReplayWindow } from '../../client/identity/replay-window.ts'

const WIDTH = 1_024

/** What the window must do, without its economy: remembers everything. */
class RememberEverything {
  readonly #seen = new Set<number>()
  #highest = -1

  mark(counter: number): boolean {
    if (this.#seen.has(counter) || counter <= this.#highest - WIDTH) return false
    this.#seen.add(counter)
    this.#highest = Math.max(this.#highest, counter)
    return true
  }
}

/** Counters that stay, creep and leap, so that places of the window are reused. */
const walk = fc
  .array(fc.oneof(fc.integer({ min: -1_100, max: 1_100 }), fc.integer({ min: -3, max: 3 }), fc.constant(WIDTH)), {
    maxLength: 300,
  })
  .map((leaps) => {
    let at = 0
    return leaps.map((leap) => (at = Math.max(0, at + leap)))
  })

describe('the replay window', () => {
  it('judges every sequence of counters as a memory of all of them would', () => {
    fc.assert(
      fc.property(walk, (counters) => {
        const window = new ReplayWindow()
        const model = new RememberEverything()
        for (const counter of counters) expect(window.mark(counter)).toBe(model.mark(counter))
      }),
      { numRuns: 500 },
    )
  })

  it('takes 1,024 counters backwards, and not the one before them', () => {
    const window = new ReplayWindow()
    for (let counter = 2_000; counter > 2_000 - WIDTH; counter--) expect(window.mark(counter)).toBe(true)
    expect(window.mark(2_000 - WIDTH)).toBe(false)
    for (let counter = 2_000; counter > 0; counter--) expect(window.mark(counter)).toBe(false)
  })

  it('leaps to the largest counter there is without walking there', () => {
    const window = new ReplayWindow()
    expect(window.mark(0)).toBe(true)
    expect(window.mark(Number.MAX_SAFE_INTEGER)).toBe(true)
    expect(window.mark(Number.MAX_SAFE_INTEGER)).toBe(false)
    expect(window.mark(Number.MAX_SAFE_INTEGER - 1)).toBe(true)
  })

  it('looks without touching', () => {
    const window = new ReplayWindow()
    expect([window.isFresh(5), window.isFresh(5), window.mark(5), window.isFresh(5)]).toEqual([true, true, true, false])
  })
})
