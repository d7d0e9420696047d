/**
 * What is known about one path from what came back over it: whether it answers, how long that takes, how much is lost.
 * Connection states of WebRTC say nothing of the kind for many seconds, and sockets for longer.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import { layout, uint } from '../../protocol/layout.ts'

/** RFC 6298 section 2.3. */
const RTT_WEIGHT = 1 / 8
const VARIATION_WEIGHT = 1 / 4
/** RFC 3550 section 6.4.1. */
const JITTER_WEIGHT = 1 / 16
/** A ping that is unanswered after this long counts as lost: as long as a direct path may be silent. */
const PING_LOST_MS = 5_000
/** Loss is counted over this many pings: at the usual pace the last minute or two. */
const LOSS_PINGS = 50
/** Nobody waits longer, however late a single answer was: one of the two was asleep, or a socket stood still. */
const MAX_PATIENCE_MS = 3_000
const PING = layout<{ id: number }>({ id: uint(4) })

export class PathMeter {
  /** Smoothed round-trip time; `undefined` until measured. */
  rttMs: number | undefined
  jitterMs = 0
  heardAtMs = -Infinity
  /** When the last ping was sent. */
  pingedAtMs = -Infinity
  #variationMs = 0
  #lastMs: number | undefined
  /** Since when an answer has been outstanding; infinite when none is. */
  askedAtMs = Infinity
  /** When each ping was sent. */
  readonly #pings = new Map<number, number>()
  readonly #answers: boolean[] = []
  #id = 0

  /** Anything arrived. */
  heard(nowMs: number): void {
    this.heardAtMs = nowMs
    this.excuse()
  }

  /** No answer is expected over this path any more. */
  excuse(): void {
    this.askedAtMs = Infinity
  }

  /** Something was sent that the other side answers. */
  asked(nowMs: number): void {
    this.askedAtMs = Math.min(this.askedAtMs, nowMs)
  }

  /** How long an answer may take before something is wrong: four round trips and their variation. */
  get patienceMs(): number {
    return Math.min(MAX_PATIENCE_MS, 4 * ((this.rttMs ?? 0) + this.#variationMs))
  }

  /** Share of the last pings that were not answered. */
  get loss(): number {
    return this.#answers.filter((isAnswered) => !isAnswered).length / (this.#answers.length || 1)
  }

  /** A new ping's payload. */
  ping(nowMs: number): Bytes {
    for (const [id, sentAtMs] of this.#pings) if (nowMs - sentAtMs > PING_LOST_MS) this.#settle(id, false)
    this.pingedAtMs = nowMs
    this.#pings.set(++this.#id, nowMs)
    this.asked(nowMs)
    return PING.encode({ id: this.#id })
  }

  /** Takes a pong's payload. Returns when its ping was sent; `undefined` if there is no such ping. */
  pong(payload: Bytes, nowMs: number): number | undefined {
    const id = PING.decode(payload)?.id ?? 0
    const sentAtMs = this.#pings.get(id)
    if (sentAtMs === undefined) return undefined
    this.#settle(id, true)
    const sampleMs = nowMs - sentAtMs
    const { rttMs } = this
    if (rttMs === undefined) this.#variationMs = sampleMs / 2
    else this.#variationMs += VARIATION_WEIGHT * (Math.abs(rttMs - sampleMs) - this.#variationMs)
    this.rttMs = rttMs === undefined ? sampleMs : rttMs + RTT_WEIGHT * (sampleMs - rttMs)
    this.jitterMs += JITTER_WEIGHT * (Math.abs(sampleMs - (this.#lastMs ?? sampleMs)) - this.jitterMs)
    this.#lastMs = sampleMs
    return sentAtMs
  }

  /** The smoothed round trip or the last one, whichever is less: one slow answer says little. */
  get lowerRttMs(): number {
    return Math.min(this.rttMs ?? 0, this.#lastMs ?? 0)
  }

  /** We slept: the time was not the other side's. */
  shift(byMs: number): void {
    this.heardAtMs += byMs
    this.askedAtMs += byMs
    for (const [id, sentAtMs] of this.#pings) this.#pings.set(id, sentAtMs + byMs)
  }

  #settle(id: number, isAnswered: boolean): void {
    this.#pings.delete(id)
    this.#answers.push(isAnswered)
    if (this.#answers.length > LOSS_PINGS) this.#answers.shift()
  }
}
