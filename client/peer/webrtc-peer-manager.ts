/**
 * The WebRTC side of a network: one connection per attempt, offers from the higher of (rank, peer id) so that two
 * offers never meet, a budget, and another attempt after every failure, later each time.
 */
import { compareBytes, type Bytes } from '../../protocol/bytes.ts'
import type { IceServer } from '../../protocol/http.ts'
import { peerIdBytes, type PeerId } from '../../protocol/peer-id.ts'
import { decodeCandidates, decodeDescription, type CandidateSignal } from '../../protocol/signal.ts'
import type { AttemptEnd, AttemptPolicy, AttemptReport, RtcEngine } from '../api.ts'
import { nowMs } from '../clock.ts'
import { Timers, type Timer } from '../timers.ts'
import { TokenBucket } from '../token-bucket.ts'
import { Attempt, type AttemptLink, type Role } from './attempt.ts'
import { defaultAttemptPolicy } from './attempt-policy.ts'
import { reportOf, type AttemptRecord } from './attempt-record.ts'
import type { Connection } from './connection.ts'
import { ConnectionSource } from './connection-source.ts'

/**
 * What the manager needs of a peer's link.
 *
 * @internal
 */
export interface PeerLink extends AttemptLink {
  readonly id: PeerId
  readonly rank: number
  readonly rtc: boolean
  /** True once something that the peer sealed has opened. */
  readonly isVerified: boolean
  directOpened(attempt: Attempt): void
  directClosed(): void
  attemptFailed(end: AttemptEnd): void
}

export interface ManagerOptions {
  readonly engine: RtcEngine
  /** Our own place in the order of offerers. */
  readonly self: { readonly peerId: PeerId; readonly rank: number }
  readonly iceTransportPolicy: RTCIceTransportPolicy
  readonly policy?: AttemptPolicy | undefined
}

/** A peer that never answers must not use up what the engine can hold. */
const MAX_UNVERIFIED_ATTEMPTS = 3
/** Chromium allows some 500 connections in a page, closed ones included until it collects them. */
const MAX_CONNECTIONS = 64
/** A peer that walks through networks offers some times in a row; nobody has reason to offer every second for long. */
const OFFERS = { burst: 8, perSecond: 0.5 }
/** A path that dies sooner was no success: the policy hears of a failure, so that nothing flaps. */
const LASTING_MS = 3_000
/** The path that another one replaces stays this long: the other side may not have moved yet. */
const LINGER_MS = 1_000
/** An attempt that was under way for longer before the network changed has candidates of the old network. */
const STALE_MS = 1_000
/** Attempts remembered for `explain()`. */
const MAX_RECORDS = 5
/** An attempt that began without ICE servers is not doomed on a local network: it gets this long after they came. */
const LATE_SERVERS_MS = 300
/** After a connection was used, the next spare one is made when the joining rush is over. */
const PREPARE_MS = 500

interface Entry {
  readonly link: PeerLink
  readonly role: Role
  /** The direct path in use. It stays until it is dead or another one is open. */
  open?: Attempt | undefined
  /** The attempt under way. */
  attempt?: Attempt | undefined
  /** The path that `open` has taken the place of, until everything on it has arrived. */
  lingering?: Attempt | undefined
  /** The latest ones. */
  readonly records: AttemptRecord[]
  /** The newest attempt's number, ours or the offerer's. */
  number: number
  /** New attempts that the peer may cause, by an offer or by asking for one. */
  readonly offers: TokenBucket
  failures: number
  /** When a path that had lasted was lost. */
  goodUntilMs?: number
  retryAtMs?: number | undefined
  retryTimer?: Timer
}

export class WebRTCPeerManager {
  readonly #options: ManagerOptions
  readonly #entries = new Map<PeerId, Entry>()
  /** Peers whose attempt waits for the budget. */
  readonly #waiting = new Set<PeerId>()
  readonly #connections: ConnectionSource
  readonly #timers = new Timers()
  #prepareTimer: Timer | undefined
  #isSuspended = false

  constructor(options: ManagerOptions) {
    this.#options = options
    this.#connections = new ConnectionSource(options.engine, options.iceTransportPolicy)
  }

  /** The connection of each peer that has one: for inspection. */
  get peers(): ReadonlyMap<PeerId, RTCPeerConnection> {
    return this.#collect(({ pc }) => pc)
  }

  /** The frame channel of each peer that has one: for inspection. */
  get dataChannels(): ReadonlyMap<PeerId, RTCDataChannel> {
    return this.#collect(({ frames }) => frames)
  }

  get iceServers(): readonly IceServer[] {
    return this.#connections.iceServers
  }

  /** New servers count for the next attempt; one that had none and is not through soon starts over. */
  set iceServers(servers: readonly IceServer[]) {
    const hadNone = this.iceServers.length === 0
    if (hadNone && servers.length === 0) return
    this.#connections.iceServers = servers
    const early = new Set([...this.#entries.values()].map(({ attempt }) => attempt))
    if (!hadNone) return
    this.#timers.after(LATE_SERVERS_MS, () => {
      for (const { attempt, link, role } of this.#entries.values()) {
        if (attempt && early.has(attempt) && role === 'offerer') this.createOffer(link.id)
      }
    })
  }

  /**
   * The next attempt need not wait for a connection to be made.
   *
   * @internal
   */
  get isPrepared(): boolean {
    return this.#connections.isPrepared
  }

  /**
   * Makes a connection in advance, so that the first offer need not wait for it.
   *
   * @internal
   */
  prepare(): void {
    if (!this.#isSuspended) this.#connections.prepare()
  }

  /**
   * Does so when no attempt is under way: in a rush it would only be in the way.
   *
   * @internal
   */
  prepareWhenIdle(): void {
    clearTimeout(this.#prepareTimer)
    this.#prepareTimer = this.#timers.after(PREPARE_MS, () => {
      const isBusy = [...this.#entries.values()].some(({ attempt }) => attempt)
      if (isBusy) this.prepareWhenIdle()
      else this.prepare()
    })
  }

  /**
   * Begins to work for a direct path to a peer, for as long as it is here.
   *
   * @returns our role: the offerer calls {@link createOffer} when it knows its ICE servers
   * @internal
   */
  add(link: PeerLink): Role {
    const { rank, peerId } = this.#options.self
    const order = rank - link.rank || compareBytes(peerIdBytes(peerId), peerIdBytes(link.id))
    const role = order > 0 ? 'offerer' : 'answerer'
    const offers = new TokenBucket(OFFERS)
    this.#entries.set(link.id, { link, role, records: [], number: 0, offers, failures: 0 })
    return role
  }

  /**
   * Whether it works for a direct path to this peer. An answerer that was offered nothing, and has not asked, does not: the
   * other side need not think that its link is worth a connection.
   *
   * @internal
   */
  has(peer: PeerId): boolean {
    const entry = this.#entries.get(peer)
    return entry !== undefined && (entry.role === 'offerer' || entry.number + entry.failures > 0)
  }

  /** @internal */
  remove(peer: PeerId): void {
    const entry = this.#entries.get(peer)
    if (!entry) return
    this.#entries.delete(peer)
    this.#waiting.delete(peer)
    clearTimeout(entry.retryTimer)
    const { open, attempt, lingering } = entry
    entry.open = entry.attempt = undefined
    for (const over of [open, attempt, lingering]) over?.end('superseded')
    this.startWaiting()
  }

  /**
   * What was tried for a peer, the newest last, and when it is tried again.
   *
   * @internal
   */
  reportOf(peer: PeerId): { attempts: AttemptReport[]; nextAttemptInMs: number | undefined } {
    const now = nowMs()
    const { records = [], retryAtMs } = this.#entries.get(peer) ?? {}
    const nextAttemptInMs = retryAtMs === undefined ? undefined : Math.max(0, retryAtMs - now)
    return { attempts: records.map((record) => reportOf(record, now)), nextAttemptInMs }
  }

  /**
   * The direct path to a peer is in doubt: makes another one beside it, unless that is under way.
   *
   * @internal
   */
  renew(peer: PeerId): void {
    if (!this.#entries.get(peer)?.attempt) this.createOffer(peer)
  }

  /**
   * The network may have changed: whoever has no direct path tries now.
   *
   * @internal
   */
  nudge(): void {
    for (const { open, attempt, link } of this.#entries.values()) {
      const isStale = attempt && nowMs() - attempt.record.startedAtMs > STALE_MS
      if (!open && (!attempt || isStale)) this.createOffer(link.id)
    }
  }

  /**
   * The page stops running: no connection may be left.
   *
   * @internal
   */
  suspend(): void {
    this.#isSuspended = true
    for (const { open, attempt, lingering } of this.#entries.values()) {
      for (const running of [open, attempt, lingering]) running?.end('closed')
    }
    this.#connections.close()
  }

  /** @internal */
  resume(): void {
    this.#isSuspended = false
    this.nudge()
  }

  /**
   * Starts a new attempt when the budget allows it; where the other side is to offer, asks it to.
   *
   * @returns true when an attempt has begun
   */
  createOffer(peer: PeerId): boolean {
    const entry = this.#entries.get(peer)
    if (!entry?.link.rtc || this.#isSuspended) return false
    clearTimeout(entry.retryTimer)
    entry.retryAtMs = undefined
    if (entry.role === 'answerer') {
      entry.link.signal('want-offer', new Uint8Array(0))
      // It may get lost, and the offerer may not be able to.
      this.#retryLater(entry, 'timeout')
    } else if (this.#hasBudget(entry)) void this.#begin(entry, entry.number + 1)?.offer()
    else this.#waiting.add(peer)
    return entry.attempt !== undefined
  }

  /** Takes an offer from the peer that is to offer. */
  handleOffer(peer: PeerId, payload: Bytes): void {
    const entry = this.#entries.get(peer)
    const signal = decodeDescription(payload)
    if (!signal || entry?.role !== 'answerer' || signal.attempt < entry.number) return
    const isNew = signal.attempt > entry.number
    if (this.#isSuspended) return
    // Engines hold only so many connections in a page's life. The offer comes again in a second.
    if (isNew && (!this.#hasBudget(entry) || !entry.offers.take(nowMs()))) return
    const attempt = isNew ? this.#begin(entry, signal.attempt) : entry.attempt
    void attempt?.answer(signal)
  }

  /** Takes the answer to our offer. */
  handleAnswer(peer: PeerId, payload: Bytes): void {
    const signal = decodeDescription(payload)
    if (signal) void this.#current(peer, signal)?.accept(signal)
  }

  /** @internal */
  handleCandidates(peer: PeerId, payload: Bytes): void {
    const signal = decodeCandidates(payload)
    if (signal) this.#current(peer, signal)?.addCandidates(signal.candidates)
  }

  /**
   * The answerer lost its path or its network: offer anew, unless an attempt is under way.
   *
   * @internal
   */
  handleWantOffer(peer: PeerId): void {
    const entry = this.#entries.get(peer)
    if (entry?.role === 'offerer' && !entry.attempt && entry.offers.take(nowMs())) this.createOffer(peer)
  }

  /**
   * A peer was verified or an attempt ended: there may be room in the budget.
   *
   * @internal
   */
  startWaiting(): void {
    for (const peer of this.#waiting) {
      const entry = this.#entries.get(peer)
      if (!entry || !this.#hasBudget(entry)) continue
      this.#waiting.delete(peer)
      this.createOffer(peer)
    }
  }

  close(): void {
    this.#waiting.clear()
    this.#timers.clear()
    for (const peer of this.#entries.keys()) this.remove(peer)
    this.#connections.close()
  }

  #begin(entry: Entry, number: number): Attempt | undefined {
    clearTimeout(entry.retryTimer)
    entry.retryAtMs = undefined
    const earlier = entry.attempt
    entry.attempt = undefined
    earlier?.end('superseded')
    entry.number = number
    const connection = this.#connections.take()
    if (!connection) {
      // The engine is at its limit. The link stays on the relay and tries again later.
      entry.link.attemptFailed('failed')
      this.#retryLater(entry, 'failed')
      return undefined
    }
    this.prepareWhenIdle()
    const attempt = new Attempt(number, entry.role, connection, entry.link, {
      opened: () => this.#opened(entry, attempt),
      ended: (_, end) => this.#ended(entry, attempt, end),
    })
    entry.attempt = attempt
    entry.records.push(attempt.record)
    if (entry.records.length > MAX_RECORDS) entry.records.shift()
    return attempt
  }

  #opened(entry: Entry, attempt: Attempt): void {
    const { open, lingering } = entry
    lingering?.end('superseded')
    entry.lingering = open
    if (open) this.#timers.after(LINGER_MS, () => open.end('superseded'))
    entry.open = attempt
    entry.attempt = undefined
    entry.link.directOpened(attempt)
    this.startWaiting()
  }

  #ended(entry: Entry, attempt: Attempt, end: AttemptEnd): void {
    if (entry.lingering === attempt) entry.lingering = undefined
    if (entry.open === attempt) {
      entry.open = undefined
      if (nowMs() - (attempt.record.openedAtMs ?? 0) >= LASTING_MS) {
        entry.goodUntilMs = nowMs()
        entry.failures = 0
      }
      entry.link.directClosed()
    } else if (entry.attempt === attempt) {
      entry.attempt = undefined
      entry.link.attemptFailed(end)
    } else return
    this.startWaiting()
    if (!entry.open && !entry.attempt) this.#retryLater(entry, end)
  }

  /** The attempt that a signal is for, unless it is over. */
  #current(peer: PeerId, signal: CandidateSignal): Attempt | undefined {
    const { attempt, open } = this.#entries.get(peer) ?? {}
    return [attempt, open].find((running) => running?.number === signal.attempt)
  }

  #retryLater(entry: Entry, end: AttemptEnd): void {
    const { role, failures, goodUntilMs } = entry
    // A peer that has just been dropped needs no more attempts.
    if (this.#entries.get(entry.link.id) !== entry) return
    const lastGoodMsAgo = goodUntilMs === undefined ? undefined : nowMs() - goodUntilMs
    clearTimeout(entry.retryTimer)
    const delayMs = (this.#options.policy ?? defaultAttemptPolicy)({ role, end, failures, lastGoodMsAgo })
    entry.failures++
    if (delayMs === undefined) return
    entry.retryAtMs = nowMs() + delayMs
    entry.retryTimer = setTimeout(() => this.createOffer(entry.link.id), delayMs)
  }

  #hasBudget({ link }: Entry): boolean {
    const busy = [...this.#entries.values()].filter(({ attempt, open }) => attempt ?? open)
    const unverified = busy.filter((other) => !other.link.isVerified)
    return busy.length < MAX_CONNECTIONS && (link.isVerified || unverified.length < MAX_UNVERIFIED_ATTEMPTS)
  }

  #collect<T>(pick: (connection: Connection) => T): ReadonlyMap<PeerId, T> {
    const picked = new Map<PeerId, T>()
    for (const [peer, { open, attempt = open }] of this.#entries)
      if (attempt) picked.set(peer, pick(attempt.connection))
    return picked
  }
}
