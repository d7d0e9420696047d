/** When to introduce ourselves to a peer that has not answered yet. */

/** A peer that speaks to a link state that is over is told so, but not for each of its frames. */
const PAUSE_MS = 1_000
/** Who has not answered may not have heard us: it is greeted again, ever more seldom. */
const MAX_WAIT_MS = 60_000

export class Greeting {
  /** When to greet again, unless the peer has answered by then. */
  againAtMs = Infinity
  #mayAtMs = 0
  #waitMs = PAUSE_MS

  get hasBegun(): boolean {
    return this.#mayAtMs > 0
  }

  /** True when one may be sent now; then it counts as sent. */
  take(nowMs: number): boolean {
    if (nowMs < this.#mayAtMs) return false
    this.#mayAtMs = nowMs + PAUSE_MS
    this.againAtMs = nowMs + this.#waitMs
    this.#waitMs = Math.min(this.#waitMs * 2, MAX_WAIT_MS)
    return true
  }
}
