/**
 * Being in a network. This is where the pieces meet: the room's carrier brings announcements and envelopes, each peer
 * that is let in gets a link, and the manager works for direct paths.
 */
import { proveAnnouncement, type AnnouncementFault, type ProvenAnnouncement } from '../protocol/announcement.ts'
import { toBase64Url, type Bytes } from '../protocol/bytes.ts'
import { decodeIntro, encodeIntro, type Envelope } from '../protocol/envelope.ts'
import type { Frame } from '../protocol/frame.ts'
import type { IceServer } from '../protocol/http.ts'
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
import type { Applicant, Data, JoinOptions, Network, NetworkEvents, NetworkState, Peer } from './api.ts'
import { RoomCarrier } from './carrier/room.ts'
import type { Clock } from './clock.ts'
import { EdgeNetError } from './errors.ts'
import { Emitter, type ListenOptions } from './events.ts'
import { fetchIceServers } from './ice.ts'
import type { Session } from './identity/session.ts'
import { Acquaintances } from './peer/acquaintances.ts'
import { Reception } from './peer/reception.ts'
import { RemotePeer, type LeaveReason, type RemotePeerKeys } from './peer/remote-peer.ts'
import type { WebRTCPeerManager } from './peer/webrtc-peer-manager.ts'
import type { RoomUrl } from './room-url.ts'

/** Links at once; in a large room every newcomer makes up to 32 of them, and others make some to it. */
const MAX_PEERS = 128
/** Who is missing from the room without a bye may be reconnecting, as after a deploy: this long it keeps its link. */
const ABSENT_MS = 10_000
/** The first attempts wait this long for ICE servers after the welcome: they were asked for at the same time. */
const ICE_WAIT_MS = 30
/** `authorize` is asked once per announcement; refusals are remembered for this many peers. */
const MAX_REFUSED = 1_024
/** A host that lies can make nobody report more than this many faults of one peer. */
const MAX_FAULTS_REPORTED = 8

type Timer = ReturnType<typeof setTimeout>

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
  state: NetworkState = 'reconnecting'
  total = 0
  readonly #parts: NetworkParts
  readonly #carrier: RoomCarrier
  readonly #acquaintances: Acquaintances
  readonly #reception = new Reception()
  readonly #emitter: Emitter<NetworkEvents>
  /** Every peer with a link, verified or not. */
  readonly #remotes = new Map<PeerId, RemotePeer>()
  /** Announcements being verified, by their text. */
  readonly #proofs = new Map<string, Promise<ProvenAnnouncement | AnnouncementFault>>()
  readonly #arrivals = new Map<PeerId, Promise<RemotePeer | undefined>>()
  readonly #refused = new Map<PeerId, number>()
  readonly #faults = new Map<PeerId, number>()
  readonly #abort = new AbortController()
  readonly #timers = new Set<Timer>()
  #iceTimer: Timer | undefined
  #announcement: Bytes = new Uint8Array(0)
  #iceSettled: Promise<unknown> = Promise.resolve()
  #joined: { resolve(): void; reject(error: EdgeNetError): void } | undefined
  #closing: Promise<void> | undefined

  constructor(parts: NetworkParts) {
    const { room, session, clock, options } = parts
    this.#parts = parts
    this.blocked = new Set(options.blocked)
    this.#acquaintances = new Acquaintances(session)
    this.#emitter = new Emitter((cause) => this.#handlerFailed(cause))
    const carrierOptions = {
      url: room.webSocket,
      ticket: () => session.ticket('join', room.host),
      nowMs,
      random: () => Math.random(),
    }
    this.#carrier = new RoomCarrier(carrierOptions, {
      connecting: () => options.onPhase?.('connecting'),
      message: (message) => this.#message(message),
      envelope: (envelope) => this.#envelope(envelope),
      refused: (refusal) => this.#refusedFor(refusal, clock),
      down: (failures) => this.#down(failures),
      rejected: (refusal) => this.#rejected(refusal),
    })
  }

  // ---- joining and leaving -----------------------------------------------------------------------------------------

  /** Connects; resolves with the first welcome. */
  async enter(): Promise<this> {
    const { signal } = this.#parts.options
    const entered = new Promise<void>((resolve, reject) => (this.#joined = { resolve, reject }))
    signal?.addEventListener('abort', () => void this.close(), { signal: this.#abort.signal })
    this.#announcement = await this.#parts.session.announcement
    this.#carrier.connect()
    // While the socket connects there is time for what the first direct path will need.
    this.#iceSettled = this.#refreshIceServers()
    this.#parts.manager?.prepare()
    this.#after(MAX_ANNOUNCEMENT_AGE_MS / 2, () => this.#renew())
    if (signal?.aborted) void this.close()
    await entered
    return this
  }

  close(): Promise<void> {
    this.#closing ??= this.#leave()
    return this.#closing
  }

  async #leave(): Promise<void> {
    // In a small room the room's own notice tells everybody at once, and a page that is being closed has no time to seal.
    const overRelay = this.total > FULL_LIST_PEERS
    const byes = [...this.#remotes.values()].map((remote) => remote.bye(overRelay && !remote.isDirect))
    if (overRelay) await Promise.all(byes)
    const carrierClosed = this.#carrier.close()
    this.#setState('closed')
    this.#abort.abort()
    for (const timer of this.#timers) clearTimeout(timer)
    this.#joined?.reject(new EdgeNetError('aborted', 'closed', 'Joining was given up.', 'Call join() again.'))
    // Closing a connection discards what its channels have queued.
    if (byes.length > 0) await new Promise((resolve) => setTimeout(resolve, BYE_FLUSH_MS))
    for (const remote of this.#remotes.values()) this.#drop(remote, 'closed')
    this.#parts.manager?.close()
    await carrierClosed
    this.#emitter.clear()
  }

  #down(failures: number): void {
    const { options, room } = this.#parts
    if (this.#joined && failures >= (options.attempts ?? DEFAULT_ATTEMPTS)) {
      const hint = 'Check the URL and the network; programs behind a proxy need WebSockets to pass it.'
      const error = new EdgeNetError('room-unreachable', 'no-answer', `No answer from ${room.http}.`, hint)
      this.#joined.reject(error)
      this.#joined = undefined
      return void this.close()
    }
    if (!this.#joined) this.#setState('reconnecting')
  }

  #rejected(refusal: Refusal): void {
    const error = refusalError(refusal)
    this.#joined?.reject(error)
    this.#joined = undefined
    this.#setState('closed', error)
    void this.close()
  }

  #refusedFor(refusal: Refusal, clock: Clock): void {
    if (refusal.code === 'ticket-clock' || refusal.code === 'announcement-expired') {
      clock.correct(refusal.serverTimeMs)
      void this.#parts.session.announce().then((announcement) => (this.#announcement = announcement))
      // The ticket that asked for ICE servers bore the same wrong time.
      this.#iceSettled = this.#refreshIceServers()
      return
    }
    if (!this.#joined) this.#emitter.emit('error', { error: refusalError(refusal) })
  }

  #renew(): void {
    void this.#parts.session.announce().then((announcement) => {
      this.#announcement = announcement
      this.#carrier.sendBytes(encodeRenew(toBase64Url(announcement)))
      this.#after(MAX_ANNOUNCEMENT_AGE_MS / 2, () => this.#renew())
    })
  }

  async #refreshIceServers(): Promise<void> {
    const { manager, options, room, session, clock } = this.#parts
    if (!manager) return
    if (options.iceServers) {
      manager.iceServers = options.iceServers
      return
    }
    const ticket = await session.ticket('ice', room.host)
    const offer = await fetchIceServers(room.ice, ticket, () => clock.nowMs(), this.#abort.signal)
    if (this.#closing) return
    if (this.#iceTimer) this.#cancel(this.#iceTimer)
    if (offer) manager.iceServers = offer.iceServers
    this.#iceTimer = this.#after(offer?.refreshAfterMs ?? ICE_RETRY_MS, () => void this.#refreshIceServers())
  }

  // ---- what applications use ---------------------------------------------------------------------------------------

  get name(): string {
    return this.#parts.room.network
  }
  get id(): string {
    return networkIdText(this.#parts.session.core.network)
  }
  get roomUrl(): string {
    return this.#parts.room.http
  }
  get peerId(): PeerId {
    return this.#parts.session.peerId
  }
  get siteId(): string {
    return toBase64Url(this.#parts.session.core.identity)
  }
  get iceServers(): readonly IceServer[] {
    return this.#parts.manager?.iceServers ?? []
  }

  on<Type extends keyof NetworkEvents>(
    type: Type,
    handler: (event: NetworkEvents[Type]) => unknown,
    options?: ListenOptions,
  ): () => void {
    return this.#emitter.on(type, handler, options)
  }

  async send(peer: PeerId, data: Data): Promise<void> {
    const remote = this.#remotes.get(peer)
    if (this.state === 'closed') throw new EdgeNetError('aborted', 'closed', 'The network is closed.', 'Join it again.')
    if (!remote) {
      const hint = 'Send to a peer that network.peers lists.'
      throw new EdgeNetError('peer-unknown', 'unknown', `There is no peer ${peer} in this network.`, hint)
    }
    await remote.send(data)
  }

  async broadcast(data: Data): Promise<void> {
    await Promise.all([...this.peers.values()].map((peer) => peer.send(data)))
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
  }

  // ---- from the room -----------------------------------------------------------------------------------------------

  #message(message: Exclude<RoomMessage, { type: 'error' }>): void {
    if ('total' in message) this.#setTotal(message.total)
    switch (message.type) {
      case 'welcome':
        return this.#welcomed(message)
      case 'peer-list':
        for (const { announcement } of message.peers) void this.#meet(announcement)
        return
      case 'peer-joined':
        void this.#meet(message.peer.announcement).then((remote) => {
          if (message.resumed) remote?.relayRestarted()
        })
        return
      case 'peer-left': {
        const remote = this.#remotes.get(message.peerId)
        // A healthy direct path outlives the peer's place in the room.
        if (remote?.isDirect) remote.absentUntilMs = 0
        else if (remote) this.#drop(remote, 'left')
        return
      }
      case 'gone': {
        const remote = this.#remotes.get(message.peerId)
        if (remote) this.#absent(remote)
        return
      }
      case 'limited':
        this.#after(message.retryAfterMs, () => this.#relayRestarted())
        return
      // The room keeps the peer's place; the link sends again what was lost when the peer is back.
      case 'away':
        return
    }
  }

  #welcomed({ serverTimeMs, peers, total }: Extract<RoomMessage, { type: 'welcome' }>): void {
    const { session, clock, options } = this.#parts
    clock.correct(serverTimeMs)
    session.ticketAccepted()
    const missing = new Map(this.#remotes)
    const isWholeList = peers.length >= total - 1
    this.#relayRestarted()
    if (this.#joined) {
      options.onPhase?.('welcome')
      this.#joined.resolve()
      this.#joined = undefined
    }
    this.#setState('open')
    const met = peers.map(async ({ announcement }) => {
      const remote = await this.#meet(announcement)
      if (remote) missing.delete(remote.id)
    })
    if (!isWholeList || missing.size === 0) return
    void Promise.all(met).then(() => {
      for (const remote of missing.values()) this.#absent(remote)
    })
  }

  #relayRestarted(): void {
    for (const remote of this.#remotes.values()) remote.relayRestarted()
  }

  /** The room does not know the peer. Unless it is heard of soon, or lives on a direct path, it is lost. */
  #absent(remote: RemotePeer): void {
    remote.absentUntilMs ??= nowMs() + ABSENT_MS
    this.#after(ABSENT_MS, () => this.#dropIfAbsent(remote))
  }

  #dropIfAbsent(remote: RemotePeer): void {
    const { absentUntilMs, isDirect } = remote
    if (!isDirect && absentUntilMs !== undefined && nowMs() >= absentUntilMs) this.#drop(remote, 'lost')
  }

  // ---- envelopes ---------------------------------------------------------------------------------------------------

  #envelope({ kind, peer: from, body }: Envelope): void {
    if (this.#closing || this.blocked.has(from)) return
    const remote = this.#remotes.get(from)
    if (kind === 'who') return remote?.hello()
    if (kind !== 'intro') {
      if (remote) return remote.receive(kind, body)
      if (this.#reception.hold(from, { kind, sealed: body }, nowMs())) this.#ask(from)
      return
    }
    const intro = decodeIntro(body)
    if (!intro) return this.#misbehaved(from, 'intro-malformed')
    if (remote && sameBytes(remote.announcement.bytes, intro.announcement)) return remote.receive(kind, intro.sealed)
    this.#reception.hold(from, { kind, sealed: intro.sealed }, nowMs())
    if (this.#reception.mayVerify(nowMs())) void this.#introduced(from, intro.announcement)
  }

  #ask(to: PeerId): void {
    this.#carrier.send({ kind: 'who', home: 0, peer: to, body: new Uint8Array(0) })
  }

  async #introduced(from: PeerId, announcement: Bytes): Promise<void> {
    const proven = await this.#prove(announcement)
    const isSender = typeof proven !== 'string' && proven.peerId === from
    if (!isSender) this.#misbehaved(from, typeof proven === 'string' ? proven : 'intro-mismatch')
    const remote = isSender ? await this.#admit(proven) : undefined
    for (const { kind, sealed } of this.#reception.release(from)) remote?.receive(kind, sealed)
  }

  // ---- peers -------------------------------------------------------------------------------------------------------

  /** A listed announcement: verified, authorized and linked to, if it may be. */
  async #meet(announcement: Bytes): Promise<RemotePeer | undefined> {
    const proven = await this.#prove(announcement)
    // A room that lists nonsense wastes our time, no more.
    return typeof proven === 'string' ? undefined : this.#admit(proven)
  }

  /** Verifies an announcement, once even if list and introduction bring it at the same time. */
  #prove(announcement: Bytes): Promise<ProvenAnnouncement | AnnouncementFault> {
    const text = toBase64Url(announcement)
    const { session, clock } = this.#parts
    const proof = this.#proofs.get(text) ?? proveAnnouncement(announcement, session.core.network, clock.nowMs())
    this.#proofs.set(text, proof)
    void proof.finally(() => this.#proofs.delete(text))
    return proof
  }

  #admit(announcement: ProvenAnnouncement): Promise<RemotePeer | undefined> {
    const { peerId } = announcement
    const arriving = this.#arrivals.get(peerId) ?? this.#arrive(announcement)
    this.#arrivals.set(peerId, arriving)
    void arriving.finally(() => this.#arrivals.delete(peerId))
    return arriving
  }

  async #arrive(announcement: ProvenAnnouncement): Promise<RemotePeer | undefined> {
    const { peerId, profile, core } = announcement
    const known = this.#remotes.get(peerId)
    if (known) {
      if (profile.issuedAtMs > known.announcement.profile.issuedAtMs) known.announcement = announcement
      return known
    }
    if (peerId === this.peerId || this.#remotes.size >= MAX_PEERS || this.#refused.get(peerId) === profile.issuedAtMs) {
      return undefined
    }
    const { name, capabilities } = profile
    const isAuthorized = await this.#askAuthorize({
      id: peerId,
      siteId: toBase64Url(core.identity),
      name,
      capabilities,
    })
    if (!isAuthorized) {
      this.#remember(this.#refused, peerId, profile.issuedAtMs)
      return undefined
    }
    const meeting = await this.#acquaintances.meet(announcement)
    if (!meeting || this.#closing) return undefined
    return this.#link(announcement, meeting.keys, meeting.incarnation)
  }

  async #askAuthorize(applicant: Applicant): Promise<boolean> {
    try {
      return await this.authorize(applicant)
    } catch (cause) {
      this.#handlerFailed(cause)
      return false
    }
  }

  #link(announcement: ProvenAnnouncement, keys: RemotePeerKeys, incarnation: number): RemotePeer {
    const remote: RemotePeer = new RemotePeer(announcement, keys, incarnation, {
      nowMs,
      introFrameBytes: () =>
        MAX_INTRO_ENVELOPE_BYTES - ENVELOPE_HEADER_BYTES - 2 - this.#announcement.length - SEAL_OVERHEAD_BYTES,
      carry: (peer, kind, sealed) => {
        const body = kind === 'intro' ? encodeIntro(this.#announcement, sealed) : sealed
        this.#carrier.send({ kind, home: 0, peer, body })
      },
      carrierReady: () => this.#carrier.isReady,
      verified: () => this.#verified(remote),
      restarted: (theirIncarnation, frame) => {
        this.#drop(remote, 'lost')
        this.#link(remote.announcement, keys, incarnation).opened(theirIncarnation, frame)
      },
      left: () => this.#drop(remote, 'left'),
      message: (data: Data) => {
        if (!this.#closing) this.#emitter.emit('message', { peer: remote, data })
      },
      path: (path) => {
        this.#emitter.emit('path', { peer: remote, path })
        if (path.kind === 'relay') this.#dropIfAbsent(remote)
      },
      rtt: (rttMs) => this.#emitter.emit('rtt', { peer: remote, rttMs }),
      signal: (frame) => this.#signal(remote, frame),
      attemptFailed: (end) => {
        const hint = 'Messages go on over the relay. A TURN server helps where both sides are behind strict NATs.'
        const error = new EdgeNetError('direct-failed', end, `No direct path to ${remote.id} (${end}).`, hint)
        this.#emitter.emit('error', { error, peer: remote })
      },
      misbehaved: (reason) => this.#misbehaved(remote.id, reason),
    })
    this.#remotes.set(remote.id, remote)
    remote.hello()
    this.#emitter.emit('announced', { peer: remote })
    void this.#goDirect(remote)
    return remote
  }

  async #goDirect(remote: RemotePeer): Promise<void> {
    const { manager } = this.#parts
    if (!manager) return
    await Promise.race([this.#iceSettled, new Promise<void>((resolve) => this.#after(ICE_WAIT_MS, resolve))])
    if (this.#remotes.get(remote.id) === remote) manager.add(remote)
  }

  #verified(remote: RemotePeer): void {
    this.peers.set(remote.id, remote)
    this.#parts.manager?.startWaiting()
    this.#emitter.emit('peer', { peer: remote })
  }

  #signal(remote: RemotePeer, { type, payload }: Frame): void {
    const { manager } = this.#parts
    if (type === 'offer') manager?.handleOffer(remote.id, payload)
    if (type === 'answer') manager?.handleAnswer(remote.id, payload)
    if (type === 'ice-candidate') manager?.handleCandidates(remote.id, payload)
    if (type === 'want-offer') manager?.handleWantOffer(remote.id)
  }

  #drop(remote: RemotePeer, reason: LeaveReason): void {
    if (this.#remotes.get(remote.id) !== remote) return
    this.#remotes.delete(remote.id)
    this.peers.delete(remote.id)
    this.#faults.delete(remote.id)
    remote.close()
    this.#parts.manager?.remove(remote.id)
    this.#emitter.emit('peer-left', { peer: remote, reason })
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

  #misbehaved(from: PeerId, reason: string): void {
    const faults = (this.#faults.get(from) ?? 0) + 1
    this.#remember(this.#faults, from, faults)
    if (faults > MAX_FAULTS_REPORTED) return
    const hint = 'Nothing of it reached the application. A faulty client or a tampering host does this.'
    const error = new EdgeNetError('peer-misbehaved', reason, `Bad input in the name of ${from} (${reason}).`, hint)
    const peer = this.#remotes.get(from)
    this.#emitter.emit('error', { error, ...(peer && { peer }) })
  }

  /** Keeps a bounded number of facts about peers, the newest. */
  #remember(facts: Map<PeerId, number>, peer: PeerId, fact: number): void {
    const [oldest] = facts.keys()
    if (facts.size >= MAX_REFUSED && oldest !== undefined) facts.delete(oldest)
    facts.set(peer, fact)
  }

  #handlerFailed(cause: unknown): void {
    const hint = 'The event handler is at fault; other handlers were called all the same.'
    this.#emitter.emit('error', {
      error: new EdgeNetError('handler-failed', 'threw', 'An event handler threw.', hint, { cause }),
    })
  }

  #after(delayMs: number, action: () => void): Timer {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      action()
    }, delayMs)
    this.#timers.add(timer)
    return timer
  }

  #cancel(timer: Timer): void {
    clearTimeout(timer)
    this.#timers.delete(timer)
  }
}

/** A monotonic clock: deadlines must not jump when somebody sets the time. */
function nowMs(): number {
  return performance.now()
}

/** A goodbye needs one message over an idle channel; without the pause some are lost (measured). */
const BYE_FLUSH_MS = 30
/** How often joining tries before it says that the room is unreachable. */
const DEFAULT_ATTEMPTS = 3
/** A host that could not give ICE servers is asked again, not urgently. */
const ICE_RETRY_MS = 60_000

function refusalError({ code, message, hint, retryAfterMs }: Refusal): EdgeNetError {
  return new EdgeNetError('join-refused', code, message, hint, { retryAfterMs })
}

function sameBytes(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
