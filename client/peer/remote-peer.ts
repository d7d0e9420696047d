/**
 * Another running client, as this one sees it: its link, the path that the link is on, and the seal around everything
 * that goes through the room. This is the shell of the link's state machine: it has the timer, the cipher and the paths.
 */
import type { ProvenAnnouncement } from '../../protocol/announcement.ts'
import { ByteReader, ByteWriter, toBase64Url, utf8, type Bytes } from '../../protocol/bytes.ts'
import type { EnvelopeKind } from '../../protocol/envelope.ts'
import { decodeFrame, encodeFrame, type Frame, type FrameType } from '../../protocol/frame.ts'
import { FRAME_HEADER_BYTES, MAX_MESSAGE_BYTES } from '../../protocol/limits.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import type { Data, Path, Peer, PeerState } from '../api.ts'
import { EdgeNetError } from '../errors.ts'
import type { Opener, OpenFault, Sealer } from '../identity/seal.ts'
import type { Attempt, AttemptEnd } from './attempt.ts'
import { DIRECT_WINDOW_BYTES, Link, RELAY_WINDOW_BYTES } from './link.ts'
import { pathOf } from './path.ts'
import type { PeerLink } from './webrtc-peer-manager.ts'

export type SealedKind = Exclude<EnvelopeKind, 'who'>
export type LeaveReason = 'left' | 'blocked' | 'closed' | 'lost'

/** What a peer's shell asks of its network. */
export interface RemotePeerHost {
  nowMs(): number
  /** Hands sealed bytes to the carrier; `intro` adds our announcement. */
  carry(to: PeerId, kind: SealedKind, sealed: Bytes): void
  /** How long a frame may be to fit into an `intro` beside our announcement. */
  introFrameBytes(): number
  /** False while the carrier takes no bulk: it is down, full, or the room asked for a pause. */
  carrierReady(): boolean
  /** The first sealed bytes opened. */
  verified(): void
  /** The peer began a new link state with this frame: ours, as it was, is over. */
  restarted(incarnation: number, frame: Bytes): void
  /** The peer said goodbye. */
  left(): void
  message(data: Data): void
  path(path: Path): void
  rtt(rttMs: number): void
  signal(frame: Frame): void
  attemptFailed(end: AttemptEnd): void
  misbehaved(reason: OpenFault | 'frame-malformed' | 'frame-unexpected'): void
}

export interface RemotePeerKeys {
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
/** A peer that speaks to a link state that is over is told so, but not for each of its frames. */
const HELLO_PAUSE_MS = 1_000
/** Three pings unanswered. Chromium itself needs 16 s to call a cut path failed. */
const DIRECT_SILENCE_MS = 6_500
/** While the carrier is full the link looks again this often; a WebSocket has no event for it. */
const CARRIER_RETRY_MS = 50
/** The weight of a new sample in the smoothed round-trip time: RFC 6298 section 2.3. */
const RTT_WEIGHT = 1 / 8
const EMPTY = new Uint8Array(0)

export class RemotePeer implements Peer, PeerLink {
  readonly id: PeerId
  announcement: ProvenAnnouncement
  state: PeerState = 'announced'
  path: Path = { kind: 'relay' }
  rttMs: number | undefined
  /** Told to leave unless it is heard of before this time; the room no longer lists it. */
  absentUntilMs: number | undefined
  readonly #host: RemotePeerHost
  readonly #keys: RemotePeerKeys
  readonly #link: Link
  #peerIncarnation: number | undefined
  #attempt: Attempt | undefined
  /** Envelopes leave in the order in which their frames were made, though sealing takes its time. */
  #outbox: Promise<unknown> = Promise.resolve()
  #inbox: Promise<unknown> = Promise.resolve()
  readonly #accepted = new Map<number, () => void>()
  #messages = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #timerAtMs = 0
  #pingAtMs: number
  #pings = 0
  #pingSentAtMs = new Map<number, number>()
  #heardDirectAtMs = 0
  #carrierFull = false
  /** From when on another hello may be sent. */
  #helloAtMs = 0

  constructor(announcement: ProvenAnnouncement, keys: RemotePeerKeys, incarnation: number, host: RemotePeerHost) {
    this.id = announcement.peerId
    this.announcement = announcement
    this.#keys = keys
    this.#host = host
    this.#pingAtMs = host.nowMs() + RELAY_PING_MS
    this.#link = new Link(incarnation, {
      send: (frame) => this.#sendData(frame),
      acknowledge: () => this.#sendControl(this.#link.frame('ack', EMPTY)),
      deliver: (data) => host.message(data),
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
  get isVerified(): boolean {
    return this.state === 'verified'
  }
  get isDirect(): boolean {
    return this.#attempt !== undefined
  }

  async send(data: Data): Promise<void> {
    const isText = typeof data === 'string'
    const bytes = isText ? utf8(data) : data
    if (!(bytes instanceof Uint8Array)) throw notData()
    if (bytes.length > MAX_MESSAGE_BYTES) throw tooLarge(bytes.length)
    if (this.state === 'closed') throw gone(this.id)
    const message = ++this.#messages
    await new Promise<void>((resolve, reject) => {
      this.#accepted.set(message, () => (this.state === 'closed' ? reject(gone(this.id)) : resolve()))
      this.#link.post(message, bytes, isText, this.#host.nowMs())
      this.#arm()
    })
  }

  /** Says that we are here. The first frame from us makes us verified at the other side. */
  hello(): void {
    this.#helloAtMs = this.#host.nowMs() + HELLO_PAUSE_MS
    this.#sendControl(this.#link.frame('ack', EMPTY))
    this.#arm()
  }

  /** Takes sealed bytes from the carrier. */
  receive(kind: SealedKind, sealed: Bytes): void {
    const opening = this.#keys.opener.open(kind, sealed)
    this.#inbox = this.#inbox.then(async () => {
      const opened = await opening
      if (this.state === 'closed') return
      if (typeof opened === 'string') return this.#host.misbehaved(opened)
      this.opened(opened.incarnation, opened.frame)
    })
  }

  /** The carrier may have lost what was in flight: it was down, or the peer's socket was. */
  relayRestarted(): void {
    this.absentUntilMs = undefined
    if (!this.isDirect) this.#link.resend(this.#host.nowMs())
    this.#arm()
  }

  /** Tells the peer that we leave, on every path there is. Resolves when the carrier has it. */
  async bye(overRelay: boolean): Promise<void> {
    const frame = this.#link.frame('bye', EMPTY)
    this.#attempt?.send(encodeFrame(frame))
    if (!overRelay) return
    this.#sendControl(frame)
    await this.#outbox
  }

  close(): void {
    if (this.state === 'closed') return
    this.state = 'closed'
    clearTimeout(this.#timer)
    for (const settle of this.#accepted.values()) settle()
    this.#accepted.clear()
  }

  // ---- what the manager of attempts asks ---------------------------------------------------------------------------

  signal(type: FrameType, payload: Bytes): void {
    this.#sendControl(this.#link.frame(type, payload))
  }

  encode(type: FrameType, payload: Bytes): Bytes {
    return encodeFrame(this.#link.frame(type, payload))
  }

  mac(message: Bytes): Promise<Bytes> {
    return this.#keys.mac(message)
  }

  directFrame(frame: Frame): void {
    this.#heardDirectAtMs = this.#host.nowMs()
    this.#received(frame)
  }

  directWritable(): void {
    this.#link.pump()
  }

  directOpened(attempt: Attempt): void {
    const nowMs = this.#host.nowMs()
    this.#attempt = attempt
    this.#heardDirectAtMs = nowMs
    this.#pingAtMs = nowMs
    this.rttMs = undefined
    this.#link.windowBytes = DIRECT_WINDOW_BYTES
    this.#setPath({ kind: 'direct', local: 'unknown', remote: 'unknown', protocol: 'unknown' })
    void this.#labelPath(attempt)
    // Nothing is sent again: what is in flight on the relay arrives, and the receiver sorts it in.
    this.#link.pump()
    this.#arm()
  }

  directClosed(): void {
    this.#attempt = undefined
    this.rttMs = undefined
    this.#pingAtMs = this.#host.nowMs()
    this.#link.windowBytes = RELAY_WINDOW_BYTES
    if (this.state === 'closed') return
    this.#setPath({ kind: 'relay' })
    this.#link.resend(this.#host.nowMs())
    this.#arm()
  }

  attemptFailed(end: AttemptEnd): void {
    this.#host.attemptFailed(end)
  }

  // ---- in ----------------------------------------------------------------------------------------------------------

  /** A frame that was sealed by the peer's link state `incarnation`. */
  opened(incarnation: number, bytes: Bytes): void {
    const frame = decodeFrame(bytes)
    if (!frame) return this.#host.misbehaved('frame-malformed')
    this.absentUntilMs = undefined
    this.#peerIncarnation ??= incarnation
    if (incarnation > this.#peerIncarnation) return this.#host.restarted(incarnation, bytes)
    if (this.state === 'announced') {
      this.state = 'verified'
      this.#pingAtMs = this.#host.nowMs() + FIRST_RELAY_PING_MS
      this.#host.verified()
    }
    this.#received(frame)
  }

  #received(frame: Frame): void {
    const nowMs = this.#host.nowMs()
    if (!this.#link.receive(frame, nowMs)) {
      if (nowMs >= this.#helloAtMs) this.hello()
      return this.#host.misbehaved('frame-unexpected')
    }
    switch (frame.type) {
      case 'ping':
        this.#sendProbe(this.#link.frame('pong', frame.payload))
        break
      case 'pong':
        this.#pong(frame.payload, nowMs)
        break
      case 'bye':
        return this.#host.left()
      case 'offer':
      case 'answer':
      case 'ice-candidate':
      case 'want-offer':
        this.#host.signal(frame)
        break
      // `data` and `ack` were the link's; `bind` was the attempt's; the rest is for links that later versions speak.
      case 'data':
      case 'ack':
      case 'bind':
      case 'resume':
      case 'datagram':
        break
    }
    this.#arm()
  }

  #pong(payload: Bytes, nowMs: number): void {
    const sentAtMs = this.#pingSentAtMs.get(new ByteReader(payload).uint(4))
    if (sentAtMs === undefined) return
    this.#pingSentAtMs.clear()
    const sampleMs = nowMs - sentAtMs
    this.rttMs = this.rttMs === undefined ? sampleMs : this.rttMs + RTT_WEIGHT * (sampleMs - this.rttMs)
    this.#host.rtt(this.rttMs)
  }

  // ---- out ---------------------------------------------------------------------------------------------------------

  #sendData(frame: Frame): boolean {
    if (this.state === 'closed') return false
    if (this.#attempt) return this.#attempt.send(encodeFrame(frame))
    this.#carrierFull = !this.#host.carrierReady()
    if (!this.#carrierFull) this.#seal('relay', frame)
    return !this.#carrierFull
  }

  /** Acknowledgements and the like may be lost, so on a direct path they need not wait behind data. */
  #sendControl(frame: Frame): void {
    if (frame.type === 'ack' && this.#attempt) this.#attempt.sendProbe(encodeFrame(frame))
    else this.#sendSealed(frame)
  }

  #sendProbe(frame: Frame): void {
    if (this.#attempt) this.#attempt.sendProbe(encodeFrame(frame))
    else this.#sendSealed(frame)
  }

  /** Until the peer has answered it may not know us: small frames introduce us, longer ones follow an introduction. */
  #sendSealed(frame: Frame): void {
    if (this.isVerified) return this.#seal('signal', frame)
    const fits = FRAME_HEADER_BYTES + frame.payload.length <= this.#host.introFrameBytes()
    if (!fits) this.#seal('intro', this.#link.frame('ack', EMPTY))
    this.#seal(fits ? 'intro' : 'signal', frame)
  }

  #seal(kind: SealedKind, frame: Frame): void {
    const sealing = this.#keys.sealer.seal(kind, encodeFrame(frame))
    this.#outbox = this.#outbox.then(async () => this.#host.carry(this.id, kind, await sealing))
  }

  #setPath(path: Path): void {
    this.path = path
    this.#host.path(path)
  }

  async #labelPath(attempt: Attempt): Promise<void> {
    const path = await pathOf(attempt.connection.pc)
    if (path && this.#attempt === attempt) this.#setPath(path)
  }

  // ---- time --------------------------------------------------------------------------------------------------------

  /** Sets the timer for the earliest thing to do. */
  #arm(): void {
    if (this.state === 'closed') return
    const linkMs = this.#link.deadlineMs() ?? Number.POSITIVE_INFINITY
    const retryMs = this.#carrierFull ? this.#host.nowMs() + CARRIER_RETRY_MS : Number.POSITIVE_INFINITY
    const atMs = Math.min(this.#pingAtMs, linkMs, retryMs)
    clearTimeout(this.#timer)
    this.#timerAtMs = atMs
    this.#timer = setTimeout(() => this.#tick(), Math.max(0, atMs - this.#host.nowMs()))
  }

  #tick(): void {
    const nowMs = this.#host.nowMs()
    // A timer that came late means that we slept, not that the other side was silent.
    const lateMs = Math.max(0, nowMs - this.#timerAtMs)
    this.#heardDirectAtMs += lateMs
    if (this.#attempt && nowMs - this.#heardDirectAtMs > DIRECT_SILENCE_MS) this.#attempt.end('silent')
    this.#link.tick(nowMs)
    if (this.#carrierFull) this.#link.pump()
    if (nowMs >= this.#pingAtMs) this.#ping(nowMs)
    this.#arm()
  }

  #ping(nowMs: number): void {
    this.#pingAtMs = nowMs + (this.#attempt ? DIRECT_PING_MS : RELAY_PING_MS)
    if (!this.isVerified) return
    const id = ++this.#pings
    this.#pingSentAtMs.set(id, nowMs)
    this.#sendProbe(this.#link.frame('ping', new ByteWriter().uint(4, id).done()))
  }
}

function notData(): EdgeNetError {
  return new EdgeNetError('invalid-argument', 'data', 'A message is a string or a Uint8Array.', 'Encode it first.')
}

function tooLarge(bytes: number): EdgeNetError {
  const hint = `Split it: one message has at most ${MAX_MESSAGE_BYTES} bytes.`
  return new EdgeNetError('message-too-large', 'size', `A message of ${bytes} bytes is too large.`, hint)
}

function gone(id: PeerId): EdgeNetError {
  return new EdgeNetError('peer-unknown', 'left', `Peer ${id} has left.`, 'Send to a peer that network.peers lists.')
}
