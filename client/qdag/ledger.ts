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
import { digestOfState, digestOfTips } from './ledger/digest.ts'
import { EDGES, FLAG, NONE, PREV } from './ledger/entries.ts'
import { drawParents } from './ledger/parents.ts'
import { notIn } from './ledger/past.ts'
import { faultOf, type Rules } from './ledger/rules.ts'
import { State } from './ledger/state.ts'
import { taskHashOf } from './ledger/task-hash.ts'
import type { Fork, Growth, Head, IndexFilter, LedgerOptions, Verdict } from './ledger/types.ts'
import { WaitingRoom, type Waiting } from './ledger/waiting-room.ts'

export type { Fault } from './ledger/rules.ts'
export type { Fork, Growth, Head, IndexFilter, LedgerOptions, Verdict } from './ledger/types.ts'

/** Three strangers: one may be the contributor's friend, and two may be one person. */
const DEFAULT_CONFIRMATIONS = 3
/** What the order of times demands anyway. */
const DEFAULT_MIN_GAP_MS = 1
/** The clocks of honest peers, corrected by each other, differ by less. */
const MAX_AHEAD_MS = 120_000

/** A {@link Growth} in the making. */
interface Growing {
  readonly solid: Entry[]
  readonly confirmed: number[]
  readonly forked: number[]
}

export class Ledger {
  readonly #options: Required<LedgerOptions>
  protected readonly state: State
  readonly #waiting = new WaitingRoom()
  readonly #rules: Rules
  /** Of the entry that is being placed. */
  readonly #edges = new Int32Array(EDGES)
  #tipDigest: Bytes | undefined

  constructor(options: LedgerOptions) {
    this.#options = { confirmations: DEFAULT_CONFIRMATIONS, minGapMs: DEFAULT_MIN_GAP_MS, salt: 0, ...options }
    const { networkId, sha256, confirmations, minGapMs, salt } = this.#options
    this.state = new State(sha256, confirmations, salt)
    this.#rules = { networkId, minGapMs, entries: this.state.entries, writers: this.state.writers }
  }

  // ---- growing -----------------------------------------------------------------------------------------------------

  /**
   * Takes an entry, the signatures of which have been verified.
   *
   * @param from the peer that sent it, to whose account it goes while it waits
   * @param nowMs the wall clock, as corrected: it decides nothing but which entries wait, and for how long
   */
  add(entry: Entry, from: string, nowMs: number): Verdict {
    this.#waiting.sweep(nowMs)
    if (this.knows(entry.id)) return { kind: 'known' }
    const growth: Growing = { solid: [], confirmed: [], forked: [] }
    const verdict = this.#place(entry, from, nowMs, growth)
    if (verdict) return verdict
    this.#follow(this.#waiting.release(entry.id), nowMs, growth)
    return { kind: 'added', ...growth }
  }

  /** Lets parked entries in whose time has come, and the orphans that waited for them. To be called every second or so. */
  ripen(nowMs: number): Growth {
    this.#waiting.sweep(nowMs)
    const growth: Growing = { solid: [], confirmed: [], forked: [] }
    this.#follow(this.#waiting.releaseParked(nowMs + MAX_AHEAD_MS), nowMs, growth)
    return growth
  }

  /** Drops what waits and came from this peer. */
  forget(from: string): void {
    this.#waiting.forget(from)
  }

  /** Ids that orphans wait for and that are not here, with the peer that sent the first of those orphans. */
  missing(): readonly { readonly id: Bytes; readonly from: string }[] {
    return this.#waiting.missing()
  }

  // ---- one entry ---------------------------------------------------------------------------------------------------

  /** The entry is solid, or waits to be. */
  knows(id: Bytes): boolean {
    return this.indexOf(id) !== NONE || this.#waiting.has(id)
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
    return (this.#tipDigest ??= digestOfTips(this.state.entries, this.tips(), this.#options.sha256))
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
    const { entries, contributors, contributorOf } = this.state
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
        (task === undefined || entries.isOf(index, task))
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
      orphans: this.#waiting.orphans,
      parked: this.#waiting.parked,
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

  // ---- how an entry is placed --------------------------------------------------------------------------------------

  /** Places those that have waited, and those that wait for them in turn. */
  #follow(free: readonly Waiting[], nowMs: number, growth: Growing): void {
    const queue = [...free]
    // It grows while it is gone through.
    for (const { entry, from } of queue) {
      if (this.#place(entry, from, nowMs, growth)) continue
      for (const next of this.#waiting.release(entry.id)) queue.push(next)
    }
    growth.confirmed.sort((a, b) => a - b)
  }

  /** Makes an entry part of the ledger. When that cannot be, says why, and lets it wait if that may change. */
  #place(entry: Entry, from: string, nowMs: number, growth: Growing): Verdict | undefined {
    const missing = this.#find(entry)
    const reason = faultOf(entry, this.#edges, this.#rules)
    if (reason) return { kind: 'rejected', reason }
    if (missing.length > 0) {
      this.#waiting.holdOrphan(entry, from, missing, nowMs)
      return { kind: 'orphan', missing: missing.filter((id) => !this.#waiting.has(id)) }
    }
    if (entry.tsMs > nowMs + MAX_AHEAD_MS) {
      this.#waiting.park(entry, from, nowMs)
      return { kind: 'parked' }
    }
    const { index, confirmed, isForked } = this.state.append(entry, this.#edges)
    this.#tipDigest = undefined
    growth.solid.push(entry)
    for (const one of confirmed) growth.confirmed.push(one)
    if (isForked) growth.forked.push(index)
    return undefined
  }

  /** Finds what an entry builds on: sets `#edges`, and returns the ids that are not there. */
  #find({ parents, prev }: Entry): readonly Bytes[] {
    const missing: Bytes[] = []
    const edgeTo = (id: Bytes | undefined): number => {
      const index = id ? this.indexOf(id) : NONE
      if (id && index === NONE && !this.isRoot(id)) missing.push(id)
      return index
    }
    const [first, second] = parents
    this.#edges[0] = edgeTo(first)
    this.#edges[1] = edgeTo(second)
    // A lone contributor has nothing but the entry before to build on.
    const isLone = first && prev && !second && compareBytes(first, prev) === 0
    this.#edges[PREV] = isLone ? this.#edges[0] : edgeTo(prev)
    return missing
  }
}
