/**
 * Where a ledger is kept between sessions: numbered segments of entries in the order in which they became solid, and the
 * own entries by themselves, because one that is forgotten and written anew with the same number would be a fork.
 *
 * One network's ledger in one place. Several clients (tabs, processes) may have the same place open: one of them, the
 * keeper, writes segments; all of them write own entries. Everything here rejects with an `EdgeNetError` whose code is
 * `ledger-failed`; see `StoreFailure` for its reasons.
 */
import type { Bytes } from '../../protocol/bytes.ts'

/** An own entry as it is kept. */
export interface OwnRecord {
  readonly writer: Bytes
  readonly seq: number
  /** What `encodeEntry` made. */
  readonly bytes: Bytes
}

export interface LedgerStore {
  /**
   * The writer of this place for a contributor: 16 random bytes, made on first use. A place that turns out to be a copy of
   * another gets new ones.
   */
  writer(contributor: Bytes): Promise<Bytes>
  /** Makes and keeps a new writer, since the old one cannot be used any more. */
  renewWriter(contributor: Bytes): Promise<Bytes>

  /** How many segments there are: they are numbered from 0, without gaps. */
  segmentCount(): Promise<number>
  /** A segment as it was written; `undefined` when there is none. Whether it is whole is the reader's business. */
  readSegment(number: number): Promise<Bytes | undefined>
  /**
   * Keeps segments from this number on, and forgets what was there from it on: all of that, or nothing. They may get lost
   * in a crash of the machine, but not in one of this process once this has resolved. Called by the keeper alone.
   */
  writeSegments(from: number, segments: readonly Bytes[]): Promise<void>

  /** A writer's own entry with the highest number. */
  lastOwn(writer: Bytes): Promise<OwnRecord | undefined>
  /** All own entries that are kept, of every writer that there ever was, each writer's by number. */
  allOwn(): Promise<readonly OwnRecord[]>
  /**
   * Keeps an own entry. When it resolves, the entry survives a crash of the machine, too. Rejects with the reason
   * `number-taken` when the writer has one with this number, since nothing is ever replaced, or is the contributor's no more.
   */
  writeOwn(contributor: Bytes, record: OwnRecord): Promise<void>
  /**
   * Forgets a writer's own entries below this number, never its last one. They must be in segments that were written
   * before: these are then as safe from a crash of the machine as an own entry.
   */
  forgetOwn(writer: Bytes, below: number): Promise<void>

  /** Runs `act` while nobody else who uses this place runs theirs. Own entries are numbered and written inside it. */
  exclusively<T>(act: () => Promise<T>): Promise<T>
  /**
   * Resolves true when this client is the keeper: at once for the first, later for another when that one has gone. False
   * when it has resigned or the store was closed before, and at once where there is no way to know of the others.
   */
  becomeKeeper(): Promise<boolean>
  /** Is no keeper any more, nor waits to become it. */
  resign(): void
  /** Lets go of everything that was not let go of before. Never rejects. */
  close(): Promise<void>
}
