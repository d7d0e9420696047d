/**
 * From 64 bits that are a hash already to the 32 that choose a place in a table. The bits of ids, keys and tasks are free to
 * be searched for by whoever makes them, and a graphics card finds a million that share their first 20 bits; with factors
 * that nobody else knows, there is nothing to search for.
 */
export class Mixer {
  readonly #lowFactor: number
  readonly #highFactor: number

  /** @param salt a whole number below 2^53, secret where strangers choose what goes into the table */
  constructor(salt: number) {
    // Any odd factors will do when there is no salt; these are the ones of MurmurHash3's mixing steps.
    this.#lowFactor = (0x85ebca6b ^ (salt * 2)) | 1
    this.#highFactor = (0xc2b2ae35 ^ (Math.floor(salt / 2 ** 31) * 2)) | 1
  }

  /** 32 bits, of which the upper ones depend on all that goes in. */
  mix(low: number, high: number): number {
    return (Math.imul(low, this.#lowFactor) + Math.imul(high, this.#highFactor)) >>> 0
  }
}
