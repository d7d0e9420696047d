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
import { ROOM, type Carriers } from './carrier/carriers.ts'
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

/** A goodbye needs one message over an idle channel; without the pause some are lost (measured). */
export const BYE_FLUSH_MS = 30

/** What links need of their network. */
export interface LinksHost {
  readonly carriers: Carriers
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
    this.#host.carriers.remove(remote.id)
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

  // ---- what carriers bring ------------------------------------------------------------------------------------------

  envelope({ kind, peer: from, body }: Envelope, via: number): void {
    if (this.#host.blocked.has(from)) return
    const remote = this.remotes.get(from)
    if (kind === 'who') return remote?.hello()
    const intro = kind === 'intro' ? decodeIntro(body) : undefined
    if (kind === 'intro' && !intro) return this.misbehaved(from, 'intro-malformed')
    const sealed = intro?.sealed ?? body
    const isKnown = !intro || (remote && isOf(remote, intro.announcement))
    // What is said while we leave is heard: it acknowledges what we have sent.
    if (remote && isKnown) return remote.receive(kind, sealed, via)
    if (this.isClosing) return
    if (this.#reception.hold(from, { kind, sealed, via }, nowMs())) {
      this.#host.carriers.reply(via, 'who', from, new Uint8Array(0))
    }
    if (intro && this.#reception.mayVerify(nowMs())) void this.#introduced(from, intro.announcement, via)
  }

  async #introduced(from: PeerId, announcement: Bytes, via: number): Promise<void> {
    const met = await this.#arrivals.introduced(from, announcement, via)
    if (typeof met === 'string' && met) this.misbehaved(from, met)
    for (const held of this.#reception.release(from)) this.remotes.get(from)?.receive(held.kind, held.sealed, held.via)
  }

  // ---- who is there --------------------------------------------------------------------------------------------------

  /**
   * A carrier told of somebody.
   *
   * @param isAnew with a new socket: what went to the old one may be lost
   */
  async met(announcement: Bytes, via: number, isAnew = false): Promise<void> {
    const { mesh } = this.#parts.options
    const isLinked = () => [...this.remotes.values()].some((remote) => isOf(remote, announcement))
    // In a small network the room tells of everybody; whoever shows himself elsewhere may be one of many.
    if (mesh && (via || !mesh.isComplete) && !isLinked()) return mesh.told(announcement, via)
    const met = await this.#arrivals.meet(announcement, via)
    if (typeof met !== 'string') {
      if (!this.#host.carriers.found(met.id, via) && (isAnew || !met.hasPath)) met.relayUp(via)
    }
    // Nobody but the carrier is to blame when the announcement is bad.
    else if (met && via === ROOM) this.misbehaved(undefined, met)
  }

  /** Links to somebody; false when there will be no link. */
  async meet(announcement: Bytes, via?: number): Promise<boolean> {
    return typeof (await this.#arrivals.meet(announcement, via)) !== 'string'
  }

  /** The peer owes an answer over a carrier, and has said nothing since then. */
  isSilent(peer: PeerId, sinceMs: number): boolean {
    const remote = this.remotes.get(peer)
    if (!remote || remote.isDirect || remote.heardAtMs > sinceMs) return false
    return !remote.isVerified || !remote.isSettled
  }

  /** Takes in what a message of the room's means for links, beyond what every carrier tells. */
  told(message: RoomMessage): void {
    const { carriers } = this.#host
    if (message.type === 'welcome') {
      const { peers, total } = message
      const isListed = (remote: RemotePeer) =>
        peers.length < total - 1 || peers.some(({ announcement }) => isOf(remote, announcement))
      for (const remote of this.remotes.values()) if (!isListed(remote)) carriers.lost(remote.id, ROOM)
    }
    // It took its place again.
    if (message.type === 'peer-joined' && message.resumed) void this.met(message.peer.announcement, ROOM, true)
    const left = message.type === 'peer-left' && !message.lost && this.remotes.get(message.peerId)
    // A healthy direct path outlives the peer's place in the room, and its last words are heard before it goes.
    if (left) void left.drained.then(() => this.#departed(left))
  }

  #departed(remote: RemotePeer): void {
    if (!remote.isDirect) return this.ended(remote, 'left')
    this.#host.carriers.lost(remote.id, ROOM)
    remote.hasLeftRoom = true
  }

  // ---- arrivals ----------------------------------------------------------------------------------------------------

  judge({ core, profile }: ProvenAnnouncement): Promise<string | undefined> | undefined {
    const { membership, clock } = this.#parts
    return membership?.judge({ ...profile, identity: core.identity }, clock.nowMs())
  }

  async authorize(applicant: Applicant): Promise<boolean> {
    try {
      return await this.#host.authorize(applicant)
    } catch (cause) {
      this.#host.failures.handlerFailed(cause)
      return false
    }
  }

  link(announcement: ProvenAnnouncement, keys: PeerKeys, via?: number): RemotePeer | undefined {
    if (this.isClosing) return undefined
    const remote = new RemotePeer(announcement, keys, this)
    this.remotes.set(remote.id, remote)
    this.#shareRelay()
    this.#host.carriers.add(remote.id, via)
    this.emit('announced', { peer: remote })
    const { mesh } = this.#parts.options
    // In a large network a link is no reason for a connection.
    if (mesh?.isComplete === false) remote.hello()
    else void this.#goDirect(remote)
    return remote
  }

  /** Works for a direct path to a peer with a link. */
  direct(id: PeerId): void {
    const remote = this.remotes.get(id)
    if (remote && this.#parts.manager?.has(id) === false) void this.#goDirect(remote, true)
  }

  /** Ends a link that nobody needs. */
  async release(id: PeerId): Promise<void> {
    const remote = this.remotes.get(id)
    await remote?.bye()
    // Closing a connection discards what its channels have queued.
    if (remote?.isDirect) await this.#host.timers.pause(BYE_FLUSH_MS)
    if (remote) this.ended(remote, 'released')
  }

  /** @param isAsked the other side need not think that its link is worth a connection, and is asked to offer one */
  async #goDirect(remote: RemotePeer, isAsked = false): Promise<void> {
    const { timers, ice } = this.#host
    const { manager } = this.#parts
    if (manager?.add(remote) !== 'offerer') return isAsked ? void manager?.createOffer(remote.id) : remote.hello()
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
    this.#host.carriers.send(kind, to, body)
  }

  carrierIsReady({ id }: RemotePeer): boolean {
    const carrier = this.#host.carriers.to(id)
    if (carrier?.carriesBulk) return carrier.isReady
    // Nothing but a direct path can take what there is to say.
    this.direct(id)
    return false
  }

  heardVia({ id }: RemotePeer, via: number): void {
    this.#host.carriers.found(id, via)
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

  restarted(peer: RemotePeer, incarnation: number, frame: Bytes, via: number): void {
    this.ended(peer, 'restarted')
    this.link(peer.announcement, peer.keys, via)?.opened(incarnation, frame, via)
  }

  signal(remote: RemotePeer, { type, payload }: Frame): void {
    const { manager } = this.#parts
    const { id } = remote
    // It wants a direct path, and has the right to one, whatever we thought of it.
    if ((type === 'offer' || type === 'want-offer') && manager?.has(id) === false) manager.add(remote)
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
    if (peer.isSuspect) this.#host.carriers.each((carrier) => carrier.nudge())
    this.emit('path', { peer, path: peer.path })
  }

  used({ id }: RemotePeer): void {
    this.#parts.options.mesh?.used(id)
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
    const { attempts = [], nextAttemptInMs } = manager?.reportOf(id) ?? {}
    const { carriers } = this.#host
    const relayIsUp = carriers.isAnyUp
    const iceServers = manager?.iceServers ?? []
    const facts = { rtcHere: manager !== undefined, rtcThere: rtc, relayIsUp, isDirect, iceServers, attempts }
    const carrier = carriers.to(id)?.name
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

function isOf({ announcement: { bytes } }: RemotePeer, announcement: Bytes): boolean {
  return compareBytes(bytes, announcement) === 0
}
