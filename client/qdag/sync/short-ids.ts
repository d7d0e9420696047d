/**
 * Eight bytes in the place of an id, under a key that only this comparison has: nobody who made entries before can have chosen
 * them to look the same. Two that do are found when the frontiers are compared at the end.
 *
 * The function is HalfSipHash-2-4 with 64-bit output (Aumasson and Bernstein, 2016): 32-bit words are what JavaScript has.
 * A value is kept as two of them, since a BigInt is an allocation.
 */
import { compareBytes, concat, type Bytes } from '../../../protocol/bytes.ts'
import type { Sha256 } from '../api.ts'
import { SHORT_ID_BYTES } from './limits.ts'

export interface ShortIdKey {
  readonly k0: number
  readonly k1: number
}

/** What two nonces give, whoever computes it. */
export function shortIdKey(one: Bytes, other: Bytes, networkId: Bytes, sha256: Sha256): ShortIdKey {
  const [low, high] = compareBytes(one, other) < 0 ? [one, other] : [other, one]
  const view = new DataView(sha256(concat(low, high, networkId)).buffer)
  return { k0: view.getUint32(0, true), k1: view.getUint32(4, true) }
}

/** What stands for an entry that has no index. */
export const NO_INDEX = 0xffffffff

/** Short ids, ascending, with the index of each one's entry. */
export class ShortIds {
  readonly high: Uint32Array
  readonly low: Uint32Array
  readonly index: Uint32Array

  private constructor(length: number) {
    this.high = new Uint32Array(length)
    this.low = new Uint32Array(length)
    this.index = new Uint32Array(length)
  }

  /**
   * @param indexes of entries in the ledger
   * @param others ids of entries that are not in it
   */
  static of(
    key: ShortIdKey,
    indexes: readonly number[],
    idOf: (index: number) => Bytes,
    others: readonly Bytes[] = [],
  ): ShortIds {
    const unsorted = new ShortIds(indexes.length + others.length)
    const word = new Uint32Array(2)
    const put = (at: number, id: Bytes, index: number) => {
      halfSipHash(key, id, word)
      unsorted.low[at] = word[0] ?? 0
      unsorted.high[at] = word[1] ?? 0
      unsorted.index[at] = index
    }
    indexes.forEach((index, at) => put(at, idOf(index), index))
    others.forEach((id, at) => put(indexes.length + at, id, NO_INDEX))
    return unsorted.#sorted()
  }

  /** What `encode` wrote; `undefined` unless each is above the one before. */
  static decode(bytes: Bytes): ShortIds | undefined {
    const ids = new ShortIds(bytes.length / SHORT_ID_BYTES)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    for (let i = 0; i < ids.length; i++) {
      ids.high[i] = view.getUint32(i * SHORT_ID_BYTES)
      ids.low[i] = view.getUint32(i * SHORT_ID_BYTES + 4)
      if (i > 0 && ids.compare(i - 1, ids, i) >= 0) return undefined
    }
    return ids
  }

  get length(): number {
    return this.high.length
  }

  /** Big-endian. Two entries that look the same are written once: the list has to rise. */
  encode(from = 0, to = this.length): Bytes {
    const bytes = new Uint8Array((to - from) * SHORT_ID_BYTES)
    const view = new DataView(bytes.buffer)
    for (let i = from; i < to; i++) {
      view.setUint32((i - from) * SHORT_ID_BYTES, this.high[i] ?? 0)
      view.setUint32((i - from) * SHORT_ID_BYTES + 4, this.low[i] ?? 0)
    }
    return bytes
  }

  /** Negative, zero or positive, as one of these compares with one of others. */
  compare(i: number, others: ShortIds, j: number): number {
    const high = (this.high[i] ?? 0) - (others.high[j] ?? 0)
    return high === 0 ? (this.low[i] ?? 0) - (others.low[j] ?? 0) : high
  }

  /** Those for which it is so. */
  filter(isTaken: (i: number) => boolean): ShortIds {
    let count = 0
    for (let i = 0; i < this.length; i++) if (isTaken(i)) count++
    const taken = new ShortIds(count)
    for (let i = 0, at = 0; i < this.length; i++) if (isTaken(i)) this.#copyTo(taken, at++, i)
    return taken
  }

  /** Without all but one of those that look the same. */
  distinct(): ShortIds {
    return this.filter((i) => i === 0 || this.compare(i - 1, this, i) !== 0)
  }

  #copyTo(target: ShortIds, at: number, i: number): void {
    target.high[at] = this.high[i] ?? 0
    target.low[at] = this.low[i] ?? 0
    target.index[at] = this.index[i] ?? 0
  }

  /** Values are spread evenly, so their top bits tell almost exactly where each belongs; the rest is a step or two. */
  #sorted(): ShortIds {
    const bits = Math.min(20, Math.ceil(Math.log2(this.length + 1)))
    const starts = new Uint32Array(2 ** bits + 1)
    const bucketOf = (i: number) => (bits === 0 ? 0 : (this.high[i] ?? 0) >>> (32 - bits))
    const add = (bucket: number, count: number) => (starts[bucket] = (starts[bucket] ?? 0) + count)
    for (let i = 0; i < this.length; i++) add(bucketOf(i) + 1, 1)
    for (let bucket = 0; bucket < 2 ** bits; bucket++) add(bucket + 1, starts[bucket] ?? 0)
    const sorted = new ShortIds(this.length)
    for (let i = 0; i < this.length; i++) this.#copyTo(sorted, add(bucketOf(i), 1) - 1, i)
    for (let i = 1; i < sorted.length; i++) {
      for (let j = i; j > 0 && sorted.compare(j - 1, sorted, j) > 0; j--) sorted.#swap(j - 1, j)
    }
    return sorted
  }

  #swap(i: number, j: number): void {
    for (const column of [this.high, this.low, this.index]) {
      const kept = column[i] ?? 0
      column[i] = column[j] ?? 0
      column[j] = kept
    }
  }
}

/** Of whole 32-bit words. Puts the two halves of the 64-bit output, which is little-endian, into `out`. */
export function halfSipHash({ k0, k1 }: ShortIdKey, bytes: Bytes, out: Uint32Array): void {
  let v0 = k0
  let v1 = k1 ^ 0xee
  let v2 = k0 ^ 0x6c796765
  let v3 = k1 ^ 0x74656462
  const round = () => {
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
  }
  const compress = (word: number) => {
    v3 ^= word
    round()
    round()
    v0 ^= word
  }
  for (let at = 0; at < bytes.length; at += 4) {
    compress(
      (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24),
    )
  }
  compress(bytes.length << 24)
  v2 ^= 0xee
  for (let i = 0; i < 4; i++) round()
  out[0] = v1 ^ v3
  v1 ^= 0xdd
  for (let i = 0; i < 4; i++) round()
  out[1] = v1 ^ v3
}
