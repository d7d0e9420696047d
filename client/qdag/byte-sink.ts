/** Writes a byte string from front to back into memory that grows as needed: the counterpart of `ByteSource`. */
import type { Bytes } from '../../protocol/bytes.ts'

export class ByteSink {
  #bytes: Bytes
  #length = 0

  constructor(capacity = 512) {
    this.#bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  /** A copy of what was written. */
  copy(start = 0, end = this.#length): Bytes {
    return this.#bytes.slice(start, end)
  }

  /** What was written, until something else is. */
  view(start = 0): Bytes {
    return this.#bytes.subarray(start, this.#length)
  }

  /** Forgets what was written, and keeps the memory. */
  clear(): void {
    this.#length = 0
  }

  uint8(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#length++] = value
  }

  uint16(value: number): void {
    this.uint8(value >>> 8)
    this.uint8(value & 255)
  }

  varint(value: number): void {
    let rest = value
    // Above 31 bits the bit operators would cut it off.
    for (; rest >= 128; rest = rest < 2 ** 31 ? rest >>> 7 : Math.floor(rest / 128)) this.uint8((rest % 128) | 128)
    this.uint8(rest)
  }

  signedVarint(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value)
  }

  bytes(bytes: Bytes): void {
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  #reserve(length: number): void {
    const needed = this.#length + length
    if (needed <= this.#bytes.length) return
    const bytes = new Uint8Array(Math.max(2 * this.#bytes.length, needed))
    bytes.set(this.#bytes)
    this.#bytes = bytes
  }
}
