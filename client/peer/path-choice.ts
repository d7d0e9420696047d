/**
 * Which of a link's two paths is to be used, told from what comes back over them: when each is to be pinged, when silence
 * means something, and which one is better. Invariant: only the answer to a ping of a doubt ends that doubt. Nothing here
 * sends; engines' connection states are not asked, since they say nothing for many seconds.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import { PathMeter } from './path-meter.ts'

export type PathKind = 'relay' | 'direct'

/**
 * What the silence of a direct path means:
 * - `suspect`: what is in flight on it should go out on the relay.
 * - `doubtful`: a fresh attempt is worth its price.
 * - `dead`: it is to be closed.
 */
export type Silence = 'suspect' | 'doubtful' | 'dead'

/** Messages in the last ten seconds: somebody would notice a dead path. */
const ACTIVE_MS = 10_000
/** A direct path is pinged after this much silence: it costs nobody anything. */
const DIRECT_SILENCE_MS = { active: 500, idle: 5_000 }
/** Also when it is not silent, to measure it; one that has just opened has better things to do first. */
const DIRECT_PING_MS = { active: 2_000, idle: 5_000 }
const SETTLE_MS = 200
/** A relayed ping is a message that the host pays for. The first one waits whether a direct path makes it unnecessary. */
const RELAY_PING_MS = { active: 10_000, idle: 60_000 }
const FIRST_RELAY_PING_MS = 1_500
/** Unanswered for this long, or for four round trips, a direct path is suspected. */
const SUSPECT_MS = 750
const SUSPECT_PING_MS = 250
/** Chromium itself needs 6 s to call a cut path disconnected, and 16 s failed. */
const DOUBTFUL_MS = 2_000
const DEAD_MS = 5_000
/** The room holds a place for 8 s and finds ghosts by itself; a peer that answers nothing for this long has no path. */
const RELAY_DEAD_MS = 10_000
/** After a nudge a single unanswered ping is reason enough for a fresh attempt. */
const NUDGED_MS = 5_000
/** A direct path (by TURN, from afar) is worse than the relay when its round trip is above twice the relay's and this. */
const DIRECT_BIAS_MS = 50
/** It gets another chance after this long, doubled each time, so that the link does not flap. */
const AVOID_MS = 10_000
const AVOID_MAX_MS = 160_000

export class PathChoice {
  /** The carrier is open and the peer, as far as is known, there. */
  relayIsUp = false
  /** When the last message went or came. */
  activeAtMs = -Infinity
  readonly relay = new PathMeter()
  /** Absent while there is no direct path. */
  #direct: PathMeter | undefined
  #suspectedAtMs: number | undefined
  /** Another attempt beside the direct path has been asked for. */
  isDoubtful = false
  /** When the last doubt ended. */
  #trustedAtMs = -Infinity
  #avoidDirectUntilMs = -Infinity
  #avoidMs = AVOID_MS
  #nudgedAtMs = -Infinity
  /** Infinite until the peer has been heard. */
  #firstRelayPingAtMs = Infinity

  /** Where new data should go; `undefined` when nowhere. */
  best(nowMs: number): PathKind | undefined {
    const isUsable = this.#direct && !this.isSuspect
    const isGood = isUsable && nowMs >= this.#avoidDirectUntilMs
    return isGood ? 'direct' : this.relayAnswers(nowMs) ? 'relay' : isUsable ? 'direct' : undefined
  }

  relayAnswers(nowMs: number): boolean {
    return this.relayIsUp && this.relay.askedAtMs + RELAY_DEAD_MS > nowMs
  }

  get hasDirect(): boolean {
    return this.#direct !== undefined
  }
  get isSuspect(): boolean {
    return this.#suspectedAtMs !== undefined
  }
  /** Anything of the peer's arrived, on either path. */
  get heardAtMs(): number {
    return Math.max(this.relay.heardAtMs, this.#direct?.heardAtMs ?? -Infinity)
  }

  meterOf(path: PathKind): PathMeter | undefined {
    return path === 'direct' ? this.#direct : this.relay
  }

  // ---- what happens ------------------------------------------------------------------------------------------------

  /** The peer was heard for the first time. */
  met(nowMs: number): void {
    this.#firstRelayPingAtMs = nowMs + FIRST_RELAY_PING_MS
  }

  directOpened(nowMs: number): void {
    this.#direct = new PathMeter()
    this.#direct.heard(nowMs)
    this.#direct.pingedAtMs = nowMs + SETTLE_MS - DIRECT_PING_MS.active
    this.activeAtMs = nowMs
    this.#suspectedAtMs = undefined
    this.#avoidDirectUntilMs = -Infinity
  }

  directClosed(): void {
    this.#direct = this.#suspectedAtMs = undefined
  }

  /** Something may have changed. */
  nudged(nowMs: number): void {
    this.#nudgedAtMs = nowMs
  }

  /** Takes a pong's payload. Returns how long its ping took; `undefined` if there is no such ping. */
  ponged(path: PathKind, payload: Bytes, nowMs: number): number | undefined {
    const sentAtMs = this.meterOf(path)?.pong(payload, nowMs)
    if (sentAtMs === undefined) return undefined
    if (path === 'direct') {
      // Only the answer to a ping of this doubt proves both directions.
      if (sentAtMs >= (this.#suspectedAtMs ?? Infinity)) {
        this.#suspectedAtMs = undefined
        this.#trustedAtMs = nowMs
      }
      // How late pings were answered because of a doubt says how long the outage was, not how slow the path is.
      if (!this.isSuspect && sentAtMs >= this.#trustedAtMs) this.#compare(nowMs)
    }
    return nowMs - sentAtMs
  }

  /** The time that passed while we slept was nobody's fault. */
  slept(lateMs: number, nowMs: number): void {
    this.relay.shift(lateMs)
    this.#direct?.shift(lateMs)
    if (this.#suspectedAtMs !== undefined) this.#suspectedAtMs = Math.min(this.#suspectedAtMs + lateMs, nowMs)
  }

  // ---- silence of the direct path ----------------------------------------------------------------------------------

  /** What it means by now, if that is new. */
  silence(nowMs: number): Silence | undefined {
    if (nowMs < this.#silenceAtMs) return undefined
    return this.isSuspect ? (this.isDoubtful ? 'dead' : 'doubtful') : 'suspect'
  }

  /** It is to prove itself. */
  suspect(nowMs: number): void {
    this.#suspectedAtMs = nowMs
    this.isDoubtful = nowMs - this.#nudgedAtMs < NUDGED_MS
  }

  get #silenceAtMs(): number {
    const suspectedAtMs = this.#suspectedAtMs
    if (suspectedAtMs !== undefined) return suspectedAtMs + (this.isDoubtful ? DEAD_MS : DOUBTFUL_MS) - SUSPECT_MS
    return (this.#direct?.askedAtMs ?? Infinity) + Math.max(SUSPECT_MS, this.#direct?.patienceMs ?? 0)
  }

  // ---- time --------------------------------------------------------------------------------------------------------

  /** When a path is to be pinged. */
  pingAtMs(path: PathKind, nowMs: number): number {
    if (path === 'relay')
      return Math.max(this.#firstRelayPingAtMs, this.relay.pingedAtMs + this.#pace(RELAY_PING_MS, nowMs))
    const direct = this.#direct
    if (!direct) return Infinity
    const { pingedAtMs, heardAtMs, askedAtMs } = direct
    if (this.isSuspect) return pingedAtMs + SUSPECT_PING_MS
    // One unanswered ping is enough to find out.
    if (askedAtMs < Infinity && pingedAtMs > heardAtMs) return Infinity
    const bySilenceMs = Math.max(heardAtMs, pingedAtMs) + this.#pace(DIRECT_SILENCE_MS, nowMs)
    return Math.min(bySilenceMs, pingedAtMs + this.#pace(DIRECT_PING_MS, nowMs))
  }

  /** When something becomes due, or another path better, if nothing else happens. The relay is pinged while it is in use. */
  nextMs(path: PathKind | undefined, nowMs: number): number {
    // What is past has been seen to.
    const changes = [this.relay.askedAtMs + RELAY_DEAD_MS, this.#avoidDirectUntilMs].filter((atMs) => atMs > nowMs)
    const relayPingAtMs = path === 'relay' ? this.pingAtMs('relay', nowMs) : Infinity
    return Math.min(this.pingAtMs('direct', nowMs), this.#silenceAtMs, relayPingAtMs, ...changes)
  }

  #pace(of: { active: number; idle: number }, nowMs: number): number {
    return nowMs - this.activeAtMs < ACTIVE_MS ? of.active : of.idle
  }

  /** A direct path that is much slower than the relay is avoided for a while. */
  #compare(nowMs: number): void {
    const { rttMs: relayMs } = this.relay
    const directMs = this.#direct?.lowerRttMs ?? 0
    if (relayMs === undefined || directMs <= 2 * relayMs + DIRECT_BIAS_MS) return
    if (nowMs < this.#avoidDirectUntilMs) return
    this.#avoidDirectUntilMs = nowMs + this.#avoidMs
    this.#avoidMs = Math.min(this.#avoidMs * 2, AVOID_MAX_MS)
  }
}
