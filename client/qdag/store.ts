/**
 * Where a ledger is kept between sessions: numbered segments of entries in the order in which they became solid, and the
 * own entries by themselves, because one that is forgotten and written anew with the same number would be a fork.
 */
import type { Bytes } from '../../protocol/bytes.ts'

/** One network's ledger in one place. Called by one client; several (tabs, processes) may have the same place open. */
export interface LedgerStore {
  /**
   * The writer of this place: 16 random bytes, made on first use. A place that turns out to be a copy of another gets a
   * new one, and forgets which own entries there were.
   */
  writer(): Promise<Bytes>
  /** Makes and keeps a new writer, since somebody else writes under the old one. */
  renewWriter(): Promise<Bytes>
  /** How many segments there are: they are numbered from 0, and only the last one may be rewritten. */
  segmentCount(): Promise<number>
  /** A segment as it was written; `undefined` when there is none or it cannot be read. */
  readSegment(number: number): Promise<Bytes | undefined>
  /** Keeps a segment. It may get lost in a crash of the machine, but not in one of this process once it has resolved. */
  writeSegment(number: number, bytes: Bytes): Promise<void>
  /** Forgets this segment and those after it: what follows a damaged one cannot be trusted to be whole. */
  dropSegmentsFrom(number: number): Promise<void>
  /** Keeps an own entry, by its number. When it resolves, the entry survives a crash of the machine, too. */
  writeOwn(seq: number, bytes: Bytes): Promise<void>
  /** The own entries of the current writer that are kept, by number, ascending. */
  readOwn(): Promise<readonly { readonly seq: number; readonly bytes: Bytes }[]>
  /**
   * Runs `act` while nobody else who uses this place runs theirs. Own entries are numbered and written inside it.
   */
  exclusively<T>(act: () => Promise<T>): Promise<T>
  /**
   * Resolves true when this client is the one that writes segments: at once for the first, later for another when that one
   * has gone. False when the store was closed before.
   */
  becomeKeeper(): Promise<boolean>
  close(): Promise<void>
}
