/**
 * Where simulated peers are: in the plane, most of them near one of a few cities, each behind an access line. The delay
 * between two is the same in both directions and does not change, so that what is sent arrives in order.
 */
import type { Random } from '../../sim/random.ts'

const CITIES = 12
/** Light in fibre across half the world, with detours, one way. */
const MAX_DISTANCE_MS = 110
const CITY_MS = 4
const MIN_ACCESS_MS = 2
const MAX_ACCESS_MS = 30

export class Places {
  readonly #random: Random
  readonly #cities: readonly (readonly [x: number, y: number])[]
  readonly #x: number[] = []
  readonly #y: number[] = []
  readonly #accessMs: number[] = []

  constructor(random: Random) {
    this.#random = random
    this.#cities = Array.from({ length: CITIES }, () => [random.fraction(), random.fraction()] as const)
  }

  /** A place for the next peer. */
  add(): void {
    const [x, y] = this.#random.pick(this.#cities)
    const spread = CITY_MS / MAX_DISTANCE_MS
    this.#x.push(x + this.#random.between(-spread, spread))
    this.#y.push(y + this.#random.between(-spread, spread))
    this.#accessMs.push(this.#random.magnitude(MIN_ACCESS_MS, MAX_ACCESS_MS) / 2)
  }

  delayMs(a: number, b: number): number {
    const [ax = 0, bx = 0, ay = 0, by = 0] = [this.#x[a], this.#x[b], this.#y[a], this.#y[b]]
    const distance = Math.hypot(ax - bx, ay - by) / Math.SQRT2
    return Math.round(distance * MAX_DISTANCE_MS + (this.#accessMs[a] ?? 0) + (this.#accessMs[b] ?? 0)) + 1
  }
}
