/** Byte strings of one length, numbered in the order in which they came: ids, contributors, writers. */
import type { Bytes } from '../../../protocol/bytes.ts'
import { IndexTable, type Keys } from './index-table.ts'
import type { Mixer } from './mixer.ts'
import { PAGE_ROWS, Pages, rowOf } from './pages.ts'

export class KeySet implements Keys<Bytes> {
  readonly #keyBytes: number
  readonly #mixer: Mixer
  readonly #pages: Pages<Bytes>
  readonly #table = new IndexTable<Bytes>(this)

  /** @param keyBytes at least 8. The keys' first 8 bytes must be hard to choose: hashes, or public keys. */
  constructor(keyBytes: number, mixer: Mixer) {
    this.#keyBytes = keyBytes
    this.#mixer = mixer
    this.#pages = new Pages(() => new Uint8Array(PAGE_ROWS * keyBytes))
  }

  get length(): number {
    return this.#pages.length
  }

  /** The number of a key, or of the one that begins with it; -1 when there is none. */
  indexOf(key: Bytes): number {
    return this.#table.find(key)
  }

  /** Adds a key that is not in the set; returns its number. */
  add(key: Bytes): number {
    const index = this.#pages.add()
    this.#pages.of(index).set(key, rowOf(index) * this.#keyBytes)
    this.#table.add(index)
    return index
  }

  /** A copy of the key with this number. */
  at(index: number): Bytes {
    const start = rowOf(index) * this.#keyBytes
    return this.#pages.of(index).slice(start, start + this.#keyBytes)
  }

  /** Lexicographic order of two keys, by their numbers. */
  compare(a: number, b: number): number {
    const [left, right] = [this.#pages.of(a), this.#pages.of(b)]
    const [leftStart, rightStart] = [rowOf(a) * this.#keyBytes, rowOf(b) * this.#keyBytes]
    for (let i = 0; i < this.#keyBytes; i++) {
      const difference = (left[leftStart + i] as number) - (right[rightStart + i] as number)
      if (difference !== 0) return difference
    }
    return 0
  }

  hash(key: Bytes): number {
    return this.#mixer.mix(word(key, 0), word(key, 4))
  }

  hashAt(index: number): number {
    const start = rowOf(index) * this.#keyBytes
    const page = this.#pages.of(index)
    return this.#mixer.mix(word(page, start), word(page, start + 4))
  }

  matches(index: number, key: Bytes): boolean {
    const start = rowOf(index) * this.#keyBytes
    const page = this.#pages.of(index)
    for (let i = 0; i < key.length; i++) if (page[start + i] !== key[i]) return false
    return true
  }
}

/** Four bytes as a number; any order of them will do. */
export function word(bytes: Bytes, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  )
}
