/** What goes into the ledger and what comes out, as types. */
import type { Bytes } from '../../../protocol/bytes.ts'
import type { Sha256 } from '../api.ts'
import type { Entry } from '../entry.ts'
import type { Fault } from './rules.ts'

export interface LedgerOptions {
  readonly networkId: Bytes
  readonly sha256: Sha256
  /** How many distinct other contributors must build on an entry before it is confirmed: 1 or more. */
  readonly confirmations?: number
  /** Between two entries of one writer, at least. */
  readonly minGapMs?: number
  /** A secret whole number below 2^53, so that nobody can make entries that are slow to look up. Changes nothing else. */
  readonly salt?: number
}

/** What has become part of the ledger. */
export interface Growth {
  /** In the order of their indexes, parents first: as they go into the log. */
  readonly solid: readonly Entry[]
  /** Indexes of entries that are confirmed since, ascending. */
  readonly confirmed: readonly number[]
  /** Indexes of new entries whose number their writer had used before, ascending: see `forkOf`. */
  readonly forked: readonly number[]
  /** Those that had waited and broke a rule when what they build on was there, with the peers that sent them. */
  readonly rejected: readonly { readonly entry: Entry; readonly from: string }[]
}

export type Verdict =
  | ({ readonly kind: 'added' } & Growth)
  /** It is solid or waits already. */
  | { readonly kind: 'known' }
  /** It waits for entries that it builds on. Missing are those that do not wait here, too. */
  | { readonly kind: 'orphan'; readonly missing: readonly Bytes[] }
  /** It waits for its time to come. */
  | { readonly kind: 'parked' }
  | { readonly kind: 'rejected'; readonly reason: Fault }

/** A writer's latest entry. */
export interface Head {
  readonly seq: number
  readonly id: Bytes
  readonly tsMs: number
}

/** One number of a writer, and all entries that have it. */
export interface Fork {
  readonly contributor: Bytes
  readonly writer: Bytes
  readonly seq: number
  /** Ascending. */
  readonly indexes: readonly number[]
}

/** Of an entry all that is given must be true. */
export interface IndexFilter {
  readonly contributor?: Bytes | undefined
  readonly taskId?: string | undefined
  /** This time or a later one. */
  readonly fromMs?: number | undefined
  /** Before this time. */
  readonly untilMs?: number | undefined
  readonly isConfirmed?: boolean | undefined
}
