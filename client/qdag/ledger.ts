/**
 * The ledger: all entries that one peer has, and what follows from them. A pure state machine: entries go in, and what has
 * become of them comes out. It takes an entry when it has everything that the entry builds on, so what it holds is always
 * complete, and all it says of it is a function of the set of its entries, in whatever order they came. Entries are numbered
 * as they become solid, so what an entry builds on has smaller numbers.
 *
 * Signatures are the caller's business, and so is keeping the entries: what is here is an index to the log.
 */
import { compareBytes, toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import type { ContributorStatistics, LedgerStatistics } from './api.ts'
import type { Entry } from './entry.ts'
import { Admission } from './ledger/admission.ts'
import { taskHashOf } from './ledger/claim-key.ts'
import { digestOfState, digestOfTips } from './ledger/digest.ts'
import { EDGES, FLAG, NONE } from './ledger/entries.ts'
import { drawParents } from './ledger/parents.ts'
import { notIn } from './ledger/past.ts'
import { State } from './ledger/state.ts'
import type { Fork, Growth, Head, IndexFilter, LedgerOptions, Verdict } from './ledger/types.ts'

export type { Fault } from './ledger/rules.ts'
export type { Fork, Growth, Head, IndexFilter, LedgerOptions, Verdict } from './ledger/types.ts'

/** Three strangers: one may be the contributor's friend, and two may be one person. */
const DEFAULT_CONFIRMATIONS = 3
/** What the order of times demands anyway. */
const DEFAULT_MIN_GAP_MS = 1

export class Ledger {
  readonly #options: Required<LedgerOptions>
  protected readonly state: State
  readonly #admission: Admission
  /** Of the tips when there were so many entries. */
  #tipDigest: { readonly size: number; readonly digest: Bytes } | undefined

  constructor(options: LedgerOptions) {
    this.#options = { confirmations: DEFAULT_CONFIRMATIONS, minGapMs: DEFAULT_MIN_GAP_MS, salt: 0, ...options }
    const { networkId, sha256, confirmations, minGapMs, salt } = this.#options
    this.state = new State(sha256, confirmations, salt)
    const { entries, writers } = this.state
    this.#admission = new Admission(this.state, { networkId, minGapMs, entries, writers })
  }

  // ---- growing -----------------------------------------------------------------------------------------------------

  /**
   * Takes an entry, the signatures of which have been verified.
   *
   * @param from the peer that sent it, to whose account it goes while it waits
   * @param nowMs the wall clock, as corrected: it decides nothing but which entries wait, and for how long
   */
  add(entry: Entry, from: string, nowMs: number): Verdict {
    return this.#admission.add(entry, from, nowMs)
  }

  /** Lets parked entries in whose time has come, and the orphans that waited for them. To be called every second or so. */
  ripen(nowMs: number): Growth {
    return this.#admission.ripen(nowMs)
  }

  /** Drops what waits and came from this peer. */
  forget(from: string): void {
    this.#admission.waiting.forget(from)
  }

  /** An orphan waits for this entry, which is not here. */
  isMissing(id: Bytes): boolean {
    return this.#admission.waiting.isMissing(id)
  }

  /** Ids that orphans wait for and that are not here, with the peer that sent the first of those orphans. */
  missing(): readonly { readonly id: Bytes; readonly from: string }[] {
    return this.#admission.waiting.missing()
  }

  // ---- one entry ---------------------------------------------------------------------------------------------------

  /** The entry is solid, or waits to be. */
  knows(id: Bytes): boolean {
    return this.indexOf(id) !== NONE || this.#admission.waiting.has(id)
  }

  /** Index of a solid entry, or -1. */
  indexOf(id: Bytes): number {
    return this.state.entries.ids.indexOf(id)
  }

  /** Index of the solid entry whose id begins so, or -1. Of 16 bytes: two ids that share them cannot be found. */
  indexOfPrefix(prefix: Bytes): number {
    return this.state.entries.ids.indexOf(prefix)
  }

  /** The network id stands for the beginning, which everything builds on and which is always there. */
  isRoot(id: Bytes): boolean {
    return compareBytes(id, this.#options.networkId) === 0
  }

  idOf(index: number): Bytes {
    return this.state.entries.ids.at(index)
  }
  contributorOf(index: number): Bytes {
    return this.state.contributors.keys.at(this.state.contributorOf(index))
  }
  writerOf(index: number): Bytes {
    return this.state.writers.name(this.state.entries.writer(index))
  }
  seqOf(index: number): number {
    return this.state.entries.seq(index)
  }
  tsOf(index: number): number {
    return this.state.entries.tsMs(index)
  }
  isConfirmed(index: number): boolean {
    return this.state.entries.has(index, FLAG.confirmed)
  }

  /** Indexes of what the entry builds on: its parents, and the writer's entry before. */
  edgesOf(index: number): readonly number[] {
    const edges = Array.from({ length: EDGES }, (_, number) => this.state.entries.edge(index, number))
    return [...new Set(edges)].filter((to) => to !== NONE)
  }

  /** All entries that have this one's number of its writer, when there are several. */
  forkOf(index: number): Fork | undefined {
    if (!this.state.entries.has(index, FLAG.forked)) return undefined
    const indexes = this.state.forks.with(index)
    return { contributor: this.contributorOf(index), writer: this.writerOf(index), seq: this.seqOf(index), indexes }
  }

  // ---- all of them -------------------------------------------------------------------------------------------------

  /** How many entries are solid. */
  get size(): number {
    return this.state.entries.length
  }

  /** Indexes of the entries that nobody has built on, ascending. */
  tips(): readonly number[] {
    return this.state.tips.all()
  }

  /** SHA-256 over the sorted ids of the tips: equal on two peers exactly when their ledgers are. */
  tipDigest(): Bytes {
    const { size } = this
    if (this.#tipDigest?.size !== size) {
      const digest = digestOfTips(this.state.entries, this.tips(), this.#options.sha256)
      this.#tipDigest = { size, digest }
    }
    return this.#tipDigest.digest
  }

  /** Indexes at distance 1, 2, 4, 8 … from the end, and the first: one that another peer knows bounds what it lacks. */
  locators(): readonly number[] {
    const indexes: number[] = []
    for (let distance = 1; distance < this.size; distance *= 2) indexes.push(this.size - distance)
    return this.size > 0 ? [...indexes, 0] : []
  }

  /** Everything that is neither one of these nor an ancestor of one, ascending. */
  notIn(past: readonly number[]): number[] {
    return notIn(this.state.entries, this.tips(), past)
  }

  /** Everything that matches, ascending. */
  indexesOf({ contributor, taskId, fromMs = 0, untilMs = Infinity, isConfirmed }: IndexFilter): number[] {
    const { entries, contributors, claims, contributorOf } = this.state
    const number = contributor && contributors.keys.indexOf(contributor)
    const task = taskId === undefined ? undefined : taskHashOf(taskId, this.#options.sha256)
    const found: number[] = []
    for (let index = 0; index < this.size; index++) {
      const tsMs = entries.tsMs(index)
      const isFound =
        tsMs >= fromMs &&
        tsMs < untilMs &&
        (number === undefined || contributorOf(index) === number) &&
        (isConfirmed === undefined || this.isConfirmed(index) === isConfirmed) &&
        (task === undefined || claims.isTo(index, task))
      if (isFound) found.push(index)
    }
    return found
  }

  /** Every number that a writer has used more than once. */
  forks(): readonly Fork[] {
    return this.state.forks.all().flatMap((index) => this.forkOf(index) ?? [])
  }

  /** SHA-256 over all that must be equal on peers with the same entries. Reads everything: for checks, not for every day. */
  stateDigest(): Bytes {
    return digestOfState(this.state, this.#options.sha256)
  }

  // ---- who did what ------------------------------------------------------------------------------------------------

  /** The solid entry with a writer's highest number; of several the one with the lowest id. */
  head(contributor: Bytes, writer: Bytes): Head | undefined {
    const index = this.state.head(contributor, writer)
    return index === NONE ? undefined : { seq: this.seqOf(index), id: this.idOf(index), tsMs: this.tsOf(index) }
  }

  contributor(key: Bytes): ContributorStatistics | undefined {
    const number = this.state.contributors.keys.indexOf(key)
    return number === NONE ? undefined : this.state.contributors.statistics(number)
  }

  /** By credits, the most first. */
  contributors(): readonly ContributorStatistics[] {
    return this.state.contributors.ranking()
  }

  statistics(): LedgerStatistics {
    return {
      entries: this.size,
      tips: this.state.tips.count,
      ...this.state.contributors.totals(),
      orphans: this.#admission.waiting.orphans,
      parked: this.#admission.waiting.parked,
      confirmations: this.#options.confirmations,
      digest: toBase64Url(this.tipDigest()),
    }
  }

  /**
   * What a new entry is to build on besides the writer's entry before: one or two ids, ascending.
   *
   * @param prev id of the writer's entry before; `undefined` when there is none
   * @param random at least 0, below 1
   */
  chooseParents(contributor: Bytes, prev: Bytes | undefined, random: () => number, nowMs: number): readonly Bytes[] {
    const { entries, contributors, contributorOf } = this.state
    const own = contributors.keys.indexOf(contributor)
    const follows = prev ? this.indexOf(prev) : NONE
    const drawn = drawParents({ entries, contributorOf, tips: this.tips(), own, follows, random, nowMs })
    if (drawn.length === 0) return [prev ?? this.#options.networkId]
    return drawn.map((index) => this.idOf(index)).toSorted(compareBytes)
  }
}
