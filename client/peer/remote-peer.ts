/**
 * Another running client, as this one sees it: its link, the path that the link is on, and the seal around everything
 * that goes through a carrier. This is the shell of the link's state machine: it has the timer, the cipher and the paths.
 */
import type { ProvenAnnouncement } from '../../protocol/announcement.ts'
import { toBase64Url, utf8, type Bytes } from '../../protocol/bytes.ts'
import type { EnvelopeKind } from '../../protocol/envelope.ts'
import { decodeFrame, encodeFrame, type Frame, type FrameType } from '../../protocol/frame.ts'
import { FRAME_HEADER_BYTES, MAX_MESSAGE_BYTES } from '../../protocol/limits.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import type { Data, NetworkEvents, Path, Peer, PeerState } from '../api.ts'
import { nowMs } from '../clock.ts'
import { EdgeNetError } from '../errors.ts'
import type { Opener, Sealer } from '../identity/seal.ts'
import type { Timer } from '../timers.ts'
import type { Attempt, AttemptEnd } from './attempt.ts'
import { DIRECT_WINDOW_BYTES, Link, RELAY_WINDOW_BYTES } from './link.ts'
import { pathOf } from './path.ts'
import { RoundTrip } from './round-trip.ts'
import type { PeerLink } from './webrtc-peer-manager.ts'

export type SealedKind = Exclude<EnvelopeKind, 'who'>

/** What peers ask of their network. */
export interface PeerHost {
  /** Hands sealed bytes to the carrier; `intro` adds our announcement. */
  carry(to: PeerId, kind: SealedKind, sealed: Bytes): void
  /** False while the carrier takes no bulk: it is down, full, or the room asked for a pause. */
  carrierIsReady(): boolean
  /** How long a frame may be to fit into an `intro` beside our announcement. */
  introFrameBytes(): number
  /** The first sealed bytes opened. */
  verified(peer: RemotePeer): void
  /** The peer began a new link state with this frame: the old one is over. */
  restarted(peer: RemotePeer, incarnation: number, frame: Bytes): void
  /** The peer said goodbye. */
  left(peer: RemotePeer): void
  /** A frame of the peer's that is about attempts. */
  signal(peer: RemotePeer, frame: Frame): void
  pathChanged(peer: RemotePeer): void
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

/** A direct path is measured often: it costs nobody anything. A relayed ping is a message that the host pays for. */
const DIRECT_PING_MS = 2_000
const RELAY_PING_MS = 60_000
/** The first relayed ping waits whether a direct path makes it unnecessary. */
const FIRST_RELAY_PING_MS = 1_500
/** Three pings unanswered. Chromium itself needs 16 s to call a cut path failed. */
const DIRECT_SILENCE_MS = 6_500
/** A path that has just opened has better things to do than to be measured. */
const SETTLE_MS = 200
/** While the carrier is full the link looks again this often; a WebSocket has no event for it. */
const CARRIER_RETRY_MS = 50
/** A peer that speaks to a link state that is over is told so, but not for each of its frames. */
const HELLO_PAUSE_MS = 1_000
const NOTHING = new Uint8Array(0)

export class RemotePeer implements Peer, PeerLink {
  readonly id: PeerId
  readonly keys: PeerKeys
  announcement: ProvenAnnouncement
  state: PeerState = 'announced'
  path: Path = { kind: 'relay' }
  /** Told to leave unless it is heard of before this time: the room does not list it. */
  absentUntilMs: number | undefined
  readonly #host: PeerHost
  readonly #link: Link
  readonly #roundTrip = new RoundTrip()
  #peerIncarnation: number | undefined
  #attempt: Attempt | undefined
  #isLabelled = false
  /** Envelopes leave and arrive in the order in which they were made, though the cipher takes its time. */
  #outbox: Promise<unknown> = Promise.resolve()
  #inbox: Promise<unknown> = Promise.resolve()
  #sealing = 0
  /** Who waits for the link to take a message over. */
  readonly #accepted = new Map<number, () => void>()
  #messages = 0
  #timer: Timer | undefined
  #timerAtMs = 0
  #pingAtMs = nowMs() + RELAY_PING_MS
  #heardAtMs = 0
  #carrierIsFull = false
  /** From when on another hello may be sent. */
  #helloAtMs = 0

  constructor(announcement: ProvenAnnouncement, keys: PeerKeys, host: PeerHost) {
    this.id = announcement.peerId
    this.announcement = announcement
    this.keys = keys
    this.#host = host
    this.#link = new Link(keys.incarnation, {
      send: (frame) => this.#sendData(frame),
      acknowledge: () => this.signal('ack', NOTHING),
      deliver: (data) => host.emit('message', { peer: this, data }),
      accepted: (message) => {
        this.#accepted.get(message)?.()
        this.#accepted.delete(message)
      },
    })
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
    return this.#roundTrip.smoothedMs
  }
  get isVerified(): boolean {
    return this.state === 'verified'
  }
  /** Something is on its way to the carrier. */
  get isSealing(): boolean {
    return this.#sealing > 0
  }
  /** Resolves when all that has arrived so far has been opened. */
  get drained(): Promise<unknown> {
    return this.#inbox
  }
  get isDirect(): boolean {
    return this.#attempt !== undefined
  }

  async send(data: Data): Promise<void> {
    const isText = typeof data === 'string'
    const bytes = isText ? utf8(data) : data
    if (!(bytes instanceof Uint8Array)) {
      throw new EdgeNetError('invalid-argument', 'data', 'A message is a string or a Uint8Array.', 'Encode it first.')
    }
    if (bytes.length > MAX_MESSAGE_BYTES) {
      const hint = `Split it: at most ${MAX_MESSAGE_BYTES} bytes each.`
      throw new EdgeNetError('message-too-large', 'size', `${bytes.length} bytes are too many.`, hint)
    }
    await new Promise<void>((resolve) => {
      if (this.state === 'closed') return resolve()
      this.#accepted.set(++this.#messages, resolve)
      this.#link.post(this.#messages, bytes, isText, nowMs())
      this.#arm()
    })
    if (this.state !== 'closed') return
    throw new EdgeNetError('peer-unknown', 'left', `No peer ${this.id} here any more.`, 'Send to one of network.peers.')
  }

  /** Introduces us, at most once a second. The first frame from us makes us verified at the other side. */
  hello(): void {
    if (nowMs() < this.#helloAtMs) return
    this.#helloAtMs = nowMs() + HELLO_PAUSE_MS
    this.#sealAs('intro', this.#link.frame('ack', NOTHING))
    this.#arm()
  }

  /** Takes sealed bytes from the carrier. */
  receive(kind: SealedKind, sealed: Bytes): void {
    const opening = this.keys.opener.open(kind, sealed)
    this.#inbox = this.#inbox.then(async () => {
      const opened = await opening
      if (typeof opened === 'string') this.#host.misbehaved(this.id, opened)
      else this.opened(opened.incarnation, opened.frame)
    })
  }

  /** Takes a frame that the peer's link state `incarnation` had sealed. */
  opened(incarnation: number, bytes: Bytes): void {
    const frame = decodeFrame(bytes)
    if (!frame) return this.#host.misbehaved(this.id, 'frame-malformed')
    this.absentUntilMs = undefined
    this.#peerIncarnation ??= incarnation
    if (incarnation > this.#peerIncarnation) return this.#host.restarted(this, incarnation, bytes)
    if (this.state === 'announced') {
      this.state = 'verified'
      this.#pingAtMs = nowMs() + FIRST_RELAY_PING_MS
      this.#host.verified(this)
    }
    this.#received(frame)
  }

  /** The carrier may have lost what was in flight: it was down, or the peer's socket was. */
  relayRestarted(): void {
    this.absentUntilMs = undefined
    if (!this.isDirect) this.#link.resend(nowMs())
    this.#arm()
  }

  /** Says goodbye on the direct path, or else through the carrier. Resolves when it has been handed over. */
  async bye(): Promise<void> {
    const frame = this.#link.frame('bye', NOTHING)
    if (this.#attempt) this.#attempt.send(encodeFrame(frame))
    else this.#seal('signal', frame)
    await this.#outbox
  }

  close(): void {
    this.state = 'closed'
    clearTimeout(this.#timer)
    for (const settle of this.#accepted.values()) settle()
    this.#accepted.clear()
  }

  // ---- what attempts ask -------------------------------------------------------------------------------------------

  /** Acknowledgements and pings may be lost, so on a direct path they need not wait behind data; the rest is relayed. */
  signal(type: FrameType, payload: Bytes): void {
    const frame = this.#link.frame(type, payload)
    const isProbe = type === 'ack' || type === 'ping' || type === 'pong'
    if (isProbe && this.#attempt) this.#attempt.sendProbe(encodeFrame(frame))
    else this.#seal('signal', frame)
  }

  encode(type: FrameType, payload: Bytes): Bytes {
    return encodeFrame(this.#link.frame(type, payload))
  }

  mac(message: Bytes): Promise<Bytes> {
    return this.keys.mac(message)
  }

  directFrame(frame: Frame): void {
    this.#heardAtMs = nowMs()
    this.#received(frame)
  }

  directWritable(): void {
    this.#link.pump()
  }

  directOpened(attempt: Attempt): void {
    this.#heardAtMs = nowMs()
    this.#attempt = attempt
    this.#isLabelled = false
    this.#link.windowBytes = DIRECT_WINDOW_BYTES
    this.#pathChanged({ kind: 'direct', local: 'unknown', remote: 'unknown', protocol: 'unknown' })
    // Nothing is sent again: what is in flight on the relay arrives, and the receiver sorts it in.
    this.#link.pump()
  }

  directClosed(): void {
    this.#attempt = undefined
    if (this.state === 'closed') return
    this.#link.windowBytes = RELAY_WINDOW_BYTES
    this.#pathChanged({ kind: 'relay' })
    this.#link.resend(nowMs())
    this.#arm()
  }

  attemptFailed(end: AttemptEnd): void {
    const hint = 'Messages stay on the relay. A TURN server helps behind strict NATs.'
    const error = new EdgeNetError('direct-failed', end, `No direct path to ${this.id} (${end}).`, hint)
    this.#host.emit('error', { error, peer: this })
  }

  // ---- in and out --------------------------------------------------------------------------------------------------

  #received(frame: Frame): void {
    if (this.state === 'closed') return
    if (!this.#link.receive(frame, nowMs())) {
      this.hello()
      return this.#host.misbehaved(this.id, 'frame-unexpected')
    }
    if (frame.type === 'ping') this.signal('pong', frame.payload)
    else if (frame.type === 'pong' && this.#roundTrip.answered(frame.payload, nowMs())) {
      this.#host.emit('rtt', { peer: this, rttMs: this.#roundTrip.smoothedMs })
    } else if (frame.type === 'bye') return this.#host.left(this)
    else this.#host.signal(this, frame)
    this.#arm()
  }

  #sendData(frame: Frame): boolean {
    if (this.#attempt) return this.#attempt.send(encodeFrame(frame))
    this.#carrierIsFull = !this.#host.carrierIsReady()
    if (!this.#carrierIsFull) this.#seal('relay', frame)
    return !this.#carrierIsFull
  }

  /** Until the peer has answered it may not know us: small frames introduce us, longer ones follow an introduction. */
  #seal(usualKind: 'signal' | 'relay', frame: Frame): void {
    const isSmall = FRAME_HEADER_BYTES + frame.payload.length <= this.#host.introFrameBytes()
    if (!this.isVerified && !isSmall) this.hello()
    this.#sealAs(this.isVerified || !isSmall ? usualKind : 'intro', frame)
  }

  #sealAs(kind: SealedKind, frame: Frame): void {
    const sealing = this.keys.sealer.seal(kind, encodeFrame(frame))
    this.#sealing++
    this.#outbox = this.#outbox.then(async () => {
      this.#host.carry(this.id, kind, await sealing)
      this.#sealing--
    })
  }

  #pathChanged(path: Path): void {
    this.#roundTrip.reset()
    this.#pingAtMs = nowMs() + SETTLE_MS
    this.#setPath(path)
    this.#arm()
  }

  #setPath(path: Path): void {
    this.path = path
    this.#host.pathChanged(this)
  }

  // ---- time --------------------------------------------------------------------------------------------------------

  /** Sets the timer for the earliest thing to do. */
  #arm(): void {
    clearTimeout(this.#timer)
    if (this.state === 'closed') return
    const retryMs = this.#carrierIsFull ? nowMs() + CARRIER_RETRY_MS : Infinity
    this.#timerAtMs = Math.min(this.#pingAtMs, this.#link.deadlineMs(), retryMs)
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, this.#timerAtMs - nowMs()))
  }

  #tick(): void {
    const now = nowMs()
    // A timer that came late means that we slept, not that the other side was silent.
    this.#heardAtMs += Math.max(0, now - this.#timerAtMs)
    if (now - this.#heardAtMs > DIRECT_SILENCE_MS) this.#attempt?.end('silent')
    this.#link.tick(now)
    if (this.#carrierIsFull) this.#link.pump()
    if (now >= this.#pingAtMs) {
      this.#pingAtMs = now + (this.#attempt ? DIRECT_PING_MS : RELAY_PING_MS)
      if (this.isVerified) this.signal('ping', this.#roundTrip.asked(now))
      if (this.#attempt && !this.#isLabelled) void this.#label(this.#attempt)
    }
    this.#arm()
  }

  /** Finds out what the direct path is made of. */
  async #label(attempt: Attempt): Promise<void> {
    this.#isLabelled = true
    const path = await pathOf(attempt.connection.pc)
    if (path && this.#attempt === attempt) this.#setPath(path)
  }
}
