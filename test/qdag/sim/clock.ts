/** Clocks of a machine: one that says what time it is, wrongly, and one that only goes on, from an arbitrary zero. */
import type { Random } from '../../sim/random.ts'

/** When simulated time begins. Any time would do. */
export const EPOCH_MS = 1_790_000_000_000

const MAX_OFFSET_MS = 600_000
/** Cheap crystals are off by up to 100 parts in a million; ten times that, so that it matters within minutes. */
const MAX_DRIFT = 0.001

export class Clock {
  offsetMs: number
  readonly #drift: number
  #zeroMs: number

  constructor(random: Random, areClocksRight: boolean) {
    this.offsetMs = areClocksRight ? 0 : random.between(-1, 1) * random.magnitude(1, MAX_OFFSET_MS)
    this.#drift = areClocksRight ? 0 : random.between(-1, 1) * MAX_DRIFT
    this.#zeroMs = random.between(0, 1e7)
  }

  /** What the machine takes for the time of day; whole milliseconds, as `Date.now()`. */
  wallMs(simulatedMs: number): number {
    return Math.floor(EPOCH_MS + this.offsetMs + simulatedMs * (1 + this.#drift))
  }

  /** As `performance.now()`. */
  monotonicMs(simulatedMs: number): number {
    return this.#zeroMs + simulatedMs * (1 + this.#drift)
  }

  /** The machine has slept: some count that time, some do not. */
  slept(simulatedMs: number): void {
    this.#zeroMs -= simulatedMs * (1 + this.#drift)
  }

  /** When, in simulated time, the monotonic clock will show this. */
  simulatedMs(monotonicMs: number): number {
    return (monotonicMs - this.#zeroMs) / (1 + this.#drift)
  }
}
