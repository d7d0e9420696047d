/**
 * Reads a byte string from front to back. Hostile bytes never make it throw: what is not there, or not in its one form,
 * reads as zero or as nothing, and `hasFailed` stays true; so a reader of many fields asks once, at their end.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import { MAX_VARINT_BYTES } from './entry-limits.ts'

export class ByteSource {
  readonly #bytes: Bytes
  #at = 0
  #hasFailed = false

  constructor(bytes: Bytes) {
    this.#bytes = bytes
  }

  get hasFailed(): boolean {
    return this.#hasFailed
  }

  /** How many bytes have been read. */
  get at(): number {
    return this.#at
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  uint8(): number {
    return this.#at < this.#bytes.length ? (this.#bytes[this.#at++] ?? 0) : this.fail()
  }

  uint16(): number {
    return this.uint8() * 256 + this.uint8()
  }

  /** LEB128 in its shortest form: seven bits a byte, the lowest first. Below 2^49, so that it is exact. */
  varint(): number {
    let value = 0
    let scale = 1
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = this.uint8()
      value += (byte & 127) * scale
      // A zero on top says nothing: it would make a second form of the same value.
      if (byte < 128) return byte === 0 && i > 0 ? this.fail() : value
      scale *= 128
    }
    return this.fail()
  }

  /** A varint for a number with a sign: 0, -1, 1, -2, 2 … are 0, 1, 2, 3, 4 … */
  signedVarint(): number {
    const value = this.varint()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  /** A view of so many bytes: whoever keeps them copies them, or keeps everything. */
  view(length: number): Bytes {
    const start = this.#at
    if (length > this.remaining) {
      this.fail()
      return this.#bytes.subarray(0, 0)
    }
    this.#at += length
    return this.#bytes.subarray(start, this.#at)
  }

  /** A copy of so many bytes. */
  copy(length: number): Bytes {
    const start = this.#at
    if (length > this.remaining) {
      this.fail()
      return new Uint8Array(0)
    }
    this.#at += length
    return this.#bytes.slice(start, this.#at)
  }

  /** Nothing that follows is read. */
  fail(): 0 {
    this.#hasFailed = true
    this.#at = this.#bytes.length
    return 0
  }
}
