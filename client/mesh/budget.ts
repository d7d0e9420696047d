/** How much of something may still be had. Unlike of a rate limiter, of a budget it is asked before, and spent when it is used. */
import type { Rate } from '../token-bucket.ts'

export class Budget {
  readonly #rate: Rate
  #left: number
  #atMs: number | undefined

  constructor(rate: Rate) {
    this.#rate = rate
    this.#left = rate.burst
  }

  /** @param reserve so much is left for those who need it more */
  allows(nowMs: number, reserve = 0): boolean {
    this.#refill(nowMs)
    return this.#left >= 1 + reserve
  }

  spend(nowMs: number): void {
    this.#refill(nowMs)
    this.#left--
  }

  /**
   * Spends so much; false, and spends nothing, when there is not as much.
   *
   * @param reserve so much is left for those who need it more
   */
  take(nowMs: number, amount: number, reserve = 0): boolean {
    this.#refill(nowMs)
    if (this.#left < amount + reserve) return false
    this.#left -= amount
    return true
  }

  /** What was spent in vain. */
  giveBack(): void {
    this.#left++
  }

  #refill(nowMs: number): void {
    const elapsedMs = nowMs - (this.#atMs ?? nowMs)
    this.#atMs = nowMs
    this.#left = Math.min(this.#rate.burst, this.#left + (elapsedMs / 1_000) * this.#rate.perSecond)
  }
}
