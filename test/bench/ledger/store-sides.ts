/** What is timed of a store, in a page as in Node: the log and own entries over it, and beside them a database used plainly. */
import type { Sha256 } from '../../../client/qdag/api.ts'
import type { Entry } from '../../../client/qdag/entry.ts'
import { EntryLog } from '../../../client/qdag/log.ts'
import { OwnEntries } from '../../../client/qdag/own-entries.ts'
import { encodeSegment, MAX_SEGMENT_ENTRIES } from '../../../client/qdag/segment.ts'
import type { LedgerStore } from '../../../client/qdag/store.ts'
import { Contributor, fakeEntries } from '../../qdag/support/fake-entries.ts'

/** A place that nobody has used. */
export interface Side {
  /** Encodes; what is returned writes. */
  prepare(entries: readonly Entry[]): () => Promise<void>
  write(entries: readonly Entry[]): Promise<void>
  /** Reads all that was written and decodes it. */
  load(): Promise<number>
  /** Keeps own entries so that each survives a crash of the machine before the next one is made. */
  writeOwn(entries: readonly Entry[]): Promise<void>
  close(): Promise<void>
}

/** Entries a second. */
export interface Rates {
  /** Encoded before. */
  readonly stored: number
  readonly written: number
  readonly loaded: number
  readonly own: number
}

/** As much as a peer sends at a time. */
const PIECE_ENTRIES = 1_000

export async function ratesOf(
  open: () => Side | Promise<Side>,
  counts: { readonly entries: number; readonly own: number },
  sha256: Sha256,
): Promise<Rates> {
  const entries = fakeEntries(counts.entries, sha256)
  const contributor = new Contributor(200, sha256)
  const own = Array.from({ length: counts.own }, () => contributor.next())
  const [first, second] = [await open(), await open()]
  try {
    const stored = await rate(entries.length, first.prepare(entries))
    const written = await rate(entries.length, () => second.write(entries))
    const loaded = await rate(entries.length, async () => {
      const count = await second.load()
      if (count !== entries.length) throw new Error(`${count} of ${entries.length} entries were there`)
    })
    return { stored, written, loaded, own: await rate(own.length, () => second.writeOwn(own)) }
  } finally {
    await first.close()
    await second.close()
  }
}

export function ourSide(store: LedgerStore, sha256: Sha256): Side {
  const newLog = () =>
    new EntryLog({
      store,
      sha256,
      indexOf: () => -1,
      found: () => undefined,
      after: (delayMs, act) => setTimeout(act, delayMs),
      onError: (error) => {
        throw error
      },
    })
  return {
    prepare(entries) {
      const count = Math.ceil(entries.length / MAX_SEGMENT_ENTRIES)
      const segments = Array.from({ length: count }, (_, i) =>
        encodeSegment(entries.slice(i * MAX_SEGMENT_ENTRIES, (i + 1) * MAX_SEGMENT_ENTRIES), sha256),
      )
      return async () => {
        for (const [i, segment] of segments.entries()) await store.writeSegments(i, [segment])
      }
    },
    async write(entries) {
      const log = newLog()
      await log.load(({ length }) => length)
      await log.keep()
      for (let i = 0; i < entries.length; i += PIECE_ENTRIES) {
        log.append(entries.slice(i, i + PIECE_ENTRIES))
        // What comes over a link comes in turns.
        await new Promise((resolve) => setTimeout(resolve))
      }
      await log.close()
    },
    load: async () => (await newLog().load(({ length }) => length)).entries,
    async writeOwn(entries) {
      const own = new OwnEntries({
        store,
        contributor: entries[0]?.contributor ?? new Uint8Array(32),
        sha256,
        isSolid: () => true,
        isStored: () => false,
        adopt: () => undefined,
        sleep: async () => undefined,
      })
      await own.load()
      // They are made beforehand, all but the writer, whom the store has made.
      for (const entry of entries) await own.write(async ({ writer }) => ({ ...entry, writer }))
    },
    close: () => store.close(),
  }
}

async function rate(count: number, act: () => Promise<void>): Promise<number> {
  const startMs = performance.now()
  await act()
  return (count / (performance.now() - startMs)) * 1_000
}
