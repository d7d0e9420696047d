/** Reading a store from the beginning, up to the first thing that is not as it was written. */
import type { Sha256 } from './api.ts'
import type { Entry } from './entry.ts'
import type { LogSegments } from './log-segments.ts'
import { decodeSegment } from './segment.ts'
import { isStoreFailure } from './store-failure.ts'
import type { LedgerStore } from './store.ts'

/** What loading a log has found. */
export interface LoadReport {
  /** How many are there now. */
  readonly entries: number
  /** Segments that could not be read, or held what the ledger did not take. */
  readonly damagedSegments: number
  /** Entries behind the first damage, as far as they can be counted. Peers have them. */
  readonly lostEntries: number
}

export interface Loaded {
  readonly report: LoadReport
  /** The last segment, which may still grow, and its number. */
  readonly last: Entry[]
  readonly lastNumber: number
}

/** Puts all segments but the last one into `closed`. @param add see `EntryLog.load` */
export async function loadSegments(
  store: LedgerStore,
  sha256: Sha256,
  closed: LogSegments,
  add: (entries: readonly Entry[]) => number,
): Promise<Loaded> {
  const count = await store.segmentCount()
  for (let number = 0; number < count; number++) {
    const entries = await readEntries(store, number, sha256)
    const taken = entries ? add(entries) : 0
    const last = entries?.slice(0, taken) ?? []
    const isDamaged = taken !== entries?.length
    if (!isDamaged && number < count - 1) {
      closed.add(entries.length, number)
      continue
    }
    const lost = isDamaged ? await countFrom(store, number, count, sha256) : NOTHING
    const report = {
      entries: closed.length + last.length,
      damagedSegments: isDamaged ? Math.max(1, lost.damagedSegments) : 0,
      lostEntries: lost.entries - (isDamaged && entries ? taken : 0),
    }
    return { report, last, lastNumber: number }
  }
  return { report: { ...NOTHING, lostEntries: 0 }, last: [], lastNumber: count }
}

const NOTHING = { entries: 0, damagedSegments: 0 }

/** A segment's entries, or `undefined` when it is not there or not whole. */
export async function readEntries(store: LedgerStore, number: number, sha256: Sha256): Promise<Entry[] | undefined> {
  try {
    const bytes = await store.readSegment(number)
    return bytes && decodeSegment(bytes, sha256)
  } catch (error) {
    // Some stores notice by themselves.
    if (isStoreFailure(error, 'damaged')) return undefined
    throw error
  }
}

async function countFrom(store: LedgerStore, from: number, to: number, sha256: Sha256): Promise<typeof NOTHING> {
  let [entries, damagedSegments] = [0, 0]
  for (let number = from; number < to; number++) {
    const found = await readEntries(store, number, sha256)
    entries += found?.length ?? 0
    if (!found) damagedSegments++
  }
  return { entries, damagedSegments }
}
