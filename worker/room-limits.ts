/** Bounds that only the room enforces, and the buckets that enforce them. */
import type { LimitScope } from '../protocol/room-messages.ts'

/** One object serves some 1,000 messages a second and shares 128 MB; larger networks will be sharded by `home`. */
export const MAX_ROOM_MEMBERS = 5_000
/** Many times what a bad minute of a full room drops; about 100 bytes each. */
export const MAX_PEERS_IN_GRACE = 1_024

/** A browser lets timers of a hidden tab run once a minute; three pings missed in a row are no accident. */
export const GHOST_AFTER_MS = 180_000
/** Waking touches every socket, so ghosts may linger for minutes: they cost memory, and `away` guards their target. */
export const SWEEP_INTERVAL_MS = 300_000
/** A new room is listed soon, but after its first peers have met: the report would compete with their signalling. */
export const FIRST_REPORT_DELAY_MS = 1_000
/** Joins and leaves within this time make one report. Shorter than the 10 s after which memory, and counts, are lost. */
export const REPORT_DELAY_MS = 8_000

interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** A client asks for peers when it joins and when it misses some, and renews twice a day. */
const CONTROL_MESSAGES: Rate = { perSecond: 2, burst: 40 }
/** Meeting 32 peers at once takes about 20 signals each; afterwards acks and pings of relayed links. */
const SIGNAL_ENVELOPES: Rate = { perSecond: 200, burst: 1_500 }
/** A fallback, not a data plane: one room carries some dozens of senders at this rate. */
const RELAY_BYTES: Rate = { perSecond: 2 * 1_048_576, burst: 8 * 1_048_576 }
/** An envelope costs the room the same however small it is: tiny ones count as this many bytes. */
const MIN_RELAY_CHARGE_BYTES = 2_048
/** What all senders together may pour over one member: its downlink is somebody's home connection. */
const TARGET_BYTES: Rate = { perSecond: 4 * 1_048_576, burst: 16 * 1_048_576 }
/** What is sent against a limit is dropped; this much of it is what may have been under way when `limited` came. */
const DROPPED_MESSAGES: Rate = { perSecond: 50, burst: 3_000 }
/** A limit is told once in this time: a peer that floods does not read faster. */
const NOTICE_INTERVAL_MS = 1_000

/** A member that has not been heard of for this long may be dead: links acknowledge what they receive in far less. */
const TARGET_SILENT_MS = 10_000
/** A Durable Object's `send` has no back-pressure: bytes to a dead target pile up in the memory all rooms share. */
const MAX_TARGET_OUTSTANDING_BYTES = 1_048_576

/** A token bucket. */
export class Bucket {
  readonly #rate: Rate
  #tokens: number
  #atMs: number

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate
    this.#tokens = rate.burst
    this.#atMs = nowMs
  }

  /** Takes `cost` tokens and returns 0, or takes nothing and returns the milliseconds until they will be there. */
  take(cost: number, nowMs: number): number {
    const { perSecond, burst } = this.#rate
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#atMs) * perSecond) / 1000)
    this.#atMs = nowMs
    if (this.#tokens >= cost) {
      this.#tokens -= cost
      return 0
    }
    return Math.ceil(((cost - this.#tokens) / perSecond) * 1000)
  }
}

/**
 * - `pass`: within the limits.
 * - `drop`: over a limit that the sender has been told of.
 * - `flooding`: it has been told, and goes on.
 * - a number: over the limit; tell it to come back after so many milliseconds.
 */
export type Verdict = 'pass' | 'drop' | 'flooding' | number

/** What one member may send. */
export class SenderLimits {
  readonly #control: Bucket
  readonly #signal: Bucket
  readonly #relay: Bucket
  readonly #dropped: Bucket
  readonly #toldAtMs: Partial<Record<LimitScope, number>> = {}

  constructor(nowMs: number) {
    this.#control = new Bucket(CONTROL_MESSAGES, nowMs)
    this.#signal = new Bucket(SIGNAL_ENVELOPES, nowMs)
    this.#relay = new Bucket(RELAY_BYTES, nowMs)
    this.#dropped = new Bucket(DROPPED_MESSAGES, nowMs)
  }

  control(nowMs: number): Verdict {
    return this.judge('control', this.#control.take(1, nowMs), nowMs)
  }

  signal(nowMs: number): Verdict {
    return this.judge('signal', this.#signal.take(1, nowMs), nowMs)
  }

  relay(byteLength: number, nowMs: number): Verdict {
    return this.judge('relay', this.#relay.take(Math.max(byteLength, MIN_RELAY_CHARGE_BYTES), nowMs), nowMs)
  }

  judge(scope: LimitScope, retryAfterMs: number, nowMs: number): Verdict {
    if (retryAfterMs === 0) return 'pass'
    if (this.#dropped.take(1, nowMs) > 0) return 'flooding'
    if (nowMs - (this.#toldAtMs[scope] ?? -Infinity) < NOTICE_INTERVAL_MS) return 'drop'
    this.#toldAtMs[scope] = nowMs
    return retryAfterMs
  }
}

/** What one member may be sent. */
export class TargetLimits {
  readonly #bytes: Bucket
  #outstandingBytes = 0
  #countingSinceMs: number

  constructor(nowMs: number) {
    this.#bytes = new Bucket(TARGET_BYTES, nowMs)
    this.#countingSinceMs = nowMs
  }

  /**
   * 0 when the bytes may be sent, `away` when the target seems dead, otherwise milliseconds to wait.
   * `heardAtMs` is asked only when much is outstanding.
   */
  take(byteLength: number, nowMs: number, heardAtMs: () => number): number | 'away' {
    if (this.#outstandingBytes + byteLength > MAX_TARGET_OUTSTANDING_BYTES) {
      const heard = heardAtMs()
      if (heard > this.#countingSinceMs) {
        this.#outstandingBytes = 0
        this.#countingSinceMs = nowMs
      } else if (nowMs - heard > TARGET_SILENT_MS) return 'away'
    }
    const waitMs = this.#bytes.take(byteLength, nowMs)
    if (waitMs === 0) this.#outstandingBytes += byteLength
    return waitMs
  }
}
