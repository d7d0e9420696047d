/**
 * Everybody whom this client has a link with. Who is announced by the room, or introduces himself, is verified, asked about
 * and linked; the manager works for a direct path; what the room says of its members is what their links hear of the relay.
 */
import type { ProvenAnnouncement } from '../protocol/announcement.ts'
import { compareBytes, type Bytes } from '../protocol/bytes.ts'
import { decodeIntro, encodeIntro, type Envelope } from '../protocol/envelope.ts'
import type { Frame } from '../protocol/frame.ts'
import { ENVELOPE_HEADER_BYTES, MAX_INTRO_ENVELOPE_BYTES, SEAL_OVERHEAD_BYTES } from '../protocol/limits.ts'
import type { PeerId } from '../protocol/peer-id.ts'
import type { RoomMessage } from '../protocol/room-messages.ts'
import type { Applicant, Data, Explanation, NetworkEvents, Peer } from './api.ts'
import type { RoomCarrier } from './carrier/room.ts'
import { nowMs } from './clock.ts'
import type { Emitter } from './events.ts'
import type { Failures } from './failures.ts'
import type { IceSupply } from './ice.ts'
import type { NetworkParts } from './network-parts.ts'
import { adviceFor } from './peer/advice.ts'
import { Arrivals, type ArrivalsHost } from './peer/arrivals.ts'
import { BigMessageSlots } from './peer/big-message-slots.ts'
import { Reception } from './peer/reception.ts'
import { RemotePeer, type PeerHost, type PeerKeys, type SealedKind } from './peer/remote-peer.ts'
import type { Timers } from './timers.ts'

/** The first attempts wait this long for ICE servers, if the welcome brought none. */
const ICE_WAIT_MS = 30
/** Making a connection keeps the thread busy for milliseconds; what the two say first goes before it. */
const FIRST_WORDS_MS = 4
/** A link without any path is kept this long: people change trains. */
const STALLED_MS = 60_000
const MAX_STALLED_MS = 300_000
/** What all that send to us over the relay may have on the way together; the room's memory is at stake. Some for everybody. */
const RELAY_CREDIT_BYTES = 1_048_576
const MIN_RELAY_CREDIT_BYTES = 65_536

/** What links need of their network. */
export interface LinksHost {
  readonly carrier: Pick<RoomCarrier, 'sendEnvelope' | 'isReady' | 'nudge'>
  readonly emitter: Emitter<NetworkEvents>
  readonly failures: Failures
  readonly timers: Timers
  readonly blocked: ReadonlySet<string>
  readonly ice: IceSupply | undefined
  /** Asks the application. */
  authorize(applicant: Applicant): Promise<boolean>
  /** Hands a message to the application; false when nobody takes it now. */
  deliver(peer: Peer, channel: number, data: Data): boolean
}

export class Links implements ArrivalsHost, PeerHost {
  /** Every peer with a link, verified or not. */
  readonly remotes = new Map<PeerId, RemotePeer>()
  /** Those that are verified. */
  readonly peers = new Map<PeerId, Peer>()
  /** The network is being closed: nothing begins any more, and the application hears nothing. */
  isClosing = false
  readonly slots = new BigMessageSlots()
  readonly stalledMs: number
  readonly #parts: NetworkParts
  readonly #host: LinksHost
  readonly #arrivals: Arrivals
  readonly #reception = new Reception()
  #relayIsUp = false
  /** The room dropped something, and asked for a pause. */
  #wasLimited = false

  constructor(parts: NetworkParts, host: LinksHost) {
    this.#parts = parts
    this.#host = host
    this.stalledMs = Math.min(parts.options.stalledMs ?? STALLED_MS, MAX_STALLED_MS)
    this.#arrivals = new Arrivals(parts.session, parts.clock, this)
  }

  /** Ends a link, or takes its end in. */
  ended(remote: RemotePeer, reason: NetworkEvents['peer-left']['reason']): void {
    if (this.remotes.get(remote.id) !== remote) return
    this.remotes.delete(remote.id)
    this.peers.delete(remote.id)
    const unconfirmed = remote.close()
    this.#parts.manager?.remove(remote.id)
    this.#shareRelay()
    this.#host.emitter.emit('peer-left', { peer: remote, reason, unconfirmed })
  }

  /** Ends the links to those who are no members any more. */
  async rejudge(): Promise<void> {
    for (const remote of this.remotes.values()) {
      if (await this.judge(remote.announcement)) this.ended(remote, 'removed')
    }
  }

  /** Somebody is not blocked any more. */
  reconsider(): void {
    this.#arrivals.reconsider()
  }

  // ---- the carrier -------------------------------------------------------------------------------------------------

  /** We are in the room, or what went into it may be lost. */
  relayUp(): void {
    this.#relayIsUp = true
    this.#wasLimited = false
    for (const remote of this.remotes.values()) remote.relayUp()
  }

  relayDown(): void {
    this.#relayIsUp = false
    for (const remote of this.remotes.values()) remote.relayDown()
  }

  /** The carrier takes bulk again. What went to a room that had its fill was dropped. */
  relayReady(): void {
    if (this.#wasLimited) return this.relayUp()
    for (const remote of this.remotes.values()) remote.pump()
  }

  envelope({ kind, peer: from, body }: Envelope): void {
    if (this.#host.blocked.has(from)) return
    const remote = this.remotes.get(from)
    if (kind === 'who') return remote?.hello()
    const intro = kind === 'intro' ? decodeIntro(body) : undefined
    if (kind === 'intro' && !intro) return this.misbehaved(from, 'intro-malformed')
    const sealed = intro?.sealed ?? body
    const isKnown = !intro || (remote && compareBytes(remote.announcement.bytes, intro.announcement) === 0)
    // What is said while we leave is heard: it acknowledges what we have sent.
    if (remote && isKnown) return remote.receive(kind, sealed)
    if (this.isClosing) return
    if (this.#reception.hold(from, { kind, sealed }, nowMs())) {
      this.#host.carrier.sendEnvelope('who', from, new Uint8Array(0))
    }
    if (intro && this.#reception.mayVerify(nowMs())) void this.#introduced(from, intro.announcement)
  }

  async #introduced(from: PeerId, announcement: Bytes): Promise<void> {
    const met = await this.#arrivals.introduced(from, announcement)
    if (typeof met === 'string' && met) this.misbehaved(from, met)
    for (const { kind, sealed } of this.#reception.release(from)) this.remotes.get(from)?.receive(kind, sealed)
  }

  // ---- what the room says of its members ---------------------------------------------------------------------------

  /** Takes in what a message of the room's means for links. */
  told(message: RoomMessage): void {
    const remote = 'peerId' in message ? this.remotes.get(message.peerId) : undefined
    switch (message.type) {
      case 'welcome':
        return this.#welcomed(message)
      case 'peer-list':
        for (const { announcement } of message.peers) void this.#meetListed(announcement)
        return
      case 'peer-joined':
        return void this.#joined(message.peer.announcement, message.resumed)
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

  #welcomed({ peers, total }: Extract<RoomMessage, { type: 'welcome' }>): void {
    this.#relayIsUp = true
    this.#wasLimited = false
    const isListed = ({ announcement: { bytes } }: RemotePeer) =>
      peers.length < total - 1 || peers.some(({ announcement }) => compareBytes(announcement, bytes) === 0)
    for (const remote of this.remotes.values()) {
      if (isListed(remote)) remote.relayUp()
      else remote.relayDown()
    }
    // Among them may be those whom we know by an older announcement.
    for (const { announcement } of peers) void this.#joined(announcement, false)
  }

  /** Somebody is there, perhaps with a new socket: what went to the old one may be lost. */
  async #joined(announcement: Bytes, resumed: boolean): Promise<void> {
    const met = await this.#meetListed(announcement)
    if (met && (resumed || !met.hasPath)) met.relayUp()
  }

  #departed(remote: RemotePeer): void {
    if (!remote.isDirect) return this.ended(remote, 'left')
    remote.relayDown()
    remote.hasLeftRoom = true
  }

  /** Meets somebody whom the room lists. Nobody but the room is to blame when the announcement is bad. */
  async #meetListed(announcement: Bytes): Promise<RemotePeer | undefined> {
    const met = await this.#arrivals.meet(announcement)
    if (typeof met !== 'string') return met
    if (met) this.misbehaved(undefined, met)
    return undefined
  }

  // ---- arrivals ----------------------------------------------------------------------------------------------------

  judge({ core, profile }: ProvenAnnouncement): Promise<string | undefined> | undefined {
    const { membership, clock } = this.#parts
    const { chain, expiresAtMs } = profile
    return membership?.judge({ identity: core.identity, chain, expiresAtMs }, clock.nowMs())
  }

  async authorize(applicant: Applicant): Promise<boolean> {
    try {
      return await this.#host.authorize(applicant)
    } catch (cause) {
      this.#host.failures.handlerFailed(cause)
      return false
    }
  }

  link(announcement: ProvenAnnouncement, keys: PeerKeys): RemotePeer | undefined {
    if (this.isClosing) return undefined
    const remote = new RemotePeer(announcement, keys, this)
    this.remotes.set(remote.id, remote)
    this.#shareRelay()
    if (this.#relayIsUp) remote.relayUp()
    this.emit('announced', { peer: remote })
    void this.#goDirect(remote)
    return remote
  }

  async #goDirect(remote: RemotePeer): Promise<void> {
    const { timers, ice } = this.#host
    const { manager } = this.#parts
    if (manager?.add(remote) !== 'offerer') return remote.hello()
    if (ice?.settled) await Promise.race([ice.settled, timers.pause(ICE_WAIT_MS)])
    else if (!manager.isPrepared) await timers.pause(FIRST_WORDS_MS)
    // An offer introduces us as well as a hello does.
    if (!manager.createOffer(remote.id)) remote.hello()
  }

  /** Divides what may be on the way to us over the relay among those who use it. */
  #shareRelay(): void {
    const relayed = [...this.remotes.values()].filter(({ path }) => path.kind === 'relay')
    const bytes = Math.max(MIN_RELAY_CREDIT_BYTES, Math.floor(RELAY_CREDIT_BYTES / relayed.length))
    for (const remote of relayed) remote.relayCreditBytes = bytes
  }

  // ---- what peers ask ----------------------------------------------------------------------------------------------

  carry(to: PeerId, kind: SealedKind, sealed: Bytes): void {
    const body = kind === 'intro' ? encodeIntro(this.#parts.session.announcement, sealed) : sealed
    this.#host.carrier.sendEnvelope(kind, to, body)
  }

  carrierIsReady(): boolean {
    return this.#host.carrier.isReady
  }

  introFrameBytes(): number {
    const { announcement } = this.#parts.session
    return MAX_INTRO_ENVELOPE_BYTES - ENVELOPE_HEADER_BYTES - 2 - announcement.length - SEAL_OVERHEAD_BYTES
  }

  verified(peer: RemotePeer): void {
    this.peers.set(peer.id, peer)
    this.#parts.manager?.startWaiting()
    this.emit('peer', { peer })
  }

  restarted(peer: RemotePeer, incarnation: number, frame: Bytes): void {
    this.ended(peer, 'restarted')
    this.link(peer.announcement, peer.keys)?.opened(incarnation, frame)
  }

  signal({ id }: RemotePeer, { type, payload }: Frame): void {
    const { manager } = this.#parts
    if (type === 'offer') manager?.handleOffer(id, payload)
    if (type === 'answer') manager?.handleAnswer(id, payload)
    if (type === 'ice-candidate') manager?.handleCandidates(id, payload)
    if (type === 'want-offer') manager?.handleWantOffer(id)
  }

  directDoubtful({ id }: RemotePeer): void {
    this.#parts.manager?.renew(id)
  }

  pathChanged(peer: RemotePeer): void {
    this.#shareRelay()
    // What silences a direct path, as a change of networks, silences the socket, too: find out while it is fresh.
    if (peer.isSuspect) this.#host.carrier.nudge()
    this.emit('path', { peer, path: peer.path })
  }

  deliver(peer: RemotePeer, channel: number, data: Data): boolean {
    return this.#host.deliver(peer, channel, data)
  }

  explain({
    id,
    rtc,
    isDirect,
  }: RemotePeer): Pick<
    Explanation,
    'relayIsUp' | 'carrier' | 'isNeighbour' | 'attempts' | 'nextAttemptInMs' | 'advice'
  > {
    const { manager } = this.#parts
    const { attempts, nextAttemptInMs } = manager?.reportOf(id) ?? { attempts: [], nextAttemptInMs: undefined }
    const relayIsUp = this.#relayIsUp
    const iceServers = manager?.iceServers ?? []
    const facts = { rtcHere: manager !== undefined, rtcThere: rtc, relayIsUp, isDirect, iceServers, attempts }
    const carrier = relayIsUp ? 'room' : undefined
    const isNeighbour = this.#parts.options.mesh?.neighbours.has(id) ?? false
    return { relayIsUp, carrier, isNeighbour, attempts, nextAttemptInMs, advice: adviceFor(facts) }
  }

  misbehaved(from: PeerId | undefined, reason: string): void {
    this.#host.failures.misbehaved(from, reason, from && this.remotes.get(from))
  }

  emit<Type extends keyof NetworkEvents>(type: Type, event: NetworkEvents[Type]): void {
    if (!this.isClosing) this.#host.emitter.emit(type, event)
  }
}
