/**
 * Becoming the keeper of a store that another client has written to since we read it. The store then gets what it lacks,
 * behind what it has: each client has entries in an order of its own, and nobody's is rewritten.
 */
import type { Sha256 } from './api.ts'
import { compareBytes, type Bytes } from '../../protocol/bytes.ts'
import type { Entry } from './entry.ts'
import { readEntries } from './log-loading.ts'
import type { ClosedSegment, LogSegments } from './log-segments.ts'
import { encodeSegment } from './segment.ts'
import { storeFailed } from './store-failure.ts'
import type { LedgerStore } from './store.ts'

export interface TakeoverOptions {
  readonly store: LedgerStore
  readonly sha256: Sha256
  /** Arrival index of an entry in the ledger, or -1: see `Ledger.indexOf`. */
  readonly indexOf: (id: Bytes) => number
  /**
   * The store has entries that another client has written and we do not have, parents first. Brings them into the ledger
   * before it resolves, whatever the clock says, and into the log by `append`, as any others.
   */
  readonly found: (entries: readonly Entry[]) => void | Promise<void>
}

/**
 * How many of `ours` segment `number` of the store holds, when it is the last one there and holds nothing else; otherwise
 * `undefined`: then somebody has written what we do not know, or something is damaged.
 */
export async function continued(
  { store, sha256 }: TakeoverOptions,
  number: number,
  ours: readonly Entry[],
): Promise<number | undefined> {
  const count = await store.segmentCount()
  if (count === number) return 0
  const kept = count === number + 1 ? await readEntries(store, number, sha256) : undefined
  const isOurs = kept?.every(({ id }, i) => compareBytes(id, ours[i]?.id ?? NO_ID) === 0)
  return isOurs ? kept?.length : undefined
}

const NO_ID = new Uint8Array(0)

export interface Stored {
  /** Arrival indexes of entries that the store has, as far as it was read. */
  readonly indexes: ReadonlySet<number>
  /** How many segments it has. */
  readonly count: number
}

/** Reads the store from this segment on, brings into the ledger what it did not know, and cuts off what is damaged. */
export async function readOthers({ store, sha256, indexOf, found }: TakeoverOptions, from: number): Promise<Stored> {
  const indexes = new Set<number>()
  const count = await store.segmentCount()
  if (count < from) throw storeFailed('gone', `Of ${from} segments of the ledger ${count} are left.`)
  for (let number = from; number < count; number++) {
    const entries = (await readEntries(store, number, sha256)) ?? []
    const unknown = entries.filter(({ id }) => indexOf(id) < 0)
    if (unknown.length > 0) await found(unknown)
    const here = entries.map(({ id }) => indexOf(id))
    if (here.length === 0 || here.some((index) => index < 0)) {
      // Also when the ledger refuses one: it would be left out at the next loading, with everything behind it.
      await store.writeSegments(number, [])
      return { indexes, count: number }
    }
    for (const index of here) indexes.add(index)
  }
  return { indexes, count }
}

/**
 * Writes those entries of `unwritten` that the store lacks, in new segments, until nothing is left. Resolves with the number
 * of the next segment.
 */
export async function writeMissing(
  { store, sha256 }: TakeoverOptions,
  closed: LogSegments,
  unwritten: ClosedSegment[],
  { indexes, count }: Stored,
): Promise<number> {
  let number = count
  for (let segment = unwritten[0]; segment; segment = unwritten[0]) {
    const { first, place } = segment
    const entries = await closed.entriesOf(segment)
    const missing = entries.filter((_, i) => !indexes.has(first + i))
    if (missing.length > 0) {
      const isWhole = missing.length === entries.length && typeof place !== 'number'
      await store.writeSegments(number, [isWhole ? place : encodeSegment(missing, sha256)])
      // One that is there only in part stays in memory: the store has it in another order.
      if (isWhole) segment.place = number
      number++
    }
    unwritten.shift()
  }
  return number
}
