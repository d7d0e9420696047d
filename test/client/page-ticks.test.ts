import { describe, expect, it } from 'vitest'
import { decimalTicks, secondsTicks } from '../../client/page/ticks.ts'

describe('the lines of an axis', () => {
  it('stand at round numbers, as many as have room', () => {
    expect(decimalTicks(4, 3)).toEqual([0, 2, 4])
    expect(decimalTicks(4, 4)).toEqual([0, 1, 2, 3, 4])
    expect(decimalTicks(57, 3)).toEqual([0, 20, 40])
    expect(decimalTicks(1_150, 3)).toEqual([0, 500, 1_000])
    expect(decimalTicks(0.7, 3.5)).toEqual([0, 0.2, 0.4, 0.6])
    expect(decimalTicks(0.3, 3)).toEqual([0, 0.1, 0.2, 0.3])
  })

  it('stand at times that people count in', () => {
    expect(secondsTicks(15, 3)).toEqual([-15, -10, -5, 0])
    expect(secondsTicks(60, 5)).toEqual([-60, -45, -30, -15, 0])
    expect(secondsTicks(300, 4)).toEqual([-240, -120, 0])
  })

  it('are few where there is no room', () => {
    expect(decimalTicks(57, 0.4).length).toBeLessThanOrEqual(2)
    expect(secondsTicks(300, 0).length).toBeLessThanOrEqual(2)
  })
})
