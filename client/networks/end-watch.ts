/** Tells when the earliest of some memberships ends, so that links end with them. */
import { NEVER_MS } from '../../protocol/limits.ts'
import { nowMs } from '../clock.ts'
import type { Timer } from '../timers.ts'

/** Timers may fire a moment early, and a membership ends at its time, not before. */
const SLACK_MS = 50
/** Runtimes keep delays in 31 bits. Whoever is told too early asks again. */
const MAX_DELAY_MS = 2 ** 31 - 1

export class EndWatch {
  readonly #ended: () => void
  #timer: Timer | undefined
  #atMs = Infinity

  /** @param ended called when a membership may be over; everything is to be noted anew */
  constructor(ended: () => void) {
    this.#ended = ended
  }

  /** A membership ends at `endMs` by a clock that shows `clockMs` now. */
  note(endMs: number, clockMs: number): void {
    if (endMs === NEVER_MS) return
    const afterMs = Math.min(Math.max(endMs - clockMs, 0) + SLACK_MS, MAX_DELAY_MS)
    const atMs = nowMs() + afterMs
    if (atMs >= this.#atMs) return
    clearTimeout(this.#timer)
    this.#atMs = atMs
    this.#timer = setTimeout(() => {
      this.#atMs = Infinity
      this.#ended()
    }, afterMs)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#atMs = Infinity
  }
}
