/**
 * Entries made on the fly, as many as one likes: right in everything the ledger looks at, with ids and a hash that take no
 * time, so that what is measured is the ledger and not SHA-256.
 */
import type { Entry } from '../../../client/qdag/entry.ts'
import { compareBytes, type Bytes } from '../../../protocol/bytes.ts'
import { Random } from '../../sim/random.ts'

export const START_MS = 1_790_000_000_000
const NOTHING = new Uint8Array(0)
const NO_SIGNATURE = new Uint8Array(64)
/** An entry is not built on before so many others have come: what a network's delays amount to. */
const LAG = 8

export const NETWORK_ID = numbered(2 ** 32 - 1)

/** 32 bytes that look random and belong to a number (after the finalizer of MurmurHash3 by Austin Appleby, public domain). */
export function numbered(number: number): Bytes {
  const words = new Uint32Array(8)
  fill(words, number)
  return new Uint8Array(words.buffer)
}

function fill(words: Uint32Array, number: number): void {
  for (let i = 0; i < words.length; i++) {
    let mixed = Math.imul(number + 1, 0x9e3779b9) ^ Math.imul(i, 0x7feb352d)
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    words[i] = mixed ^ (mixed >>> 16)
  }
}

const hashWords = new Uint32Array(8)
const hashBytes = new Uint8Array(hashWords.buffer)

/** In place of SHA-256. What it returns holds until it is called again: making arrays would take longer than all the rest. */
export function quickHash(bytes: Bytes): Bytes {
  let hash = 0x811c9dc5
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193)
  fill(hashWords, hash)
  return hashBytes
}

/** Contributors in random turns, each building on two of the tips that have reached them and on their own entry before. */
export class Stream {
  readonly #random = new Random(1)
  readonly #contributors: Bytes[]
  readonly #heads: (Entry | undefined)[]
  /** Made, but not seen by others. */
  readonly #underway: Entry[] = []
  #tips: Entry[] = []
  #count = 0

  constructor(contributors: number) {
    this.#contributors = Array.from({ length: contributors }, (_, i) => numbered(2 ** 31 + i))
    this.#heads = this.#contributors.map(() => undefined)
  }

  next(): Entry {
    const number = this.#count++
    const who = this.#random.below(this.#contributors.length)
    const contributor = this.#contributors[who] ?? NOTHING
    const prev = this.#heads[who]
    const parents = this.#parents(prev)
    const entry: Entry = {
      id: numbered(number),
      contributor,
      writer: contributor.subarray(0, 16),
      seq: prev ? prev.seq + 1 : 0,
      prev: prev?.id,
      // Ten a second, and so above that of all before.
      tsMs: START_MS + number * 100,
      computeUnits: 100 + this.#random.below(10_000),
      taskId: `task ${number}`,
      parents,
      receipt: undefined,
      chain: NOTHING,
      signature: NO_SIGNATURE,
    }
    this.#heads[who] = entry
    this.#underway.push(entry)
    if (this.#underway.length > LAG) this.#arrive(this.#underway.shift())
    return entry
  }

  take(count: number): Entry[] {
    return Array.from({ length: count }, () => this.next())
  }

  #parents(prev: Entry | undefined): Bytes[] {
    const choices = this.#tips.filter((tip) => tip !== prev)
    const first = choices.splice(this.#random.below(choices.length), 1)
    const second = choices.splice(this.#random.below(choices.length), 1)
    const ids = [...first, ...second].map(({ id }) => id).toSorted(compareBytes)
    return ids.length > 0 ? ids : [prev?.id ?? NETWORK_ID]
  }

  #arrive(entry: Entry | undefined): void {
    if (!entry) return
    const { parents, prev } = entry
    this.#tips = this.#tips.filter(({ id }) => id !== prev && !parents.includes(id))
    // Others may have built on it before it came back to them.
    this.#tips.push(entry)
  }
}
