/**
 * The closed segments of a log: which indexes each of them holds, and where it is, in memory or in the store. A few are kept
 * decoded, since whoever reads one entry mostly reads its neighbours next.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import type { Sha256 } from './api.ts'
import { countOfBatch } from './batch.ts'
import type { Entry } from './entry.ts'
import { batchIn, decodeSegment } from './segment.ts'
import { storeFailed } from './store-failure.ts'
import type { LedgerStore } from './store.ts'

export interface ClosedSegment {
  /** Arrival index of its first entry. */
  readonly first: number
  readonly count: number
  /** Its number in the store, or itself as long as it is not there. */
  place: number | Bytes
}

/** A decoded segment takes one to two megabytes. Several readers at once, such as peers that catch up, get one each. */
const MAX_DECODED = 4

export class LogSegments {
  readonly #store: LedgerStore
  readonly #sha256: Sha256
  readonly #segments: ClosedSegment[] = []
  /** Latest used last. */
  readonly #decoded = new Map<ClosedSegment, Promise<readonly Entry[]>>()

  constructor(store: LedgerStore, sha256: Sha256) {
    this.#store = store
    this.#sha256 = sha256
  }

  /** How many entries they hold. */
  get length(): number {
    const last = this.#segments.at(-1)
    return last ? last.first + last.count : 0
  }

  /** Of those that are in memory. */
  get heldBytes(): number {
    return this.#segments.reduce((sum, { place }) => sum + (typeof place === 'number' ? 0 : place.length), 0)
  }

  add(count: number, place: number | Bytes): ClosedSegment {
    const segment = { first: this.length, count, place }
    this.#segments.push(segment)
    return segment
  }

  /** The segment that holds an index below {@link length}. */
  holding(index: number): ClosedSegment {
    let [low, high] = [0, this.#segments.length]
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((this.#segments[middle]?.first ?? Infinity) <= index) low = middle
      else high = middle
    }
    const segment = this.#segments[low]
    if (!segment) throw new RangeError(`no segment holds index ${index}`)
    return segment
  }

  /** @throws EdgeNetError `ledger-failed` when it cannot be read any more */
  async entriesOf(segment: ClosedSegment): Promise<readonly Entry[]> {
    const known = this.#decoded.get(segment)
    const entries = known ?? this.#decode(segment)
    this.#decoded.delete(segment)
    this.#decoded.set(segment, entries)
    for (const oldest of this.#decoded.keys()) {
      if (this.#decoded.size <= MAX_DECODED) break
      this.#decoded.delete(oldest)
    }
    try {
      return await entries
    } catch (error) {
      // The next reader may have more luck.
      if (this.#decoded.get(segment) === entries) this.#decoded.delete(segment)
      throw error
    }
  }

  /** Its entries as one batch; `undefined` when it is not as it was written. */
  async batchOf({ count, place }: ClosedSegment): Promise<Bytes | undefined> {
    const bytes = typeof place === 'number' ? await this.#store.readSegment(place) : place
    const batch = bytes && batchIn(bytes, this.#sha256)
    return batch && countOfBatch(batch) === count ? batch : undefined
  }

  async #decode({ first, count, place }: ClosedSegment): Promise<readonly Entry[]> {
    const bytes = typeof place === 'number' ? await this.#store.readSegment(place) : place
    const entries = bytes && decodeSegment(bytes, this.#sha256)
    if (entries?.length !== count) {
      throw storeFailed(
        'damaged',
        `The entries ${first} to ${first + count - 1} of the ledger cannot be read any more.`,
      )
    }
    return entries
  }
}
