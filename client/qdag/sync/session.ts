/**
 * What one peer and we know of each other's ledgers over time. Each side says what it has as one digest; while these differ,
 * the ledgers are compared. When a comparison has ended well both are live: they tell each other what is new, and compare
 * digests now and then. One that does not end well is repeated, a few times at once and then less and less often; nothing of
 * it is needed for the next.
 */
import { compareBytes, type Bytes } from '../../../protocol/bytes.ts'
import type { Sha256, SyncState } from '../api.ts'
import { Agreement } from './agreement.ts'
import { Comparison, type ComparisonHost, type ComparisonMessage } from './comparison.ts'
import type { Bodies, SyncMessage } from './messages.ts'
import { OwnRequest } from './own-request.ts'
import type { Allowance } from './pace.ts'
import { Patience } from './patience.ts'
import type { Slots } from './slots.ts'

export interface SessionHost extends ComparisonHost {
  readonly networkId: Bytes
  readonly sha256: Sha256
  readonly random: () => number
  readonly slots: Slots
  /** How often the peer may have a comparison. */
  readonly comparisons: Allowance
  /** The clock on the wall, uncorrected. */
  readonly wallMs: number
  /** The peer's clock shows this. */
  readonly clockSeen: (wallMs: number) => void
}

type Stage =
  /** The other side's request is awaited. */
  | { readonly kind: 'asked'; readonly untilMs: number }
  | { readonly kind: 'comparing'; readonly comparison: Comparison }
  /** `isProven`: the other side could say all that it had. Checked at that time. */
  | { readonly kind: 'live'; readonly isProven: boolean; readonly untilMs: number }
  /** This side asks at that time, if the other has not done so before. `isForOther`: that is to ask when it can take more. */
  | { readonly kind: 'waiting'; readonly untilMs: number; readonly isForOther?: boolean }

export type SessionMessage = ComparisonMessage | Extract<SyncMessage, { kind: 'qdag_sync_request' | 'qdag_busy' }>

/** Long enough for a request and its answer over the farthest relay. */
const ANSWER_MS = 10_000
/** A comparison that did not end well is repeated at once so many times: entries on their way may have been in its way. */
const REPETITIONS = 3
/** Nobody is busy for longer. */
const MAX_BUSY_MS = 300_000
/** Live peers check so often whether they agree, give or take a fifth, so that not all do it at once. */
const CHECK_MS = 10_000
const CHECK_JITTER = 0.2
/** Whoever says that it can take nothing now comes back by itself; in case it does not. */
const HOLD_MS = 60_000
/** News that is too much to tell is compared, after others have had the time to bring it. */
const BEHIND_MS = 1_000

export class Session {
  readonly #host: SessionHost
  #stage: Stage = { kind: 'waiting', untilMs: Infinity }
  /** The last one. */
  #ours: OwnRequest
  #repetitions = 0
  readonly #patience = new Patience()
  /** Until then a difference is not looked into, unless the other side wants to. */
  #patientUntilMs = 0
  readonly #agreement = new Agreement()
  /** The other side has ended the comparison well: it wants no other. */
  #isOtherLive = false
  /** News was dropped during a comparison: there is to be another. */
  #isBehind = false

  constructor(host: SessionHost) {
    this.#host = host
    this.#ours = new OwnRequest(host.ledger, host.random)
  }

  get state(): Exclude<SyncState, 'ended'> {
    // Live peers go on telling each other what is new while they compare.
    if (this.#host.delivery.isOpen) return 'live'
    return this.comparison?.isMoving ? 'catching-up' : 'comparing'
  }

  get isLive(): boolean {
    return this.#stage.kind === 'live'
  }

  /** The one that is going on. */
  get comparison(): Comparison | undefined {
    return this.#stage.kind === 'comparing' ? this.#stage.comparison : undefined
  }

  // ---- what this side does -----------------------------------------------------------------------------------------

  /** Wants a comparison. */
  ask(nowMs: number): void {
    this.#request(false)
    this.#stage = { kind: 'asked', untilMs: nowMs + ANSWER_MS }
  }

  /** Wants one if there is none and was none just now; false when it does not. */
  askIfQuiet(nowMs: number): boolean {
    const isQuiet = this.isLive && nowMs >= this.#patientUntilMs
    if (isQuiet) this.ask(nowMs)
    return isQuiet
  }

  /** There is too much news to tell: it is to be compared. */
  fallBehind(nowMs: number): void {
    if (this.isLive) this.#wait(nowMs + BEHIND_MS * (1 + this.#host.random()))
    else if (this.#stage.kind !== 'waiting') this.#isBehind = true
  }

  /** It is no use now: the other side does not answer, or what it lacks cannot be read. */
  fail(nowMs: number): void {
    this.#repetitions = 0
    const afterMs = this.#patience.ms
    this.#patience.lose()
    // It may be sending.
    if (this.comparison) this.#host.send('qdag_busy', { retryAfterMs: afterMs })
    this.#wait(nowMs + afterMs)
  }

  /** The peer is gone, or is not listened to any more. */
  end(): void {
    this.#wait(Infinity)
  }

  // ---- what the other side does ------------------------------------------------------------------------------------

  /** False when the message does not fit, which may be nobody's fault. */
  receive(message: SessionMessage, nowMs: number): boolean {
    if (message.kind === 'qdag_sync_request') {
      // An answer that comes too late is about something that is over.
      if (message.isAnswer && this.#stage.kind !== 'asked') return false
      this.#requested(message, nowMs)
      return true
    }
    if (message.kind === 'qdag_busy') {
      const afterMs = Math.min(MAX_BUSY_MS, Math.max(BEHIND_MS, message.retryAfterMs))
      if (this.comparison || this.#stage.kind === 'asked') this.#wait(nowMs + afterMs)
      return true
    }
    const { comparison } = this
    const isTaken = comparison?.receive(message, nowMs) ?? false
    this.#follow(nowMs)
    return isTaken
  }

  /** Entries come that a comparison found. False when they belong to none. */
  answered(nowMs: number): boolean {
    return this.comparison?.answered(nowMs) ?? this.#stage.kind === 'asked'
  }

  /** They have been dealt with, and so many were new. */
  took(fresh: number, part: { isLast: boolean; hasMore: boolean }, nowMs: number): void {
    this.comparison?.took(fresh, part, nowMs)
    this.#host.slots.progressed(this, fresh, nowMs)
    this.#follow(nowMs)
  }

  /** The other side has dealt with some of what was sent. */
  progressed(nowMs: number): void {
    this.comparison?.progressed(nowMs)
  }

  /** It has dealt with all that the comparison found. */
  pushTaken(nowMs: number): void {
    this.comparison?.pushTaken(nowMs)
    this.#follow(nowMs)
  }

  /** The other side says what it has; what it told before has been dealt with. */
  digest(tipDigest: Bytes, nowMs: number): void {
    const stage = this.#stage
    this.#isOtherLive = true
    if (this.#agreement.hear(tipDigest, this.#host.ledger.tipDigest())) {
      this.#patience.renew()
      if (stage.kind === 'live') this.#stage = { ...stage, isProven: true }
    } else if (stage.kind === 'live' && !stage.isProven) {
      // Where there are always more tips than a frontier has room for, new entries will have to do.
      if (this.#repetitions < REPETITIONS) this.#repeat(nowMs)
      else this.#stage = { ...stage, isProven: true }
    }
    if (stage.kind === 'waiting' && stage.isForOther) this.#repeat(nowMs)
  }

  // ---- time --------------------------------------------------------------------------------------------------------

  nextMs(): number {
    return this.#stage.kind === 'comparing' ? this.#stage.comparison.deadlineMs : this.#stage.untilMs
  }

  tick(nowMs: number): void {
    const stage = this.#stage
    if (stage.kind === 'comparing') {
      if (stage.comparison.isStuck(nowMs)) this.fail(nowMs)
      return
    }
    if (nowMs < this.nextMs()) return
    if (stage.kind === 'asked') this.fail(nowMs)
    else if (stage.kind === 'waiting') this.ask(nowMs)
    else this.#check(stage.isProven, nowMs)
  }

  // ---- inside ------------------------------------------------------------------------------------------------------

  /** Says what is here. What comes from now on is news. */
  #request(isAnswer: boolean): void {
    const { ledger, delivery, random, wallMs, send } = this.#host
    delivery.stopPush()
    if (!delivery.isOpen) delivery.gather()
    this.#isBehind = false
    this.#ours = new OwnRequest(ledger, random)
    this.#agreement.tell(this.#ours.tipDigest)
    send('qdag_sync_request', this.#ours.message(isAnswer, wallMs))
  }

  #requested(request: Bodies['qdag_sync_request'], nowMs: number): void {
    const { ledger, comparisons, clockSeen, send } = this.#host
    clockSeen(request.wallMs)
    // Two that cross each other answer each other.
    if (this.#stage.kind !== 'asked') {
      const isEqual = compareBytes(request.tipDigest, ledger.tipDigest()) === 0
      if (!isEqual && !comparisons.tryTake(1, nowMs)) {
        send('qdag_busy', { retryAfterMs: comparisons.readyAtMs(nowMs) - nowMs })
        return this.#wait(nowMs + HOLD_MS)
      }
      this.#request(true)
    }
    if (!this.#ours.isEqual(request)) return this.#compare(request, nowMs)
    this.#patience.renew()
    this.#goLive(true, nowMs)
  }

  #compare(request: Bodies['qdag_sync_request'], nowMs: number): void {
    const { networkId, sha256, slots } = this.#host
    const comparison = new Comparison(this.#host, {
      ...this.#ours.with(request, networkId, sha256),
      isHolding: !slots.claim(this, nowMs),
      nowMs,
    })
    this.#isOtherLive = false
    this.#stage = { kind: 'comparing', comparison }
  }

  /** Does what follows when a comparison has got on. */
  #follow(nowMs: number): void {
    const { comparison } = this
    if (!comparison) return
    const { slots } = this.#host
    if (!comparison.isReceiving) slots.release(this)
    switch (comparison.ending) {
      case undefined:
        return
      case 'we-wait':
        this.#wait(nowMs + HOLD_MS)
        return slots.queue(this)
      case 'they-have-more':
        // Whoever always has more, and never sends any, has nothing.
        if (comparison.received === 0) return this.#repeat(nowMs)
        this.#repetitions = 0
        return this.ask(nowMs)
      case 'we-have-more':
        // What it lacked may have come from others meanwhile.
        if (this.#isOtherLive) return this.#repeat(nowMs)
        // It asks when it can.
        return this.#wait(nowMs + HOLD_MS, true)
      case 'lack-some':
        return this.#repeat(nowMs)
      case 'have-all':
      case 'have-listed':
        return this.#finish(comparison, comparison.ending === 'have-all', nowMs)
    }
  }

  #finish(comparison: Comparison, isProven: boolean, nowMs: number): void {
    const { delivery, ledger, send } = this.#host
    if (comparison.received > 0) this.#patience.renew()
    else this.#patience.lose()
    this.#patientUntilMs = nowMs + this.#patience.ms
    if (delivery.hasNews) delivery.keep(comparison.lackedByOther())
    const tipDigest = ledger.tipDigest()
    this.#agreement.tell(tipDigest)
    send('qdag_digest', { tipDigest, count: ledger.size })
    this.#goLive(isProven, nowMs)
  }

  #goLive(isProven: boolean, nowMs: number): void {
    const { slots, delivery } = this.#host
    slots.release(this)
    if (isProven) this.#repetitions = 0
    this.#agreement.begin()
    this.#stage = { kind: 'live', isProven, untilMs: this.#nextCheckMs(nowMs) }
    delivery.open()
    if (this.#isBehind) this.fallBehind(nowMs)
  }

  /** The comparison did not show all. */
  #repeat(nowMs: number): void {
    if (++this.#repetitions > REPETITIONS) this.fail(nowMs)
    else this.ask(nowMs)
  }

  #wait(untilMs: number, isForOther = false): void {
    const { slots, delivery } = this.#host
    slots.release(this)
    delivery.stopPush()
    delivery.close()
    this.#stage = { kind: 'waiting', untilMs, isForOther }
  }

  /** Says what is here, if that has changed, and looks whether the other side has the same. */
  #check(isProven: boolean, nowMs: number): void {
    const { ledger, send } = this.#host
    const tipDigest = ledger.tipDigest()
    if (this.#agreement.tell(tipDigest)) send('qdag_digest', { tipDigest, count: ledger.size })
    this.#stage = { kind: 'live', isProven, untilMs: this.#nextCheckMs(nowMs) }
    if (this.#agreement.isDoubtful(tipDigest)) this.askIfQuiet(nowMs)
  }

  #nextCheckMs(nowMs: number): number {
    return nowMs + CHECK_MS * (1 + CHECK_JITTER * (2 * this.#host.random() - 1))
  }
}
