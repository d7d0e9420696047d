/** How much of what a peer may have of us in a time. Nothing is lost by it: what is beyond waits, or is asked for again. */
import type { Rate } from '../../token-bucket.ts'

/** Entries that nobody asked for, or that are here already. A contributor makes a few a second; what a healed partition brings is compared. */
const ENTRIES: Rate = { burst: 2_000, perSecond: 200 }
/** Comparisons that begin at the peer's wish: the first, three repetitions of it, and then one every five seconds. */
const COMPARISONS: Rate = { burst: 4, perSecond: 1 / 5 }
/** Ids of entries that are asked for one by one. */
const FETCHES: Rate = { burst: 256, perSecond: 64 }
/** All messages besides those with entries and acknowledgements. A comparison of a million candidates has 260 of them. */
const MESSAGES: Rate = { burst: 400, perSecond: 50 }
/** Acknowledgements: of ten megabytes of entries in a second there are three hundred. */
const RECEIPTS: Rate = { burst: 400, perSecond: 400 }
/** Messages that do not fit. A comparison that one side has given up leaves about ten on their way. */
const STRAYS: Rate = { burst: 32, perSecond: 1 }

/** A bucket that may be overdrawn: how much something costs is known only when it has been looked at. */
export class Allowance {
  readonly #rate: Rate
  #tokens: number
  #atMs: number

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate
    this.#tokens = rate.burst
    this.#atMs = nowMs
  }

  /** When there is something in it again; a time that has come when there is. */
  readyAtMs(nowMs: number): number {
    this.#fill(nowMs)
    return this.#tokens >= 1 ? nowMs : nowMs + Math.ceil(((1 - this.#tokens) / this.#rate.perSecond) * 1_000)
  }

  take(count: number, nowMs: number): void {
    this.#fill(nowMs)
    this.#tokens -= count
  }

  /** Takes so many if there is something in it; false when there is not. */
  tryTake(count: number, nowMs: number): boolean {
    if (this.readyAtMs(nowMs) > nowMs) return false
    this.take(count, nowMs)
    return true
  }

  #fill(nowMs: number): void {
    const { burst, perSecond } = this.#rate
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#atMs) / 1_000) * perSecond)
    this.#atMs = nowMs
  }
}

/** One peer's. */
export class Pace {
  readonly entries: Allowance
  readonly comparisons: Allowance
  readonly fetches: Allowance
  readonly messages: Allowance
  readonly receipts: Allowance
  readonly strays: Allowance

  constructor(nowMs: number) {
    this.entries = new Allowance(ENTRIES, nowMs)
    this.comparisons = new Allowance(COMPARISONS, nowMs)
    this.fetches = new Allowance(FETCHES, nowMs)
    this.messages = new Allowance(MESSAGES, nowMs)
    this.receipts = new Allowance(RECEIPTS, nowMs)
    this.strays = new Allowance(STRAYS, nowMs)
  }
}
