/** Byte strings of one length, numbered in the order in which they came: ids, contributors, writers. */
import type { Bytes } from '../../../protocol/bytes.ts'
import { IndexTable, type Keys } from './index-table.ts'
import type { Mixer } from './mixer.ts'
import { PAGE_ROWS, Pages, rowOf } from './pages.ts'

const HEAD_BYTES = 4

/** Keys in two parts: what hashes are made of lies together, so that a growing table finds it in the processor's cache. */
class KeyPage {
  /** The first four bytes as a number, so that numbers are in the order of keys. */
  readonly heads = new Uint32Array(PAGE_ROWS)
  readonly tails: Bytes

  constructor(tailBytes: number) {
    this.tails = new Uint8Array(PAGE_ROWS * tailBytes)
  }
}

export class KeySet implements Keys<Bytes> {
  readonly #tailBytes: number
  readonly #mixer: Mixer
  readonly #pages: Pages<KeyPage>
  readonly #table = new IndexTable<Bytes>(this)

  /** @param keyBytes the keys' first four must be as good as random: of hashes, or public keys */
  constructor(keyBytes: number, mixer: Mixer) {
    this.#tailBytes = keyBytes - HEAD_BYTES
    this.#mixer = mixer
    this.#pages = new Pages(() => new KeyPage(this.#tailBytes))
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
    const { heads, tails } = this.#pages.of(index)
    heads[rowOf(index)] = uint32At(key, 0)
    tails.set(key.subarray(HEAD_BYTES), rowOf(index) * this.#tailBytes)
    this.#table.add(index)
    return index
  }

  /** A copy of the key with this number. */
  at(index: number): Bytes {
    const { heads, tails } = this.#pages.of(index)
    const key = new Uint8Array(HEAD_BYTES + this.#tailBytes)
    new DataView(key.buffer).setUint32(0, heads[rowOf(index)] as number)
    const start = rowOf(index) * this.#tailBytes
    key.set(tails.subarray(start, start + this.#tailBytes), HEAD_BYTES)
    return key
  }

  /** Lexicographic order of two keys, by their numbers. */
  compare(a: number, b: number): number {
    const [left, right] = [this.#pages.of(a), this.#pages.of(b)]
    const byHead = (left.heads[rowOf(a)] as number) - (right.heads[rowOf(b)] as number)
    if (byHead !== 0) return byHead
    const [leftStart, rightStart] = [rowOf(a) * this.#tailBytes, rowOf(b) * this.#tailBytes]
    for (let i = 0; i < this.#tailBytes; i++) {
      const difference = (left.tails[leftStart + i] as number) - (right.tails[rightStart + i] as number)
      if (difference !== 0) return difference
    }
    return 0
  }

  hash(key: Bytes): number {
    return this.#mixer.mix(uint32At(key, 0))
  }

  hashAt(index: number): number {
    return this.#mixer.mix(this.#pages.of(index).heads[rowOf(index)] as number)
  }

  matches(index: number, key: Bytes): boolean {
    const { heads, tails } = this.#pages.of(index)
    if (heads[rowOf(index)] !== uint32At(key, 0)) return false
    const start = rowOf(index) * this.#tailBytes - HEAD_BYTES
    for (let i = HEAD_BYTES; i < key.length; i++) if (tails[start + i] !== key[i]) return false
    return true
  }
}

/** Four bytes as a number. */
export function uint32At(bytes: Bytes, at: number): number {
  const [first, second] = [bytes[at] as number, bytes[at + 1] as number]
  const [third, fourth] = [bytes[at + 2] as number, bytes[at + 3] as number]
  return ((first << 24) | (second << 16) | (third << 8) | fourth) >>> 0
}
