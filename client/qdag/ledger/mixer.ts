/**
 * From 32 bits of a hash to those that choose a place in a table. Ids and keys are free to be searched for by whoever makes
 * them, and a graphics card finds a million at once that share their first 20 bits; with a factor that nobody else knows
 * only such as share all 32 have the same place, and those are four thousand times as rare.
 */
export class Mixer {
  readonly #factor: number

  /** @param salt a whole number below 2^53, secret where strangers choose what goes into the table */
  constructor(salt: number) {
    // Odd, so that nothing is lost; without a salt what comes out is what goes in.
    this.#factor = (salt * 2) | 1
  }

  /** 32 bits, the upper ones of which depend on all that goes in. */
  mix(word: number): number {
    return Math.imul(word, this.#factor) >>> 0
  }
}
