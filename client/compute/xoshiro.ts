/**
 * xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018): pseudo-random numbers that
 * are the same on every engine, since they take nothing but 32-bit integers. Not for secrets.
 */
export class Xoshiro128 {
  #a: number
  #b: number
  #c: number
  #d: number

  /** @param seed the state, not all zero: zeros give only zeros */
  constructor([a, b, c, d]: readonly [number, number, number, number]) {
    this.#a = a | 0
    this.#b = b | 0
    this.#c = c | 0
    this.#d = d | 0
  }

  /** The next 32 bits, as a signed number. */
  next(): number {
    const result = Math.imul(rotated(Math.imul(this.#b, 5), 7), 9)
    const shifted = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= shifted
    this.#d = rotated(this.#d, 11)
    return result
  }

  /** Fills a stretch with the bytes of the next numbers, the lowest first; what is left of the last number is dropped. */
  draw(target: Int8Array): void {
    let bits = 0
    for (let i = 0; i < target.length; i++) {
      bits = i % 4 === 0 ? this.next() : bits >> 8
      target[i] = bits
    }
  }
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
