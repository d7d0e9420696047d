/** Chance that can be repeated: the same seed gives the same numbers (sfc32, by Chris Doty-Humphrey, public domain). */
export class Random {
  #a = 0
  #b = 0
  #c = 0
  #counter = 1

  constructor(seed: number) {
    this.#a = seed | 0
    this.#b = (seed / 2 ** 32) | 0
    // The first numbers still resemble the seed.
    for (let i = 0; i < 15; i++) this.#next()
  }

  /** At least 0, below 1. */
  fraction(): number {
    return this.#next() / 2 ** 32
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  between(low: number, high: number): number {
    return low + this.fraction() * (high - low)
  }

  /** As `between`, with as many small values as large ones: for times and sizes that span magnitudes. */
  magnitude(low: number, high: number): number {
    return low * (high / low) ** this.fraction()
  }

  below(count: number): number {
    return Math.floor(this.fraction() * count)
  }

  pick<T>(from: readonly T[]): T {
    const item = from[this.below(from.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  /** All of them, in any order. */
  shuffled<T>(items: readonly T[]): T[] {
    const shuffled = [...items]
    for (let left = shuffled.length; left > 1; left--) {
      const at = this.below(left)
      const [last, drawn] = [shuffled[left - 1] as T, shuffled[at] as T]
      shuffled[left - 1] = drawn
      shuffled[at] = last
    }
    return shuffled
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    return sum >>> 0
  }
}
