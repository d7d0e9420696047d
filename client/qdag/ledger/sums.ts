/**
 * Sums of credits, exact beyond 2^53: one that is rounded would depend on the order in which its parts came.
 */
import { highOf, joined, lowOf } from './pages.ts'

export class Sums {
  readonly #low: Uint32Array
  readonly #high: Uint32Array

  constructor(count: number) {
    this.#low = new Uint32Array(count)
    this.#high = new Uint32Array(count)
  }

  /** @param amount a whole number between -2^48 and 2^48 that does not make the sum negative */
  add(which: number, amount: number): void {
    const low = (this.#low[which] as number) + amount
    this.#low[which] = lowOf(low)
    this.#high[which] = (this.#high[which] as number) + highOf(low)
  }

  /** Rounded when it is above 2^53: the same way wherever the sum is the same. */
  value(which: number): number {
    return joined(this.#high[which] as number, this.#low[which] as number)
  }
}
