/** The public surface of the ledger, as types. */
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import type { EdgeNetError } from '../errors.ts'
import type { ListenOptions } from '../events.ts'

/** What somebody did for the network. */
export interface Contribution {
  /** Which piece of work: 1 to 64 bytes of UTF-8. Each contributor is credited once for each task. */
  readonly taskId: string
  /** How much work, a whole number up to 2^40. A hundred units are one credit. Nobody can check it without a receipt. */
  readonly computeUnits: number
  /** What the requester of the task signed: see `signReceipt`. */
  readonly receipt?: ReceiptText
}

/** A requester's word on a result, in text form. */
export interface ReceiptText {
  /** The requester's `siteId`. */
  readonly requester: string
  /** SHA-256 of the result, base64url. */
  readonly resultHash: string
  /** Ed25519, base64url. */
  readonly signature: string
}

/** An entry, as applications see it. All plain data. */
export interface LedgerEntry {
  /** 43 base64url characters. */
  readonly id: string
  /** The contributor's `siteId`. */
  readonly contributor: string
  /** Which of the contributor's stores wrote it, 22 base64url characters. */
  readonly writer: string
  /** The writer's entries are counted from 0. */
  readonly seq: number
  /** Hybrid logical time in milliseconds: about the contributor's clock, and above that of all entries it builds on. */
  readonly tsMs: number
  readonly taskId: string
  readonly computeUnits: number
  /** `floor(computeUnits / 100)`: what this entry claims. What counts is in {@link ContributorStatistics}. */
  readonly credits: number
  /** Ids of the entries that it builds on; empty for one that builds on none. */
  readonly parents: readonly string[]
  /** Id of the same writer's entry before it. */
  readonly prev?: string
  readonly receipt?: ReceiptText
  /** Enough distinct other contributors have built on it. See {@link NetworkLedger.statistics} for how many it takes. */
  readonly isConfirmed: boolean
}

export interface EntryFilter {
  /** A `siteId`. */
  readonly contributor?: string
  readonly taskId?: string
  /** Entries with this time or a later one. */
  readonly fromMs?: number
  /** Entries before this time. */
  readonly untilMs?: number
  readonly isConfirmed?: boolean
}

export interface ContributorStatistics {
  readonly contributor: string
  readonly entries: number
  readonly confirmedEntries: number
  /** Counted once for each task, at the least that the contributor claimed for it. */
  readonly credits: number
  /** Of these, for tasks of which at least one claim has a requester's receipt. */
  readonly attestedCredits: number
  /** The contributor has used one number of a writer's chain twice: there is a {@link ForkProof}. */
  readonly isForked: boolean
  readonly lastTsMs: number
}

export interface LedgerStatistics {
  readonly entries: number
  readonly confirmedEntries: number
  readonly contributors: number
  readonly tips: number
  readonly credits: number
  readonly attestedCredits: number
  readonly forkedContributors: number
  /** Entries that wait for others that they build on. */
  readonly orphans: number
  /** Entries that wait for their time to come. */
  readonly parked: number
  /** How many distinct other contributors must build on an entry before it is confirmed. */
  readonly confirmations: number
  /** SHA-256 of the sorted ids of all tips, base64url: equal on two peers exactly when their ledgers are. */
  readonly digest: string
}

/** Two entries with the same contributor, writer and number. Anybody can check it: see `verifyForkProof`. */
export interface ForkProof {
  readonly contributor: string
  readonly writer: string
  readonly seq: number
  /** Both entries in their binary form, base64url, in the order of their ids. */
  readonly entries: readonly [string, string]
}

/**
 * - `comparing`: finding out what is missing at either side.
 * - `catching-up`: entries are on their way.
 * - `live`: both have the same, and tell each other of what is new.
 * - `ended`: the peer is gone, or is not listened to any more.
 */
export type SyncState = 'comparing' | 'catching-up' | 'live' | 'ended'

export interface LedgerEvents {
  /** An entry, one's own included, has become part of the ledger. Parents come first. */
  entry: { readonly entry: LedgerEntry; readonly isOwn: boolean }
  /** An entry has become confirmed. */
  confirmed: { readonly id: string; readonly contributor: string }
  sync: { readonly peerId: string; readonly state: SyncState }
  fork: ForkProof
  /** Something failed that no call is waiting for. */
  error: { readonly error: EdgeNetError }
}

export interface ImportReport {
  /** Lines that held an entry that was new, and is now part of the ledger. */
  readonly added: number
  readonly known: number
  /** Entries whose ancestors are not there: they are kept and tried again, as long as there is room. */
  readonly orphans: number
  /** Lines that were refused, in their order: a thousand of them at most. */
  readonly rejected: readonly { readonly line: number; readonly reason: string }[]
  /** How many lines were refused besides those. */
  readonly rejectedMore: number
}

export interface VerifyReport {
  readonly entries: number
  /** Empty when all is well. */
  readonly faults: readonly { readonly id: string; readonly reason: string }[]
}

/** A network's ledger as this client has it. */
export interface NetworkLedger {
  /** Records what was done. Resolves when the entry is kept safely here; peers get it at once. */
  contribute(contribution: Contribution): Promise<LedgerEntry>
  /** Entries that match, parents first, as they were when asked. */
  entries(filter?: EntryFilter): AsyncIterableIterator<LedgerEntry>
  entry(id: string): Promise<LedgerEntry | undefined>
  /** The latest entries, the newest last; for drawing. */
  recent(count: number): Promise<readonly LedgerEntry[]>
  contributor(siteId: string): ContributorStatistics | undefined
  /** By credits, the most first. */
  contributors(): readonly ContributorStatistics[]
  statistics(): LedgerStatistics
  tips(): readonly string[]
  forks(): Promise<readonly ForkProof[]>
  /** How far every peer and we agree. */
  syncs(): ReadonlyMap<string, SyncState>
  /** All entries as lines of JSON, parents first. */
  export(): AsyncIterableIterator<string>
  /** Takes lines that `export` made, here or elsewhere. Every one is verified. */
  import(lines: Iterable<string> | AsyncIterable<string>): Promise<ImportReport>
  /** Reads everything that is kept and checks it anew: layout, ids, signatures, order. */
  verify(): Promise<VerifyReport>
  on<Type extends keyof LedgerEvents>(
    type: Type,
    handler: (event: LedgerEvents[Type]) => unknown,
    options?: ListenOptions,
  ): () => void
  /** Writes out what is not kept yet. Called by the network's own `close()`. */
  close(): Promise<void>
}

/** What a ledger needs of a network; a `Network` is one. */
export interface LedgerNetwork {
  readonly peers: ReadonlyMap<PeerId, unknown>
  channel(
    channel: number,
    handler: (event: { readonly peer: { readonly id: PeerId }; readonly data: string | Bytes }) => unknown,
  ): unknown
  on(type: 'peer' | 'peer-left', handler: (event: { readonly peer: { readonly id: PeerId } }) => unknown): unknown
  send(peer: PeerId, data: Bytes, options: { readonly channel: number }): Promise<void>
  /** Reaches members without a link, too. Absent where there is no mesh. */
  readonly gossip?: LedgerGossip | undefined
}

/** `accept`: it is passed on. `ignore`: it is not, and nobody is to blame. `reject`: whoever passed it on is to blame. */
export type LedgerJudgement = 'accept' | 'ignore' | 'reject'

/** What a ledger needs of gossip; a `NetworkGossip` is one. */
export interface LedgerGossip {
  publish(topic: number, payload: Bytes): void
  /** @returns stops taking the topic: what is said of it is passed on unjudged */
  take(topic: number, judge: (payload: Bytes, from: PeerId) => Promise<LedgerJudgement>): () => void
  /** The peer hears what is said to everybody, as it has a mesh, too. */
  reaches(peer: PeerId): boolean
}

/** A ledger that can be shared: what `openLedger` gives and `join` takes. */
export interface SharedLedger extends NetworkLedger {
  /** Shares it with all peers of this network from now on. `join` calls it; a ledger has one network. */
  attach(network: LedgerNetwork): void
  /** The network is about to be left: what waits to be said to everybody is said now. */
  flush(): void
  /** The page stops running and may come back: says it, too, writes out what is not kept yet, and lets others use the place. */
  suspend(): void
  /** The page runs again. */
  resume(): void
}

/** A SHA-256 that answers at once. */
export type Sha256 = (bytes: Bytes) => Bytes
