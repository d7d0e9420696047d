/** Chance that comes out the same for the same seed (Marsaglia's xorshift with 32 bits). */
export class Random {
  #state: number

  constructor(seed: number) {
    // Zero is the one state that the generator never leaves; the factor spreads neighbouring seeds.
    this.#state = Math.imul(seed, 0x9e3779b1) || 1
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.#state ^= this.#state << 13
    this.#state ^= this.#state >>> 17
    this.#state ^= this.#state << 5
    return (this.#state >>> 0) / 2 ** 32
  }

  oneOf<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.next() * choices.length)] as T
  }

  shuffled<T>(items: readonly T[]): T[] {
    return items
      .map((item) => ({ item, rank: this.next() }))
      .toSorted((a, b) => a.rank - b.rank)
      .map(({ item }) => item)
  }
}
