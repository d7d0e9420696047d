/**
 * One comparison of two ledgers, from the frontiers to the last entry that either side lacked.
 *
 * Whoever knows all of the other's tips has all that it has, and pushes exactly what it lacks. When neither does, what both
 * know of each other bounds the candidates; the side with fewer entries lists its own, and each pushes what the other lacks.
 * What is compared is frozen when the frontier is sent: what comes later is news, which is told besides.
 */
import type { Bytes } from '../../../protocol/bytes.ts'
import type { Ledger } from '../ledger.ts'
import type { Delivery } from './delivery.ts'
import { OwnFrontier, TheirFrontier } from './frontier.ts'
import type { SyncMessage } from './messages.ts'
import { Lister, Matcher, type Send } from './reconciliation.ts'
import { ShortIds, type ShortIdKey } from './short-ids.ts'
import type { Underway } from './underway.ts'

export interface ComparisonHost {
  readonly ledger: Ledger
  readonly underway: Underway
  readonly delivery: Delivery
  readonly send: Send
  /** The peer sends what no honest peer sends. */
  readonly misbehaved: (reason: 'out-of-turn') => void
}

export interface ComparisonOptions {
  readonly key: ShortIdKey
  /** This side lists its candidates, if it comes to that. */
  readonly isLister: boolean
  /** Others send entries at the moment: this side can send some, but not take any. */
  readonly isHolding: boolean
  readonly nowMs: number
}

type Stage =
  /** The other side's frontier is awaited. */
  | { readonly kind: 'frontier' }
  /** What it knows of ours, or entries if it knows all. */
  | { readonly kind: 'known'; readonly common: readonly number[] }
  | { readonly kind: 'listing'; readonly lister: Lister }
  | { readonly kind: 'matching'; readonly matcher: Matcher }
  /** Nothing but entries, and word of their arrival. */
  | { readonly kind: 'moving' }
  | { readonly kind: 'over'; readonly ending: Ending }

export type Ending =
  /** This side lacks something, and can take nothing now. */
  | 'we-wait'
  /** All that the other side had is here, or on its way. */
  | 'have-all'
  /** The same, as far as its frontier could say: it had too many tips. */
  | 'have-listed'
  | 'lack-some'
  /** It was too much for once. */
  | 'they-have-more'
  /** That, or the other side waits. */
  | 'we-have-more'

/** The messages of a comparison, besides those with entries. */
export type ComparisonMessage = Extract<
  SyncMessage,
  {
    readonly kind:
      'qdag_frontier' | 'qdag_known' | 'qdag_short_ids' | 'qdag_ranges' | 'qdag_range_difference' | 'qdag_want'
  }
>

/** At once; the next one goes on from there. Bounds what every peer can make us remember. */
const MAX_PUSH_ENTRIES = 65_536
/** Without progress it is over: many round trips over the farthest relay, and the verification of a window. */
const SILENT_MS = 10_000
/** After this long it must have brought so many new entries a second: a peer that trickles keeps others waiting. */
const LONG_MS = 60_000
const LEAST_PER_SECOND = 100

export class Comparison {
  readonly #host: ComparisonHost
  readonly #options: ComparisonOptions
  readonly #own: OwnFrontier
  #their: TheirFrontier | undefined
  #stage: Stage = { kind: 'frontier' }
  #nowMs: number
  #progressAtMs: number
  #isSendingOver = false
  #isReceivingOver = false
  #theyHaveMore = false
  #weHaveMore = false
  #received = 0

  constructor(host: ComparisonHost, options: ComparisonOptions) {
    this.#host = host
    this.#options = options
    this.#nowMs = this.#progressAtMs = options.nowMs
    this.#own = new OwnFrontier(host.ledger)
    host.delivery.gather()
    host.send('qdag_frontier', this.#own.message(host.ledger, host.underway.prefixes(), options.isHolding))
  }

  /** How it ended, when it has. */
  get ending(): Ending | undefined {
    return this.#stage.kind === 'over' ? this.#stage.ending : undefined
  }

  /** Entries are on their way, or will soon be. */
  get isMoving(): boolean {
    const { kind } = this.#stage
    return kind === 'moving' || kind === 'listing' || kind === 'matching'
  }

  /** The other side may have to send entries. */
  get isReceiving(): boolean {
    return this.#stage.kind !== 'over' && !this.#isReceivingOver
  }

  /** Entries that came and were new. */
  get received(): number {
    return this.#received
  }

  /** What is here and is not known to be at the other side. */
  lackedByOther(): readonly number[] {
    return this.#host.ledger.notIn(this.#their?.past() ?? [])
  }

  // ---- what the other side says ------------------------------------------------------------------------------------

  /** False when the message does not fit, which may be nobody's fault. */
  receive(message: ComparisonMessage, nowMs: number): boolean {
    this.#nowMs = nowMs
    const stage = this.#stage
    switch (message.kind) {
      case 'qdag_frontier':
        if (stage.kind !== 'frontier') return false
        this.#meet(new TheirFrontier(message, this.#host.ledger, this.#host.underway))
        break
      case 'qdag_known':
        // Whoever pushes has not waited for it.
        if (stage.kind === 'moving') break
        if (stage.kind !== 'known') return false
        this.#reconcile(stage.common, message.bits)
        break
      case 'qdag_ranges':
        if (stage.kind !== 'matching') return false
        this.#check(stage.matcher.compare(message))
        break
      case 'qdag_range_difference':
        if (stage.kind !== 'listing') return false
        this.#check(stage.lister.differ(message))
        break
      case 'qdag_short_ids':
        if (stage.kind !== 'matching') return false
        if (this.#check(stage.matcher.match(message))) this.#push(stage.matcher.unmatched)
        break
      case 'qdag_want':
        if (stage.kind !== 'listing') return false
        if (this.#check(stage.lister.want(message))) this.#push(stage.lister.wanted)
        break
    }
    return true
  }

  /** Entries come that a comparison found. False when they cannot belong to this one. */
  answered(nowMs: number): boolean {
    this.#nowMs = nowMs
    if (this.#stage.kind === 'known') {
      // The other side knows all that is here: there is nothing to send.
      this.#isSendingOver = true
      this.#go({ kind: 'moving' })
    }
    return this.isMoving
  }

  /** Such entries have been dealt with, and so many were new. */
  took(fresh: number, { isLast, hasMore }: { isLast: boolean; hasMore: boolean }, nowMs: number): void {
    this.#nowMs = nowMs
    this.#received += fresh
    if (fresh > 0) this.#progressAtMs = nowMs
    if (!isLast) return
    this.#isReceivingOver = true
    this.#theyHaveMore = hasMore
    this.#endIfOver()
  }

  /** The other side has dealt with some of what was sent. */
  progressed(nowMs: number): void {
    this.#progressAtMs = nowMs
  }

  /** It has dealt with all that was pushed. */
  pushTaken(nowMs: number): void {
    this.#nowMs = nowMs
    this.#isSendingOver = true
    this.#endIfOver()
  }

  // ---- time --------------------------------------------------------------------------------------------------------

  get deadlineMs(): number {
    return this.#progressAtMs + SILENT_MS
  }

  /** It leads nowhere. */
  isStuck(nowMs: number): boolean {
    const tookMs = nowMs - this.#options.nowMs
    const isSlow = this.isReceiving && tookMs > LONG_MS && this.#received < (LEAST_PER_SECOND * tookMs) / 1_000
    return nowMs >= this.deadlineMs || isSlow
  }

  // ---- inside ------------------------------------------------------------------------------------------------------

  #go(stage: Stage): void {
    this.#stage = stage
    this.#progressAtMs = this.#nowMs
  }

  #meet(their: TheirFrontier): void {
    const { ledger, send } = this.#host
    this.#their = their
    if (their.isCovered) {
      this.#isReceivingOver = true
      this.#push(ledger.notIn(their.past()))
    } else if (this.#options.isHolding && their.isHolding) {
      this.#go({ kind: 'over', ending: 'we-wait' })
    } else {
      const { bits, indexes } = their.known()
      send('qdag_known', { bits })
      this.#go({ kind: 'known', common: indexes })
    }
  }

  /** Neither side knows all that the other has. */
  #reconcile(common: readonly number[], bits: Bytes): void {
    const { ledger, underway, send, misbehaved } = this.#host
    const { key, isLister } = this.#options
    const known = this.#own.knownBy(bits)
    if (!known) return misbehaved('out-of-turn')
    const candidates = ledger.notIn([...common, ...known])
    const idOf = (index: number) => ledger.idOf(index)
    if (isLister) this.#go({ kind: 'listing', lister: new Lister(ShortIds.of(key, candidates, idOf), send) })
    else this.#go({ kind: 'matching', matcher: new Matcher(ShortIds.of(key, candidates, idOf, underway.ids()), send) })
  }

  #check(isFit: boolean): boolean {
    if (isFit) this.#progressAtMs = this.#nowMs
    else this.#host.misbehaved('out-of-turn')
    return isFit
  }

  /** Sends what the other side lacks, as soon as that is known: all but what is news, and what waits there already. */
  #push(indexes: readonly number[] | undefined): void {
    if (!indexes || !this.#their) return
    const held = this.#their.held()
    const lacked = indexes.filter((index) => index < this.#own.size && !held.has(index))
    const count = this.#their.isHolding ? 0 : Math.min(lacked.length, MAX_PUSH_ENTRIES)
    this.#weHaveMore = count < lacked.length
    this.#go({ kind: 'moving' })
    this.#host.delivery.push(lacked.slice(0, count), this.#weHaveMore)
  }

  #endIfOver(): void {
    if (this.#stage.kind === 'moving' && this.#isSendingOver && this.#isReceivingOver) {
      this.#go({ kind: 'over', ending: this.#endingNow() })
    }
  }

  #endingNow(): Ending {
    if (this.#theyHaveMore) return this.#options.isHolding ? 'we-wait' : 'they-have-more'
    if (!this.#their?.hasAllTips) return 'lack-some'
    if (this.#weHaveMore) return 'we-have-more'
    return this.#their.isWhole ? 'have-all' : 'have-listed'
  }
}
