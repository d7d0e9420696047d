/**
 * Another running client, as this one sees it: its link, the path that the link is on, and the seal around everything
 * that goes through a carrier. This is the shell of the link's state machine: it has the timer, the cipher and the paths.
 */
import type { ProvenAnnouncement } from '../../protocol/announcement.ts'
import { textOf, toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import type { EnvelopeKind } from '../../protocol/envelope.ts'
import { decodeFrame, encodeFrame, epochByte, FLAG_TEXT, type Frame, type FrameType } from '../../protocol/frame.ts'
import { FRAME_HEADER_BYTES, MAX_FRAME_PAYLOAD_BYTES } from '../../protocol/limits.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import type {
  AttemptEnd,
  Data,
  Explanation,
  NetworkEvents,
  Path,
  Peer,
  PeerState,
  Quality,
  Sendable,
  Sending,
  SendOptions,
} from '../api.ts'
import { ROOM } from '../carrier/carriers.ts'
import { nowMs } from '../clock.ts'
import { EdgeNetError } from '../errors.ts'
import type { Opener, Sealer } from '../identity/seal.ts'
import type { Timer } from '../timers.ts'
import type { Attempt } from './attempt.ts'
import type { BigMessageSlots } from './big-message-slots.ts'
import { Greeting } from './greeting.ts'
import { Link, type PathKind } from './link.ts'
import { pathOf } from './path.ts'
import { QualityMeter } from './quality.ts'
import { Reader } from './reader.ts'
import { bytesOf, Sendings } from './sendings.ts'
import type { PeerLink } from './webrtc-peer-manager.ts'

export type SealedKind = Exclude<EnvelopeKind, 'who'>

/** What peers ask of their network. */
export interface PeerHost {
  readonly slots: BigMessageSlots
  readonly stalledMs: number
  /** Hands sealed bytes to the carrier; `intro` adds our announcement. */
  carry(to: PeerId, kind: SealedKind, sealed: Bytes): void
  /** False while no carrier takes bulk for this peer: it is down, full, or the room asked for a pause. */
  carrierIsReady(peer: RemotePeer): boolean
  /** Something that this carrier brought has opened. */
  heardVia(peer: RemotePeer, via: number): void
  /** How long a frame may be to fit into an `intro` beside our announcement. */
  introFrameBytes(): number
  /** The first sealed bytes opened. */
  verified(peer: RemotePeer): void
  /** The peer began a new link state with this frame: the old one is over. */
  restarted(peer: RemotePeer, incarnation: number, frame: Bytes, via: number): void
  /** The link is over. */
  ended(peer: RemotePeer, reason: 'left' | 'lost'): void
  /** A frame of the peer's that is about attempts. */
  signal(peer: RemotePeer, frame: Frame): void
  /** The direct path has been silent too long to wait for it alone. */
  directDoubtful(peer: RemotePeer): void
  pathChanged(peer: RemotePeer): void
  /** An application says something to the peer, or hears something of it. */
  used(peer: RemotePeer): void
  /** Hands a message to the application; false when nobody takes it now. */
  deliver(peer: RemotePeer, channel: number, data: Data): boolean
  explain(
    peer: RemotePeer,
  ): Pick<Explanation, 'relayIsUp' | 'carrier' | 'isNeighbour' | 'attempts' | 'nextAttemptInMs' | 'advice'>
  misbehaved(peer: PeerId, reason: string): void
  emit<Type extends keyof NetworkEvents>(type: Type, event: NetworkEvents[Type]): void
}

export interface PeerKeys {
  /** Number of our link state. */
  readonly incarnation: number
  readonly sealer: Sealer
  readonly opener: Opener
  /** HMAC-SHA-256 under the pair's bind key. */
  mac(message: Bytes): Promise<Bytes>
}

const NOTHING = new Uint8Array(0)

export class RemotePeer implements Peer, PeerLink {
  readonly id: PeerId
  readonly keys: PeerKeys
  announcement: ProvenAnnouncement
  state: PeerState = 'announced'
  path: Path = { kind: 'relay' }
  /** The room has said goodbye for it: only a direct path keeps it here. */
  hasLeftRoom = false
  readonly #host: PeerHost
  readonly #link: Link
  readonly #quality = new QualityMeter()
  #peerIncarnation: number | undefined
  #attempt: Attempt | undefined
  #relayIsUp = false
  /** Envelopes leave and arrive in the order in which they were made, though the cipher takes its time. */
  #outbox: Promise<unknown> = Promise.resolve()
  #inbox: Promise<unknown> = Promise.resolve()
  readonly #greeting = new Greeting()
  readonly #sendings: Sendings
  readonly #reader: Reader
  #timer: Timer | undefined
  #timerAtMs = Infinity

  constructor(announcement: ProvenAnnouncement, keys: PeerKeys, host: PeerHost) {
    this.id = announcement.peerId
    this.announcement = announcement
    this.keys = keys
    this.#host = host
    this.#link = new Link(
      keys.incarnation,
      {
        send: (path, frame) => this.#send(path, frame),
        deliver: (channel, data) => this.#deliver(channel, data),
        datagram: ({ payload, flags }) => {
          // In memory of its own: what arrived stands behind a header.
          const data = flags & FLAG_TEXT ? textOf(payload) : payload.slice()
          if (data !== undefined) host.emit('datagram', { peer: this, data })
        },
        accepted: (id) => this.#sendings.accepted(id),
        delivered: (id) => this.#sendings.delivered(id),
        moved: (path) => this.#moved(path),
        measured: (sampleMs) => this.#measured(sampleMs),
        directDoubtful: () => host.directDoubtful(this),
        directDead: () => this.#attempt?.end('silent'),
        ended: (reason) => host.ended(this, reason),
      },
      host,
    )
    const arm = () => this.#arm()
    this.#sendings = new Sendings(this.#link, arm)
    this.#reader = new Reader(this.#link, arm)
  }

  get siteId(): string {
    return toBase64Url(this.announcement.core.identity)
  }
  get name(): string {
    return this.announcement.profile.name
  }
  get capabilities(): readonly string[] {
    return this.announcement.profile.capabilities
  }
  get rtc(): boolean {
    return this.announcement.profile.rtc
  }
  get rank(): number {
    return this.announcement.profile.rank
  }
  get rttMs(): number | undefined {
    return this.#link.meter?.rttMs
  }
  get quality(): Quality {
    return this.#quality.of(this.#link.meter)
  }
  get isVerified(): boolean {
    return this.#peerIncarnation !== undefined
  }
  /** Resolves when all that has arrived so far has been opened. */
  get drained(): Promise<unknown> {
    return this.#inbox
  }
  get isDirect(): boolean {
    return this.#attempt !== undefined
  }
  get isSuspect(): boolean {
    return this.#link.isSuspect
  }
  get hasPath(): boolean {
    return this.#link.path !== undefined
  }
  get heardAtMs(): number {
    return this.#link.heardAtMs
  }
  /** The peer has acknowledged everything. */
  get isSettled(): boolean {
    return this.#link.isSettled && !this.#sendings.isReading
  }

  // ---- what applications use ---------------------------------------------------------------------------------------

  send(data: Sendable, options?: SendOptions): Sending {
    return this.#sendings.send(data, options)
  }

  datagram(data: string | ArrayBufferView | ArrayBuffer): boolean {
    const bytes = bytesOf(data, MAX_FRAME_PAYLOAD_BYTES)
    return this.state !== 'closed' && this.#link.datagram(bytes, typeof data === 'string', nowMs())
  }

  messages(): AsyncIterableIterator<Data> {
    return this.#reader.messages()
  }

  explain(): Explanation {
    const { path, state, quality } = this
    const link = this.#link
    const facts = this.#host.explain(this)
    const isConnecting = facts.attempts.at(-1)?.state === 'connecting'
    const open = link.isSuspect ? 'doubtful' : link.path === 'direct' ? 'direct' : isConnecting ? 'connecting' : 'relay'
    return {
      peerId: this.id,
      phase: state === 'announced' ? 'introducing' : state === 'verified' ? open : state,
      path,
      quality,
      heardMsAgo: link.heardAtMs > 0 ? nowMs() - link.heardAtMs : undefined,
      unacknowledgedBytes: link.unacknowledgedBytes,
      ...facts,
    }
  }

  // ---- what the network does ---------------------------------------------------------------------------------------

  /** The application takes messages again. */
  drain(): void {
    this.#link.drain(nowMs())
    this.#arm()
  }

  /** Introduces us, at most once a second. The first frame from us makes us verified at the other side. */
  hello(): void {
    if (this.#greeting.take(nowMs())) this.introduce()
  }

  /** Shows the peer our announcement. */
  introduce(): void {
    this.#sealAs('intro', this.#link.frame('ack', NOTHING))
    this.#arm()
  }

  /** Takes sealed bytes from a carrier. */
  receive(kind: SealedKind, sealed: Bytes, via: number): void {
    const opening = this.keys.opener.open(kind, sealed)
    this.#inbox = this.#inbox.then(async () => {
      const opened = await opening
      if (typeof opened !== 'string') this.opened(opened.incarnation, opened.frame, via)
      // The room is to hand over everything once; other carriers may repeat, and be late.
      else if (!via || !/stale|replayed/.test(opened)) this.#host.misbehaved(this.id, opened)
    })
  }

  /** Takes a frame that the peer's link state `incarnation` had sealed. */
  opened(incarnation: number, bytes: Bytes, via: number): void {
    // It may have been blocked while this was being opened.
    if (this.state === 'closed') return
    const frame = decodeFrame(bytes)
    if (!frame) return this.#host.misbehaved(this.id, 'frame-malformed')
    const isFirst = this.#peerIncarnation === undefined
    const forEpoch = frame.epoch & 0xff
    // It speaks to a link state of ours that is over. Told of this one it begins a new one, too, and that is the one to know.
    if (isFirst && forEpoch !== 0 && forEpoch !== epochByte(this.keys.incarnation)) return this.hello()
    this.#peerIncarnation ??= incarnation
    if (incarnation > this.#peerIncarnation) return this.#host.restarted(this, incarnation, bytes, via)
    this.hasLeftRoom = false
    this.#host.heardVia(this, via)
    if (isFirst) {
      this.state = this.#link.path ? 'verified' : 'stalled'
      this.#host.verified(this)
    }
    // It greets again, so it has not heard us.
    else if (frame.type === 'ack' && (frame.epoch & 0xff) === 0) this.hello()
    this.#received(frame, 'relay')
  }

  /**
   * The carrier begins anew, or the peer's: what was in flight may be lost.
   *
   * @param via the room knows who is there; others tell of members who have left
   */
  relayUp(via: number): void {
    this.#relayIsUp = true
    this.hasLeftRoom = false
    // The first words may have been lost; nothing else repeats them.
    if (!this.isVerified && this.#greeting.hasBegun) this.hello()
    this.#link.relayUp(nowMs(), via !== ROOM)
    this.#arm()
  }

  /** The carrier does not reach the peer now. */
  relayDown(): void {
    this.#relayIsUp = false
    this.#link.relayDown(nowMs())
    this.#arm()
  }

  /** Asks whether the peer is there, by a carrier that may lead to it. */
  probe(): void {
    if (this.isVerified) this.#seal('signal', this.#link.frame('resume', NOTHING))
    else this.hello()
  }

  set relayCreditBytes(bytes: number) {
    this.#link.relayCreditBytes = bytes
  }

  /** A path takes frames again. */
  pump(): void {
    this.#link.pump(nowMs())
    this.#arm()
  }

  nudge(): void {
    this.#link.nudge(nowMs())
    this.#arm()
  }

  /** Says goodbye on every path. Resolves when it has been handed over. */
  async bye(): Promise<void> {
    this.#link.bye()
    await this.#outbox
  }

  /** Ends the link. Returns which messages the peer has not confirmed. */
  close(): number[] {
    const unconfirmed = this.#link.unconfirmed()
    this.state = 'closed'
    clearTimeout(this.#timer)
    this.#link.close()
    const hint = 'It may have arrived: ask the other side.'
    const lost = new EdgeNetError('not-delivered', 'ended', 'The link ended before it was confirmed.', hint)
    this.#sendings.fail(leftError(this.id), lost)
    this.#reader.close()
    return unconfirmed
  }

  // ---- what attempts ask -------------------------------------------------------------------------------------------

  signal(type: FrameType, payload: Bytes): void {
    const frame = this.#link.frame(type, payload)
    if (this.#attempt && !this.#relayIsUp) this.#attempt.send(frame)
    else this.#seal('signal', frame)
  }

  frame(type: FrameType, payload: Bytes): Frame {
    return this.#link.frame(type, payload)
  }

  directFrame(frame: Frame): void {
    this.#received(frame, 'direct')
  }

  directOpened(attempt: Attempt): void {
    this.#attempt = attempt
    this.#link.directOpened(nowMs())
    this.#arm()
  }

  directClosed(): void {
    this.#attempt = undefined
    if (this.state === 'closed') return
    this.#link.directClosed(nowMs())
    this.#arm()
    if (this.hasLeftRoom) this.#host.ended(this, 'left')
  }

  attemptFailed(end: AttemptEnd): void {
    const hint = 'Messages stay on the relay; see explain().'
    const error = new EdgeNetError('direct-failed', end, `No direct path to ${this.id} (${end}).`, hint)
    this.#host.emit('error', { error, peer: this })
  }

  // ---- in and out --------------------------------------------------------------------------------------------------

  #received(frame: Frame, path: PathKind): void {
    if (this.state === 'closed') return
    if (!this.#link.receive(frame, path, nowMs())) {
      this.hello()
      return this.#host.misbehaved(this.id, 'frame-unexpected')
    }
    this.#noteUse(frame)
    this.#host.signal(this, frame)
    this.#arm()
  }

  /** A long message is use for as long as it takes. Requests are the application's; other channels below 256 are not. */
  #noteUse({ type, stream }: Frame): void {
    const isSaid = type === 'data' || type === 'datagram'
    if (isSaid && (stream < 2 || stream > 255)) this.#host.used(this)
  }

  #deliver(channel: number, data: Data): boolean {
    const isRead = channel === 0 && this.#reader.isReading
    return isRead ? this.#reader.hand(data) : this.#host.deliver(this, channel, data)
  }

  /** Bulk waits until there is room; what is small and urgent does not, and may be lost. */
  #send(path: PathKind, frame: Frame): boolean {
    this.#noteUse(frame)
    const isData = frame.type === 'data'
    if (path === 'direct') {
      const isOrdered = isData || frame.type === 'bye'
      const isSent = isOrdered && this.#attempt?.send(frame)
      // Goodbye finds a way past bulk that waits.
      return isSent || (!isData && (this.#attempt?.sendProbe(frame) ?? false))
    }
    const isBulk = isData || frame.type === 'datagram'
    const isReady = !isBulk || this.#host.carrierIsReady(this)
    if (isReady) this.#seal(isBulk ? 'relay' : 'signal', frame)
    return isReady
  }

  /** Until the peer has answered it may not know us: small frames introduce us, longer ones follow an introduction. */
  #seal(usualKind: 'signal' | 'relay', frame: Frame): void {
    const isSmall = FRAME_HEADER_BYTES + frame.payload.length <= this.#host.introFrameBytes()
    if (!this.isVerified && !isSmall) this.hello()
    this.#sealAs(this.isVerified || !isSmall ? usualKind : 'intro', frame)
  }

  #sealAs(kind: SealedKind, frame: Frame): void {
    const sealing = this.keys.sealer.seal(kind, encodeFrame(frame))
    this.#outbox = this.#outbox.then(async () => this.#host.carry(this.id, kind, await sealing))
  }

  // ---- paths -------------------------------------------------------------------------------------------------------

  #moved(kind: PathKind | undefined): void {
    const attempt = kind === 'direct' ? this.#attempt : undefined
    const before = this.state
    if (this.isVerified) this.state = kind ? 'verified' : 'stalled'
    const unknown = { kind: 'direct', local: 'unknown', remote: 'unknown', protocol: 'unknown' } as const
    if (kind) this.#setPath(attempt ? (attempt.path ?? unknown) : { kind: 'relay' })
    if (this.state !== before) this.#host.emit('peer-state', { peer: this, state: this.state })
    if (!kind) this.#evaluate()
  }

  #setPath(path: Path): void {
    if (this.path === path || (path.kind === 'relay' && this.path.kind === 'relay')) return
    this.path = path
    this.#host.pathChanged(this)
  }

  #measured(sampleMs: number): void {
    const { rttMs } = this
    if (rttMs !== undefined) this.#host.emit('rtt', { peer: this, rttMs, sampleMs })
    this.#evaluate()
    const attempt = this.#attempt
    if (attempt && this.#link.path === 'direct' && !attempt.path) void this.#label(attempt)
  }

  #evaluate(): void {
    const { meter, acknowledgedBytes } = this.#link
    if (!this.#quality.evaluate(meter, acknowledgedBytes, nowMs())) return
    this.#host.emit('quality', { peer: this, quality: this.quality })
  }

  /** Finds out what the direct path is made of. */
  async #label(attempt: Attempt): Promise<void> {
    attempt.path = await pathOf(attempt.connection.pc)
    if (attempt.path && this.#attempt === attempt && this.#link.path === 'direct') this.#setPath(attempt.path)
  }

  // ---- time --------------------------------------------------------------------------------------------------------

  /** Sees to it that the timer fires when there is something to do. Every frame comes here, so a timer that is early stays. */
  #arm(): void {
    const helloMs = this.isVerified ? Infinity : this.#greeting.againAtMs
    const atMs = this.state === 'closed' ? Infinity : Math.min(this.#link.deadlineMs(), helloMs)
    if (atMs >= this.#timerAtMs) return
    clearTimeout(this.#timer)
    this.#timerAtMs = atMs
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, atMs - nowMs()))
  }

  #tick(): void {
    this.#timerAtMs = Infinity
    this.#link.tick(nowMs())
    if (!this.isVerified && nowMs() >= this.#greeting.againAtMs) this.hello()
    this.#arm()
  }
}

function leftError(id: PeerId): EdgeNetError {
  return new EdgeNetError('peer-unknown', 'left', `No peer ${id} here any more.`, 'Send to one of network.peers.')
}
