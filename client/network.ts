/**
 * Being in a network. This is where the pieces meet: the room's carrier brings announcements and envelopes, each peer
 * that is let in gets a link, and the manager works for direct paths.
 */
import type { ProvenAnnouncement } from '../protocol/announcement.ts'
import { compareBytes, toBase64Url, type Bytes } from '../protocol/bytes.ts'
import { decodeIntro, encodeIntro, type Envelope } from '../protocol/envelope.ts'
import type { IceAnswer, IceServer } from '../protocol/http.ts'
import {
  ENVELOPE_HEADER_BYTES,
  FULL_LIST_PEERS,
  MAX_ANNOUNCEMENT_AGE_MS,
  MAX_INTRO_ENVELOPE_BYTES,
  SEAL_OVERHEAD_BYTES,
} from '../protocol/limits.ts'
import { networkIdText } from '../protocol/network.ts'
import type { PeerId } from '../protocol/peer-id.ts'
import { encodeRenew, type Refusal, type RoomMessage } from '../protocol/room-messages.ts'
import type {
  Applicant,
  Data,
  JoinOptions,
  JoinPhase,
  Network,
  NetworkEvents,
  NetworkState,
  Peer,
  Sendable,
  Sending,
  SendOptions,
} from './api.ts'
import { RoomCarrier } from './carrier/room.ts'
import { nowMs, type Clock } from './clock.ts'
import { EdgeNetError } from './errors.ts'
import { Emitter, type ListenOptions } from './events.ts'
import { fetchIceServers } from './ice.ts'
import { followLifecycle } from './lifecycle.ts'
import type { Session } from './identity/session.ts'
import { adviceFor } from './peer/advice.ts'
import { Arrivals } from './peer/arrivals.ts'
import { BigMessageSlots } from './peer/big-message-slots.ts'
import { Faults } from './peer/faults.ts'
import { Reception } from './peer/reception.ts'
import { RemotePeer, type PeerHost, type PeerKeys } from './peer/remote-peer.ts'
import type { WebRTCPeerManager } from './peer/webrtc-peer-manager.ts'
import type { RoomUrl } from './room-url.ts'
import { Timers, type Timer } from './timers.ts'

/** The first attempts wait this long for ICE servers, if the welcome brought none. */
const ICE_WAIT_MS = 30
/** Making a connection keeps the thread busy for milliseconds; what the two say first goes before it. */
const FIRST_WORDS_MS = 4
/** Welcomes that take longer come from far away. */
const PREPARE_WHILE_WAITING_MS = 20
/** A host that could not give ICE servers is asked again, not urgently. */
const ICE_RETRY_MS = 60_000
/** How often joining tries before it says that the room is unreachable. */
const DEFAULT_ATTEMPTS = 3
/** A goodbye needs one message over an idle channel; without the pause some are lost (measured). */
const BYE_FLUSH_MS = 30
/** What was sent before closing is acknowledged within a round trip and the other side's patience; a dead peer never does it. */
const FLUSH_MS = 500
const FLUSH_CHECK_MS = 10
/** A link without any path is kept this long: people change trains. */
const STALLED_MS = 60_000
const MAX_STALLED_MS = 300_000
/** What all that send to us over the relay may have on the way together; the room's memory is at stake. Some for everybody. */
const RELAY_CREDIT_BYTES = 1_048_576
const MIN_RELAY_CREDIT_BYTES = 65_536

export interface NetworkParts {
  readonly room: RoomUrl
  readonly session: Session
  readonly clock: Clock
  readonly options: JoinOptions
  /** Absent when this client makes no direct paths. */
  readonly manager: WebRTCPeerManager | undefined
}

export class JoinedNetwork implements Network {
  readonly peers = new Map<PeerId, Peer>()
  readonly blocked: Set<string>
  readonly name: string
  readonly id: string
  readonly roomUrl: string
  readonly peerId: PeerId
  readonly siteId: string
  state: NetworkState = 'reconnecting'
  total = 0
  readonly #parts: NetworkParts
  readonly #carrier: RoomCarrier
  readonly #arrivals: Arrivals
  readonly #reception = new Reception()
  readonly #emitter = new Emitter<NetworkEvents>((cause, type) => this.#handlerFailed(cause, type))
  readonly #host: PeerHost
  /** Every peer with a link, verified or not. */
  readonly #remotes = new Map<PeerId, RemotePeer>()
  /** Who takes the messages of channels other than the application's. */
  readonly #channels = new Map<number, (event: NetworkEvents['message']) => unknown>()
  readonly #faults = new Faults()
  readonly #abort = new AbortController()
  readonly #timers = new Timers()
  #iceTimer: Timer | undefined
  /** ICE servers are being asked for, or were. */
  #iceSettled: Promise<unknown> | undefined
  /** Settles `enter`; absent before and after. */
  #entering: { resolve(): void; reject(error: EdgeNetError): void } | undefined
  /** The last one, for a reason that passes. */
  #refusal: Refusal | undefined
  #closing: Promise<void> | undefined
  /** The room dropped something, and asked for a pause. */
  #wasLimited = false
  #stopFollowing: (() => void) | undefined
  /** Whom the last welcome did not list. */
  #missing = new Set<RemotePeer>()

  constructor(parts: NetworkParts) {
    const { room, session, clock, options, manager } = parts
    this.#parts = parts
    this.name = room.network
    this.id = networkIdText(session.core.network)
    this.roomUrl = room.http
    this.peerId = session.peerId
    this.siteId = toBase64Url(session.core.identity)
    this.blocked = new Set(options.blocked)
    this.#arrivals = new Arrivals(session, clock, {
      remotes: this.#remotes,
      authorize: (applicant) => this.#asksAuthorize(applicant),
      link: (announcement, keys) => (this.#closing ? undefined : this.#link(announcement, keys)),
    })
    this.#host = this.#peerHost()
    this.#carrier = new RoomCarrier(room.webSocket, () => session.ticket('join', room.host), {
      connecting: () => {
        this.#refusal = undefined
        this.#phase('connecting')
        // Over a distance the wait for the welcome is time to prepare the first direct path. Nearby, preparing would only
        // delay the welcome: making a connection keeps the thread busy for some milliseconds.
        this.#timers.after(PREPARE_WHILE_WAITING_MS, () => this.#entering && manager?.prepare())
      },
      message: (message) => this.#message(message),
      envelope: (envelope) => this.#envelope(envelope),
      ready: () => this.#ready(),
      refused: (refusal) => this.#refusedFor(refusal),
      down: (failures, cause) => this.#down(failures, cause),
      rejected: (refusal) => this.#fail(refusalError(refusal)),
    })
  }

  // ---- joining and leaving -----------------------------------------------------------------------------------------

  /** Connects; resolves with the first welcome. */
  async enter(): Promise<this> {
    const { options, manager } = this.#parts
    const entered = new Promise<void>((resolve, reject) => (this.#entering = { resolve, reject }))
    options.signal?.addEventListener('abort', () => void this.close(), { signal: this.#abort.signal })
    if (manager && options.iceServers) manager.iceServers = options.iceServers
    this.#stopFollowing = followLifecycle({
      nudge: () => this.nudge(),
      leave: () => void this.close(),
      suspend: () => {
        this.#carrier.suspend()
        manager?.suspend()
      },
      resume: () => {
        this.#carrier.resume()
        manager?.resume()
      },
    })
    this.#carrier.connect()
    this.#timers.after(MAX_ANNOUNCEMENT_AGE_MS / 2, () => this.#renew())
    if (options.signal?.aborted) void this.close()
    await entered
    return this
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#leave())
  }

  async #leave(): Promise<void> {
    // In a small room the room itself tells everybody at once, and a page that is going away has no time to seal; but
    // what has been sent already arrives first, if the peer answers.
    const isLarge = this.total > FULL_LIST_PEERS
    const remotes = [...this.#remotes.values()]
    const isUnsettled = () => remotes.some(({ isVerified, isSettled }) => isVerified && !isSettled)
    const needsTime = isUnsettled() || remotes.some(({ isDirect, isSealing }) => isSealing || (isLarge && !isDirect))
    for (let waitedMs = 0; waitedMs < FLUSH_MS && isUnsettled(); waitedMs += FLUSH_CHECK_MS) {
      await this.#pause(FLUSH_CHECK_MS)
    }
    const byes = remotes.map((remote) => remote.bye())
    if (needsTime) await Promise.all(byes)
    const carrierClosed = this.#carrier.close()
    this.#setState('closed')
    this.#abort.abort()
    this.#stopFollowing?.()
    this.#timers.clear()
    this.#entering?.reject(closedError())
    // Closing a connection discards what its channels have queued.
    if (remotes.some(({ isDirect }) => isDirect)) await this.#pause(BYE_FLUSH_MS)
    for (const remote of this.#remotes.values()) this.#drop(remote, 'closed')
    this.#parts.manager?.close()
    await carrierClosed
    this.#emitter.clear()
  }

  #down(failures: number, cause: unknown): void {
    const { options, room } = this.#parts
    for (const remote of this.#remotes.values()) remote.relayDown()
    if (!this.#entering) return this.#setState('reconnecting')
    if (failures < (options.attempts ?? DEFAULT_ATTEMPTS)) return
    const hint = 'Check the URL and the network; proxies must pass WebSockets.'
    const message = `No answer from ${room.http}.`
    const unreachable = new EdgeNetError('room-unreachable', 'no-answer', message, hint, { cause })
    this.#fail(this.#refusal ? refusalError(this.#refusal) : unreachable)
  }

  /** The end, for a reason that trying again does not mend. */
  #fail(error: EdgeNetError): void {
    this.#entering?.reject(error)
    this.#setState('closed', error)
    void this.close()
  }

  #refusedFor(refusal: Refusal): void {
    const { clock, session } = this.#parts
    this.#refusal = refusal
    if (refusal.code === 'ticket-clock' || refusal.code === 'announcement-expired') {
      clock.correct(refusal.serverTimeMs)
      session.ticketRefused()
      // The next ticket waits for it, and reports it if it fails.
      session.announce().catch(() => undefined)
    } else if (!this.#entering && this.#faults.note(undefined, nowMs())) {
      this.#emitter.emit('error', { error: refusalError(refusal) })
    }
  }

  async #renew(): Promise<void> {
    const { session } = this.#parts
    this.#timers.after(MAX_ANNOUNCEMENT_AGE_MS / 2, () => this.#renew())
    try {
      await session.announce()
      this.#carrier.send(encodeRenew(toBase64Url(session.announcement)))
    } catch (cause) {
      this.#handlerFailed(cause)
    }
  }

  async #refreshIceServers(): Promise<void> {
    const { room, session } = this.#parts
    const ticket = () => session.ticket('ice', room.host)
    this.#useIceServers(await fetchIceServers(room.ice, ticket, this.#abort.signal))
  }

  /** Takes servers into use and asks for new ones at half of their life. */
  #useIceServers(ice: IceAnswer | undefined): void {
    const { manager, clock } = this.#parts
    if (!manager || this.#closing) return
    if (ice) manager.iceServers = ice.iceServers
    const lifeMs = ice ? (ice.expiresAtMs ?? Infinity) - clock.nowMs() : 0
    clearTimeout(this.#iceTimer)
    this.#iceTimer = this.#timers.after(Math.max(lifeMs / 2, ICE_RETRY_MS), () => this.#refreshIceServers())
  }

  // ---- what applications use ---------------------------------------------------------------------------------------

  get iceServers(): readonly IceServer[] {
    return this.#parts.manager?.iceServers ?? []
  }

  on<Type extends keyof NetworkEvents>(
    type: Type,
    handler: (event: NetworkEvents[Type]) => unknown,
    options?: ListenOptions,
  ): () => void {
    // What has waited for a listener comes after the caller has got what this returns.
    if (type === 'message') queueMicrotask(() => this.#remotes.forEach((remote) => remote.drain()))
    return this.#emitter.on(type, handler, options)
  }

  send(peer: PeerId, data: Sendable, options?: SendOptions): Sending {
    const remote = this.#remotes.get(peer)
    if (remote && !this.#closing) return remote.send(data, options)
    const unknown = () =>
      new EdgeNetError('peer-unknown', 'unknown', `No peer ${peer} here.`, 'Send to one of network.peers.')
    const failed = Promise.reject<void>(this.#closing ? closedError() : unknown())
    const delivered = failed.then(() => undefined)
    delivered.catch(() => undefined)
    return Object.assign(failed, { id: 0, delivered })
  }

  async broadcast(data: Sendable, options?: SendOptions): Promise<void> {
    await Promise.all([...this.peers.values()].map((peer) => peer.send(data, options)))
  }

  channel(channel: number, handler: (event: NetworkEvents['message']) => unknown): () => void {
    this.#channels.set(channel, handler)
    return () => {
      if (this.#channels.get(channel) === handler) this.#channels.delete(channel)
    }
  }

  nudge(): void {
    this.#carrier.nudge()
    for (const remote of this.#remotes.values()) remote.nudge()
    this.#parts.manager?.nudge()
  }

  async authorize(peer: Applicant): Promise<boolean> {
    if (this.blocked.has(peer.id) || this.blocked.has(peer.siteId)) return false
    return (await this.#parts.options.authorize?.(peer)) ?? true
  }

  block(id: string): void {
    this.blocked.add(id)
    for (const remote of this.#remotes.values()) {
      if (remote.id === id || remote.siteId === id) this.#drop(remote, 'blocked')
    }
  }

  unblock(id: string): void {
    this.blocked.delete(id)
    this.#arrivals.reconsider()
  }

  // ---- from the room -----------------------------------------------------------------------------------------------

  #message(message: RoomMessage): void {
    const remote = 'peerId' in message ? this.#remotes.get(message.peerId) : undefined
    if ('total' in message) this.#setTotal(message.total)
    switch (message.type) {
      case 'welcome':
        return void this.#welcomed(message)
      case 'peer-list':
        for (const { announcement } of message.peers) void this.#meetListed(announcement)
        return
      case 'peer-joined':
        return void this.#joined(message)
      case 'peer-left':
        if (message.lost) return remote?.relayDown()
        // A healthy direct path outlives the peer's place in the room, and its last words are heard before it goes.
        if (remote) void remote.drained.then(() => this.#departed(remote))
        return
      // Away: the room keeps the peer's place. Gone: it knows no such peer. Either may come back.
      case 'away':
      case 'gone':
        return remote?.relayDown()
      case 'limited':
        this.#wasLimited = true
        return
      // The carrier's matter.
      case 'error':
        return
    }
  }

  async #welcomed({ serverTimeMs, peers, total, ice }: Extract<RoomMessage, { type: 'welcome' }>): Promise<void> {
    const { session, clock, options, manager } = this.#parts
    clock.correct(serverTimeMs)
    session.ticketAccepted()
    this.#setState('open')
    if (manager && !options.iceServers) {
      if (ice) this.#useIceServers(ice)
      else this.#iceSettled = this.#refreshIceServers()
    }
    const welcomedAtMs = nowMs()
    const missing = (this.#missing = new Set(peers.length >= total - 1 ? this.#remotes.values() : []))
    this.#relayRestarted()
    if (this.#entering) this.#phase('welcome')
    this.#entering?.resolve()
    this.#entering = undefined
    manager?.prepareWhenIdle()
    for (const met of await Promise.all(peers.map(({ announcement }) => this.#meetListed(announcement)))) {
      if (met) missing.delete(met)
    }
    // After a deploy all come back together: some have been heard meanwhile.
    for (const remote of missing) if (remote.heardAtMs < welcomedAtMs) remote.relayDown()
  }

  async #joined({ peer, resumed }: Extract<RoomMessage, { type: 'peer-joined' }>): Promise<void> {
    const met = await this.#meetListed(peer.announcement)
    // Somebody whom we know has a new socket; what went to the old one may be lost.
    if (!met) return
    this.#missing.delete(met)
    if (resumed || met.state === 'stalled') met.relayUp()
  }

  /** The carrier takes bulk again. What went to a room that had its fill was dropped. */
  #ready(): void {
    if (this.#wasLimited) return this.#relayRestarted()
    for (const remote of this.#remotes.values()) remote.pump()
  }

  #relayRestarted(): void {
    this.#wasLimited = false
    for (const remote of this.#remotes.values()) remote.relayUp()
  }

  #departed(remote: RemotePeer): void {
    if (!remote.isDirect) return this.#drop(remote, 'left')
    remote.relayDown()
    remote.hasLeftRoom = true
  }

  // ---- envelopes ---------------------------------------------------------------------------------------------------

  #envelope({ kind, peer: from, body }: Envelope): void {
    if (this.#closing || this.blocked.has(from)) return
    const remote = this.#remotes.get(from)
    if (kind === 'who') return remote?.hello()
    const intro = kind === 'intro' ? decodeIntro(body) : undefined
    if (kind === 'intro' && !intro) return this.#misbehaved(from, 'intro-malformed')
    const sealed = intro?.sealed ?? body
    const isKnown = !intro || (remote && compareBytes(remote.announcement.bytes, intro.announcement) === 0)
    if (remote && isKnown) return remote.receive(kind, sealed)
    if (this.#reception.hold(from, { kind, sealed }, nowMs())) {
      this.#carrier.sendEnvelope('who', from, new Uint8Array(0))
    }
    if (intro && this.#reception.mayVerify(nowMs())) void this.#introduced(from, intro.announcement)
  }

  async #introduced(from: PeerId, announcement: Bytes): Promise<void> {
    const met = await this.#arrivals.introduced(from, announcement)
    if (typeof met === 'string' && met) this.#misbehaved(from, met)
    for (const { kind, sealed } of this.#reception.release(from)) this.#remotes.get(from)?.receive(kind, sealed)
  }

  // ---- peers -------------------------------------------------------------------------------------------------------

  /** Meets somebody whom the room lists. Nobody but the room is to blame when the announcement is bad. */
  async #meetListed(announcement: Bytes): Promise<RemotePeer | undefined> {
    const met = await this.#arrivals.meet(announcement)
    if (typeof met !== 'string') return met
    if (met) this.#misbehaved(undefined, met)
    return undefined
  }

  async #asksAuthorize(applicant: Applicant): Promise<boolean> {
    try {
      return await this.authorize(applicant)
    } catch (cause) {
      this.#handlerFailed(cause)
      return false
    }
  }

  #link(announcement: ProvenAnnouncement, keys: PeerKeys): RemotePeer {
    const remote = new RemotePeer(announcement, keys, this.#host)
    this.#remotes.set(remote.id, remote)
    this.#shareRelay()
    if (this.state === 'open') remote.relayUp()
    this.#emitter.emit('announced', { peer: remote })
    void this.#goDirect(remote)
    return remote
  }

  async #goDirect(remote: RemotePeer): Promise<void> {
    const { manager } = this.#parts
    if (manager?.add(remote) !== 'offerer') return remote.hello()
    if (this.#iceSettled) await Promise.race([this.#iceSettled, this.#pause(ICE_WAIT_MS)])
    else if (!manager.isPrepared) await this.#pause(FIRST_WORDS_MS)
    // An offer introduces us as well as a hello does.
    if (!manager.createOffer(remote.id)) remote.hello()
  }

  #drop(remote: RemotePeer, reason: NetworkEvents['peer-left']['reason']): void {
    if (this.#remotes.get(remote.id) !== remote) return
    this.#remotes.delete(remote.id)
    this.peers.delete(remote.id)
    const unconfirmed = remote.close()
    this.#parts.manager?.remove(remote.id)
    this.#shareRelay()
    this.#emitter.emit('peer-left', { peer: remote, reason, unconfirmed })
  }

  /** Divides what may be on the way to us over the relay among those who use it. */
  #shareRelay(): void {
    const relayed = [...this.#remotes.values()].filter(({ path }) => path.kind === 'relay')
    const bytes = Math.max(MIN_RELAY_CREDIT_BYTES, Math.floor(RELAY_CREDIT_BYTES / relayed.length))
    for (const remote of relayed) remote.relayCreditBytes = bytes
  }

  /** Hands a message to the application. False when nobody takes it now; what is for a channel without a taker is dropped. */
  #deliver(peer: RemotePeer, channel: number, data: Data): boolean {
    const event = { peer, data }
    if (channel === 0) return this.#closing ? true : this.#emitter.emit('message', event)
    const taker = this.#channels.get(channel)
    if (taker && !this.#closing) this.#emitter.call(taker, event, 'message')
    return true
  }

  #peerHost(): PeerHost {
    const { manager, session, options } = this.#parts
    return {
      slots: new BigMessageSlots(),
      stalledMs: Math.min(options.stalledMs ?? STALLED_MS, MAX_STALLED_MS),
      carry: (peer, kind, sealed) => {
        const body = kind === 'intro' ? encodeIntro(session.announcement, sealed) : sealed
        this.#carrier.sendEnvelope(kind, peer, body)
      },
      carrierIsReady: () => this.#carrier.isReady,
      introFrameBytes: () =>
        MAX_INTRO_ENVELOPE_BYTES - ENVELOPE_HEADER_BYTES - 2 - session.announcement.length - SEAL_OVERHEAD_BYTES,
      verified: (peer) => {
        this.peers.set(peer.id, peer)
        manager?.startWaiting()
        this.#emitter.emit('peer', { peer })
      },
      restarted: (peer, incarnation, frame) => {
        this.#drop(peer, 'restarted')
        if (!this.#closing) this.#link(peer.announcement, peer.keys).opened(incarnation, frame)
      },
      ended: (peer, reason) => this.#drop(peer, reason),
      signal: ({ id }, { type, payload }) => {
        if (type === 'offer') manager?.handleOffer(id, payload)
        if (type === 'answer') manager?.handleAnswer(id, payload)
        if (type === 'ice-candidate') manager?.handleCandidates(id, payload)
        if (type === 'want-offer') manager?.handleWantOffer(id)
      },
      directDoubtful: ({ id }) => manager?.renew(id),
      pathChanged: (peer) => {
        this.#shareRelay()
        // What silences a direct path, as a change of networks, silences the socket, too: find out while it is fresh.
        if (peer.isSuspect) this.#carrier.nudge()
        this.#emitter.emit('path', { peer, path: peer.path })
      },
      deliver: (peer, channel, data) => this.#deliver(peer, channel, data),
      explain: ({ id, rtc, isDirect }) => {
        const { attempts, nextAttemptInMs } = manager?.reportOf(id) ?? { attempts: [], nextAttemptInMs: undefined }
        const relayIsUp = this.state === 'open'
        const { iceServers } = this
        const facts = { rtcHere: manager !== undefined, rtcThere: rtc, relayIsUp, isDirect, iceServers, attempts }
        return { relayIsUp, attempts, nextAttemptInMs, advice: adviceFor(facts) }
      },
      misbehaved: (peer, reason) => this.#misbehaved(peer, reason),
      emit: (type, event) => {
        if (!this.#closing) this.#emitter.emit(type, event)
      },
    }
  }

  // ---- small things ------------------------------------------------------------------------------------------------

  #setState(state: NetworkState, error?: EdgeNetError): void {
    if (this.state === state || this.state === 'closed') return
    this.state = state
    this.#emitter.emit('state', { state, ...(error && { error }) })
  }

  #setTotal(total: number): void {
    if (this.total === total) return
    this.total = total
    this.#emitter.emit('total', { total })
  }

  /** @param from in whose name it came; `undefined` when the room itself is at fault */
  #misbehaved(from: PeerId | undefined, reason: string): void {
    if (!this.#faults.note(from, nowMs())) return
    const hint = 'It was dropped. The client is faulty or the host tampers.'
    const name = from ?? 'the room'
    const error = new EdgeNetError('peer-misbehaved', reason, `Bad input in the name of ${name} (${reason}).`, hint)
    const peer = from && this.#remotes.get(from)
    this.#emitter.emit('error', { error, ...(peer && { peer }) })
  }

  #phase(phase: JoinPhase): void {
    try {
      this.#parts.options.onPhase?.(phase)
    } catch (cause) {
      this.#handlerFailed(cause)
    }
  }

  #handlerFailed(cause: unknown, type?: keyof NetworkEvents): void {
    // Only the runtime is left to tell when a handler of errors fails: told of itself it would fail for ever.
    if (type === 'error') return void Promise.reject(cause)
    const hint = 'Mend it by the cause; all else went on.'
    const error = new EdgeNetError('handler-failed', 'threw', 'A handler, callback or identity failed.', hint, {
      cause,
    })
    this.#emitter.emit('error', { error })
  }

  #pause(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.#timers.after(durationMs, resolve))
  }
}

function closedError(): EdgeNetError {
  return new EdgeNetError('aborted', 'closed', 'The network was closed.', 'Call join() again.')
}

function refusalError({ code, message, hint, retryAfterMs }: Refusal): EdgeNetError {
  return new EdgeNetError('join-refused', code, message, hint, { retryAfterMs })
}
