/**
 * The WebRTC side of a network: one connection per attempt, offers from the higher of (rank, peer id) so that two
 * offers never meet, a budget, and another attempt after every failure, later each time.
 */
import { compareBytes, type Bytes } from '../../protocol/bytes.ts'
import type { Frame, FrameType } from '../../protocol/frame.ts'
import type { IceServer } from '../../protocol/http.ts'
import { peerIdBytes, type PeerId } from '../../protocol/peer-id.ts'
import { decodeCandidates, decodeDescription } from '../../protocol/signal.ts'
import type { RtcEngine } from '../api.ts'
import { Attempt, type AttemptEnd, type Role } from './attempt.ts'
import { SpareConnection } from './connection.ts'

/** What the manager needs of a peer's link. */
export interface PeerLink {
  readonly id: PeerId
  readonly rank: number
  readonly rtc: boolean
  /** True once something that the peer sealed has opened. */
  readonly isVerified: boolean
  signal(type: FrameType, payload: Bytes): void
  encode(type: FrameType, payload: Bytes): Bytes
  mac(message: Bytes): Promise<Bytes>
  directFrame(frame: Frame): void
  directWritable(): void
  /** A direct path opened. */
  directOpened(attempt: Attempt): void
  /** The direct path is gone. */
  directClosed(end: AttemptEnd): void
  attemptFailed(end: AttemptEnd): void
}

export interface ManagerOptions {
  readonly engine: RtcEngine
  /** Our own place in the order of offerers. */
  readonly self: { readonly peerId: PeerId; readonly rank: number }
  readonly iceTransportPolicy: 'all' | 'relay'
}

/** A peer that never answers must not use up what the engine can hold. */
const MAX_UNVERIFIED_ATTEMPTS = 3
/** Chromium allows some 500 connections in a page, closed ones included until it collects them. */
const MAX_CONNECTIONS = 64
/** One failed attempt tells most (97.6 % of successes come at the first try, arXiv 2510.27500): retry seldom. */
const RETRY_MS = 2_000
const RETRY_MAX_MS = 60_000
/** An attempt that began without ICE servers is not doomed on a local network: it gets this long after they came. */
const LATE_SERVERS_MS = 300
/** After a connection was used, the next spare one is made when the joining rush is over. */
const PREPARE_MS = 2_000

interface Entry {
  readonly link: PeerLink
  readonly role: Role
  attempt: Attempt | undefined
  /** The newest attempt's number, ours or the offerer's. */
  number: number
  failures: number
  retryTimer: ReturnType<typeof setTimeout> | undefined
}

export class WebRTCPeerManager {
  readonly #options: ManagerOptions
  readonly #entries = new Map<PeerId, Entry>()
  readonly #spare: SpareConnection
  #prepareTimer: ReturnType<typeof setTimeout> | undefined
  #lateTimer: ReturnType<typeof setTimeout> | undefined
  #iceServers: readonly IceServer[] = []
  /** Peers whose attempt waits for the budget. */
  readonly #waiting = new Set<PeerId>()
  #closed = false

  constructor(options: ManagerOptions) {
    this.#options = options
    this.#spare = new SpareConnection(options.engine, () => ({
      iceServers: this.#iceServers,
      iceTransportPolicy: options.iceTransportPolicy,
    }))
  }

  /** The connection of each peer that has one: for inspection. */
  get peers(): ReadonlyMap<PeerId, RTCPeerConnection> {
    return this.#collect((attempt) => attempt.connection.pc)
  }

  /** The frame channel of each peer that has one: for inspection. */
  get dataChannels(): ReadonlyMap<PeerId, RTCDataChannel> {
    return this.#collect((attempt) => attempt.connection.frames)
  }

  get iceServers(): readonly IceServer[] {
    return this.#iceServers
  }

  /** New servers count for the next attempt; one that had none and is not through soon starts over. */
  set iceServers(servers: readonly IceServer[]) {
    const hadNone = this.#iceServers.length === 0
    this.#iceServers = servers
    if (!hadNone || servers.length === 0 || this.#entries.size === 0) return
    const early = [...this.#entries.values()].filter(({ attempt, role }) => attempt && role === 'offerer')
    const attempts = early.map(({ attempt }) => attempt)
    this.#lateTimer = setTimeout(() => {
      for (const [i, entry] of early.entries()) {
        if (entry.attempt === attempts[i] && entry.attempt?.isOpen === false) this.createOffer(entry.link.id)
      }
    }, LATE_SERVERS_MS)
  }

  /** Makes a connection in advance, so that the first offer need not wait for it. */
  prepare(): void {
    // Other engines than the browsers' do not take new servers on a connection that exists.
    if (this.#options.engine.takesConfiguration) this.#spare.prepare()
  }

  /** Begins to work for a direct path to a peer, for as long as it is here. */
  add(link: PeerLink): void {
    const order = link.rank - this.#options.self.rank || comparePeers(link.id, this.#options.self.peerId)
    const role = order < 0 ? 'offerer' : 'answerer'
    const entry = { link, role, attempt: undefined, number: 0, failures: 0, retryTimer: undefined } as const
    this.#entries.set(link.id, { ...entry })
    if (role === 'offerer') this.createOffer(link.id)
  }

  remove(peer: PeerId): void {
    const entry = this.#entries.get(peer)
    if (!entry) return
    this.#entries.delete(peer)
    this.#waiting.delete(peer)
    clearTimeout(entry.retryTimer)
    const { attempt } = entry
    entry.attempt = undefined
    attempt?.end('superseded')
    this.startWaiting()
  }

  /** Starts a new attempt, if we are the one to offer and the budget allows it; otherwise asks or waits. */
  createOffer(peer: PeerId): void {
    const entry = this.#entries.get(peer)
    if (!entry || !entry.link.rtc || this.#closed) return
    clearTimeout(entry.retryTimer)
    if (entry.role === 'answerer') return entry.link.signal('want-offer', new Uint8Array(0))
    if (!this.#hasBudget(entry)) return void this.#waiting.add(peer)
    const attempt = this.#begin(entry, entry.number + 1)
    void attempt?.offer()
  }

  /** Takes an offer from the peer that is to offer. */
  handleOffer(peer: PeerId, payload: Bytes): void {
    const entry = this.#entries.get(peer)
    const signal = decodeDescription(payload)
    if (!entry || !signal || entry.role !== 'answerer' || signal.attempt < entry.number) return
    const isNew = signal.attempt > entry.number || !entry.attempt
    if (isNew && (signal.attempt === entry.number || !this.#hasBudget(entry))) return
    const attempt = isNew ? this.#begin(entry, signal.attempt) : entry.attempt
    void attempt?.answer(signal.description, signal.candidates)
  }

  /** Takes the answer to our offer. */
  handleAnswer(peer: PeerId, payload: Bytes): void {
    const signal = decodeDescription(payload)
    const attempt = this.#entries.get(peer)?.attempt
    if (signal && attempt?.number === signal.attempt) void attempt.accept(signal.description, signal.candidates)
  }

  handleCandidates(peer: PeerId, payload: Bytes): void {
    const signal = decodeCandidates(payload)
    const attempt = this.#entries.get(peer)?.attempt
    if (signal && attempt?.number === signal.attempt) attempt.addCandidates(signal.candidates)
  }

  /** The answerer's side of the network changed: offer anew, unless an attempt is under way. */
  handleWantOffer(peer: PeerId): void {
    const entry = this.#entries.get(peer)
    if (entry?.role === 'offerer' && (!entry.attempt || entry.attempt.isOpen)) this.createOffer(peer)
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#prepareTimer)
    clearTimeout(this.#lateTimer)
    for (const peer of [...this.#entries.keys()]) this.remove(peer)
    this.#spare.close()
  }

  #begin(entry: Entry, number: number): Attempt | undefined {
    const { link } = entry
    const old = entry.attempt
    entry.attempt = undefined
    entry.number = number
    old?.end('superseded')
    let connection
    try {
      connection = this.#spare.take()
    } catch {
      // The engine is at its limit. The link stays on the relay and tries again later.
      link.attemptFailed('failed')
      this.#retryLater(entry)
      return undefined
    }
    this.#prepareSoon()
    const attempt: Attempt = new Attempt(number, entry.role, connection, {
      signal: (type, payload) => link.signal(type, payload),
      encode: (type, payload) => link.encode(type, payload),
      mac: (message) => link.mac(message),
      frame: (frame) => link.directFrame(frame),
      writable: () => link.directWritable(),
      opened: () => {
        entry.failures = 0
        link.directOpened(attempt)
        this.startWaiting()
      },
      ended: (end) => this.#ended(entry, attempt, end),
    })
    entry.attempt = attempt
    return attempt
  }

  #ended(entry: Entry, attempt: Attempt, end: AttemptEnd): void {
    if (attempt.wasOpen) entry.link.directClosed(end)
    if (entry.attempt !== attempt) return
    entry.attempt = undefined
    if (!attempt.wasOpen && end !== 'superseded') entry.link.attemptFailed(end)
    this.startWaiting()
    if (this.#entries.get(entry.link.id) === entry) this.#retryLater(entry)
  }

  #retryLater(entry: Entry): void {
    // The answerer asks later than the offerer would act by itself, so that the two do not cross.
    const delayMs = Math.min(RETRY_MS * 2 ** entry.failures++, RETRY_MAX_MS) * (entry.role === 'offerer' ? 1 : 2)
    clearTimeout(entry.retryTimer)
    entry.retryTimer = setTimeout(() => this.createOffer(entry.link.id), delayMs * (0.5 + Math.random() / 2))
  }

  #hasBudget(entry: Entry): boolean {
    const busy = [...this.#entries.values()].filter(({ attempt }) => attempt)
    if (busy.length >= MAX_CONNECTIONS) return false
    const unverified = busy.filter(({ link, attempt }) => !link.isVerified && attempt?.isOpen === false)
    return entry.link.isVerified || unverified.length < MAX_UNVERIFIED_ATTEMPTS
  }

  /** A peer was verified or an attempt ended: there may be room in the budget. */
  startWaiting(): void {
    for (const peer of this.#waiting) {
      const entry = this.#entries.get(peer)
      if (entry && !this.#hasBudget(entry)) continue
      this.#waiting.delete(peer)
      if (entry && !entry.attempt) this.createOffer(peer)
    }
  }

  #prepareSoon(): void {
    clearTimeout(this.#prepareTimer)
    this.#prepareTimer = setTimeout(() => this.prepare(), PREPARE_MS)
  }

  #collect<T>(pick: (attempt: Attempt) => T): ReadonlyMap<PeerId, T> {
    const picked = new Map<PeerId, T>()
    for (const [peer, { attempt }] of this.#entries) if (attempt) picked.set(peer, pick(attempt))
    return picked
  }
}

function comparePeers(a: PeerId, b: PeerId): number {
  return compareBytes(peerIdBytes(a), peerIdBytes(b))
}
