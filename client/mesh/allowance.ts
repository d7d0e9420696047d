/** How much may be sent: what is spent beyond it has to be waited for. */
import type { Rate } from '../token-bucket.ts'

export class Allowance {
  readonly #rate: Rate
  /** When all of it will be there again. */
  #fullAtMs = -Infinity

  constructor(rate: Rate) {
    this.#rate = rate
  }

  /** When something is left again. */
  get readyAtMs(): number {
    const { burst, perSecond } = this.#rate
    return this.#fullAtMs - (burst / perSecond) * 1_000
  }

  spend(amount: number, nowMs: number): void {
    this.#fullAtMs = Math.max(this.#fullAtMs, nowMs) + (amount / this.#rate.perSecond) * 1_000
  }
}
