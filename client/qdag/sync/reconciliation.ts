/**
 * When both sides lack something: one lists its candidates by short ids, the other says which it wants, and so learns which of
 * its own the first one lacks. With many candidates, sums over ranges tell first where it is worth listing.
 */
import type { Bytes } from '../../../protocol/bytes.ts'
import { bitmapOf, hasBit, isBitmapOf } from './bitmap.ts'
import { MAX_SHORT_ID_LISTS, MAX_SHORT_IDS, SHORT_ID_BYTES } from './limits.ts'
import type { Bodies, Kind } from './messages.ts'
import { differenceOf, exponentFor, inRanges, sumsOf } from './ranges.ts'
import { NO_INDEX, ShortIds } from './short-ids.ts'

/** Lists on their way: 128 KiB, about what the entries themselves may take. */
const MAX_UNANSWERED = 4

/** Sends a message to the peer, and says how long it is. */
export type Send = <K extends Kind>(kind: K, body: Bodies[K]) => number

/** The side that has fewer entries. */
export class Lister {
  readonly #send: Send
  #ids: ShortIds
  #exponent = 0
  /** Ids before this one are sent. */
  #at = 0
  #isListed = false
  /** The lists that wait for an answer, by where they begin and end. */
  readonly #unanswered: { readonly from: number; readonly to: number }[] = []
  readonly #wanted: number[] = []

  constructor(candidates: ShortIds, send: Send) {
    this.#send = send
    this.#ids = candidates.distinct()
    if (this.#ids.length <= MAX_SHORT_IDS) {
      this.#list()
    } else {
      this.#exponent = exponentFor(this.#ids.length)
      send('qdag_ranges', { sums: sumsOf(this.#ids, this.#exponent) })
    }
  }

  /** The other side has answered the ranges. False when that does not fit. */
  differ({ bits }: Bodies['qdag_range_difference']): boolean {
    if (this.#exponent === 0 || !isBitmapOf(2 ** this.#exponent, bits)) return false
    this.#ids = inRanges(this.#ids, bits, this.#exponent)
    this.#exponent = 0
    this.#list()
    return true
  }

  /** The other side has answered the oldest list. False when that does not fit. */
  want({ bits }: Bodies['qdag_want']): boolean {
    const list = this.#unanswered.shift()
    if (!list || !isBitmapOf(list.to - list.from, bits)) return false
    for (let i = list.from; i < list.to; i++)
      if (hasBit(bits, i - list.from)) this.#wanted.push(this.#ids.index[i] ?? 0)
    this.#list()
    return true
  }

  /** Indexes of what the other side lacks, ascending, when it has said so of all. */
  get wanted(): readonly number[] | undefined {
    return this.#isListed && this.#unanswered.length === 0 ? this.#wanted.toSorted((a, b) => a - b) : undefined
  }

  #list(): void {
    const end = Math.min(this.#ids.length, MAX_SHORT_ID_LISTS * MAX_SHORT_IDS)
    while (!this.#isListed && this.#unanswered.length < MAX_UNANSWERED) {
      const from = this.#at
      const to = Math.min(from + MAX_SHORT_IDS, end)
      this.#at = to
      this.#isListed = to === end
      this.#unanswered.push({ from, to })
      this.#send('qdag_short_ids', { isLast: this.#isListed, ids: this.#ids.encode(from, to) })
    }
  }
}

/** The side that has more. */
export class Matcher {
  readonly #send: Send
  /** Ours, those of entries on their way included: they are not wanted. */
  #ids: ShortIds
  #isMatched: Uint8Array
  /** Of ours, the first that may be in the next list. */
  #at = 0
  #last: ShortIds | undefined
  #lists = 0
  #hasRanges = false
  #isOver = false

  constructor(candidates: ShortIds, send: Send) {
    this.#send = send
    this.#ids = candidates
    this.#isMatched = new Uint8Array(candidates.length)
  }

  /** Answers the other side's ranges. False when they do not fit. */
  compare({ sums }: Bodies['qdag_ranges']): boolean {
    if (this.#hasRanges || this.#lists > 0) return false
    this.#hasRanges = true
    const exponent = Math.log2(sums.length / SHORT_ID_BYTES)
    // What waits is not among the other side's candidates, or is wanted by nobody.
    const ours = sumsOf(this.#ids.filter((i) => this.#ids.index[i] !== NO_INDEX).distinct(), exponent)
    const bits = differenceOf(ours, sums)
    this.#ids = inRanges(this.#ids, bits, exponent)
    this.#isMatched = new Uint8Array(this.#ids.length)
    this.#send('qdag_range_difference', { bits })
    return true
  }

  /** Answers a list. False when it does not fit. */
  match({ ids, isLast }: Bodies['qdag_short_ids']): boolean {
    const list = ShortIds.decode(ids)
    const isFull = list?.length === MAX_SHORT_IDS
    if (!list || this.#isOver || (!isLast && !isFull) || ++this.#lists > MAX_SHORT_ID_LISTS) return false
    if (this.#last && list.length > 0 && this.#last.compare(this.#last.length - 1, list, 0) >= 0) return false
    if (list.length > 0) this.#last = list
    this.#isOver = isLast
    this.#send('qdag_want', { bits: this.#missing(list) })
    return true
  }

  /** Indexes of what the other side lacks, ascending, when it has listed all. */
  get unmatched(): readonly number[] | undefined {
    if (!this.#isOver) return undefined
    const indexes = this.#ids.index.filter((index, i) => index !== NO_INDEX && !this.#isMatched[i])
    return Array.from(indexes.toSorted())
  }

  #missing(list: ShortIds): Bytes {
    return bitmapOf(list.length, (i) => {
      while (this.#at < this.#ids.length && this.#ids.compare(this.#at, list, i) < 0) this.#at++
      let isHere = false
      for (; this.#at < this.#ids.length && this.#ids.compare(this.#at, list, i) === 0; this.#at++) {
        this.#isMatched[this.#at] = 1
        isHere = true
      }
      return !isHere
    })
  }
}
