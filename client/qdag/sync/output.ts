/** What goes into a replica and what it asks for, as types. */
import type { Bytes } from '../../../protocol/bytes.ts'
import type { Sha256, SyncState } from '../api.ts'
import type { Entry } from '../entry.ts'
import type { Misbehaviour } from './misbehaviour.ts'

/** Entries as the log has them: in order, or encoded in one batch. */
export type FromLog = readonly Entry[] | Bytes

/** Both times: one that never jumps, for deadlines, and what the clock on the wall shows, uncorrected. */
export interface Time {
  readonly nowMs: number
  readonly wallMs: number
}

/**
 * What the replica asks of its shell. Nothing here may call the replica before it has returned; results come later, as
 * events.
 */
export interface ReplicaOutput {
  /** Sends a message on the ledger's channel, after those before it. The shell calls `sent` when the link has taken it. */
  send(peer: string, bytes: Bytes): void
  /**
   * Checks what `entryChecks` lists for each entry. The shell calls `verified` with one result for each entry, whatever
   * happens. Tickets are few at a time, and may be answered in any order.
   */
  verify(ticket: number, entries: readonly Entry[]): void
  /**
   * Reads entries by their index, ascending, from the log, as one batch where it has one of at most so many bytes. The shell
   * calls `readDone`, whatever happens.
   */
  read(ticket: number, indexes: readonly number[], maxBatchBytes: number): void
  /** The index behind the batch in which the log has, or will have, this entry. Whole ones cost least. */
  batchEnd(index: number): number
  /**
   * These have become part of the ledger, with the indexes from `firstIndex` on, parents first, without gaps between calls. To
   * be in the log before anything is read from it again. Some, by their index, have become confirmed, or shown a fork.
   */
  solid(entries: readonly Entry[], firstIndex: number, confirmed: readonly number[], forked: readonly number[]): void
  /** The peer did what no honest peer does. It is not listened to any more, until it comes again and ten minutes have passed. */
  misbehaved(peer: string, reason: Misbehaviour): void
  sync(peer: string, state: SyncState): void
  /** What is left would take too long for one turn. The shell calls `goOn` when others have had theirs. */
  giveWay(): void
  /**
   * `tick` is due then, if not before. At a time that has come already: when what else happens in this turn has been told, so
   * that entries that come together leave together; in a microtask, for instance.
   */
  wake(atMs: number): void
}

export interface ReplicaOptions {
  readonly networkId: Bytes
  readonly sha256: Sha256
  /** At least 0, below 1: for nonces and for jitter. Whoever foresees it can make two entries look the same to a session. */
  readonly random: () => number
  /** Peers that hear what is said to everybody. Default: nobody does. */
  readonly hears?: (peer: string) => boolean
  /** How many entries are decoded or taken in before others have their turn. Default: milliseconds' worth. */
  readonly turnEntries?: number
}
