/**
 * When to show that we are there: at once and often at first, since whoever is missing is most likely just arriving, then less
 * and less, and not at all while nobody is missing. A pure state machine: times and chance go in.
 *
 * At most 12 announcements at once and 60 an hour from then on, whatever the network above asks for: a public relay carries
 * them to everybody, and too many of them are what has made relays turn networks away.
 */
import { TokenBucket } from '../../token-bucket.ts'

/** The second of two that start together listens by then; doubled each time. */
const FIRST_WAIT_MS = 500
/** Half of a presence's life, so that whoever looks is always to be found. */
const MAX_WAIT_MS = 300_000
/** Full speed from 0.5 s to 5 min takes ten, and a newcomer may be answered meanwhile. */
const BURST = 12
const PER_HOUR = 60
/** A newcomer is answered within this time, by those whom it hits; spread so that a relay is not hit by all at once. */
const ANSWER_SPREAD_MS = 400
/** About so many answer a newcomer, as a large room tells of a join: from them he hears of the others. */
const ANSWERS = 8

export class AnnouncePace {
  readonly #budget = new TokenBucket({ burst: BURST, perSecond: PER_HOUR / 3_600 })
  #isSeeking = false
  #waitMs = FIRST_WAIT_MS
  #dueAtMs = Infinity

  /** When to announce next, if nothing else happens. */
  get dueAtMs(): number {
    return this.#dueAtMs
  }

  /** Whether somebody is missing. */
  get isSeeking(): boolean {
    return this.#isSeeking
  }

  seek(isMissingSomebody: boolean, nowMs: number): void {
    const wasSeeking = this.#isSeeking
    this.#isSeeking = isMissingSomebody
    if (!isMissingSomebody) this.#dueAtMs = Infinity
    else if (!wasSeeking) this.restart(nowMs)
  }

  /** What was announced may be gone, or is outdated, or nobody has heard it: as at first. */
  restart(nowMs: number): void {
    this.#waitMs = FIRST_WAIT_MS
    this.#dueAtMs = nowMs
  }

  /**
   * A newcomer shows himself: he is told of us, even if we miss nobody.
   *
   * @param members how many are known to be there
   * @param chance uniform in [0, 1): whether it is on us
   * @param jitter uniform in [0, 1): when
   */
  answer(members: number, nowMs: number, chance: number, jitter: number): void {
    if (chance * members >= ANSWERS) return
    this.#dueAtMs = Math.min(this.#dueAtMs, nowMs + ANSWER_SPREAD_MS * jitter)
  }

  /**
   * It is due: whether to announce now. What comes next is planned.
   *
   * @param jitter uniform in [0, 1)
   */
  due(nowMs: number, jitter: number): boolean {
    if (nowMs < this.#dueAtMs) return false
    this.#dueAtMs = this.#isSeeking ? nowMs + this.#waitMs * (0.5 + jitter / 2) : Infinity
    this.#waitMs = Math.min(this.#waitMs * 2, MAX_WAIT_MS)
    return this.#budget.take(nowMs)
  }
}
