/** Keeps work to a share of the time: says after each stretch of work how long to rest. Measured, so late timers do not matter. */

/** A stretch that took longer was not work: the machine slept in the middle of it, and nobody wants to wait for that. */
const LONGEST_STRETCH_MS = 1_000
/** Rest in advance is forgotten beyond this, or a timer that came seconds late would be followed by seconds without rest. */
const LARGEST_ADVANCE_MS = 50

export class DutyCycle {
  #share: number
  #owedMs = 0

  /** @param share above 0 to 1 */
  constructor(share: number) {
    this.#share = share
  }

  /** How long to rest now, in milliseconds; 0 when work may go on. */
  get restMs(): number {
    return Math.max(0, this.#owedMs)
  }

  /** What is owed under the old share is forgiven: who asks for more wants it now. */
  set share(share: number) {
    this.#share = share
    this.#owedMs = 0
  }

  worked(ms: number): void {
    const stretchMs = Math.min(Math.max(0, ms), LONGEST_STRETCH_MS)
    this.#owedMs += (stretchMs * (1 - this.#share)) / this.#share
  }

  rested(ms: number): void {
    this.#owedMs = Math.max(-LARGEST_ADVANCE_MS, this.#owedMs - Math.max(0, ms))
  }
}
