/**
 * A ledger together with everybody it is shared with: a pure state machine. What peers say, what was verified and read,
 * own entries and the time go in; messages, work for the verifier and for the log, and what has become part of the ledger
 * come out.
 *
 * Invariants: nothing enters the ledger unverified; entries enter parents first; what a peer makes us hold is bounded; two
 * replicas that stay connected, and are quiet for a while, have the same entries.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import type { Sha256, SyncState } from './api.ts'
import type { Entry } from './entry.ts'
import type { Ledger, Verdict } from './ledger.ts'

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
  /** Reads entries by their index, ascending, from the log. The shell calls `readDone`, whatever happens. */
  read(ticket: number, indexes: readonly number[]): void
  /**
   * These have become part of the ledger, with the indexes from `firstIndex` on, parents first, without gaps between calls. To
   * be in the log before anything is read from it again. Some, by their index, have become confirmed, or shown a fork.
   */
  solid(entries: readonly Entry[], firstIndex: number, confirmed: readonly number[], forked: readonly number[]): void
  /** The peer did what no honest peer does. It is not listened to any more, until it comes again and ten minutes have passed. */
  misbehaved(peer: string, reason: Misbehaviour): void
  sync(peer: string, state: SyncState): void
  /**
   * `tick` is due then, if not before. At a time that has come already: when what else happens in this turn has been told, so
   * that entries that come together leave together; in a microtask, for instance.
   */
  wake(atMs: number): void
}

export type Misbehaviour =
  /** A message, or a batch in it, that is none. */
  | 'malformed'
  /** An entry whose signature, or receipt, does not hold. */
  | 'invalid-signature'
  /** An entry that breaks a rule of the ledger. */
  | 'invalid-entry'
  /** A message that does not fit what was said before. */
  | 'out-of-turn'
  /** More than it was allowed to send. */
  | 'flood'

export interface ReplicaOptions {
  readonly networkId: Bytes
  readonly sha256: Sha256
  /** At least 0, below 1: for nonces and for jitter. Whoever foresees it can make two entries look the same to a session. */
  readonly random: () => number
}

/** Filled in soon; this is what it will look like. */
export declare class Replica {
  constructor(ledger: Ledger, output: ReplicaOutput, options: ReplicaOptions)
  /** What is to be added to the clock on the wall, as far as peers are right: for the times of own entries. */
  get clockOffsetMs(): number
  get syncs(): ReadonlyMap<string, SyncState>
  /** There is a link to this peer. Afterwards its messages count, in the order in which it sent them. */
  peerUp(peer: string, time: Time): void
  /** The link is over: everything about it is forgotten. */
  peerDown(peer: string, time: Time): void
  message(peer: string, bytes: Bytes, time: Time): void
  /** The link has taken the oldest message that was sent to this peer and not yet taken. */
  sent(peer: string, time: Time): void
  verified(ticket: number, results: readonly boolean[], time: Time): void
  /** The entries that were asked for, in order; fewer when the log cannot give them. */
  readDone(ticket: number, entries: readonly Entry[], time: Time): void
  /** An entry whose signatures the shell vouches for: one's own, which is kept already, or an imported one. */
  own(entry: Entry, time: Time): Verdict
  tick(time: Time): void
}
