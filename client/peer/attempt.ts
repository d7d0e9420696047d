/**
 * One RTCPeerConnection's try at a direct path. It is never renegotiated: a path that died is followed by another
 * attempt. Nothing but BIND is accepted until both sides have proved, under the pair's key, that the DTLS fingerprints
 * in use are theirs; so whoever sits between them gets no further than a connection that carries nothing.
 */
import { concat, utf8, ByteWriter, type Bytes } from '../../protocol/bytes.ts'
import { decodeFrame, type Frame, type FrameType } from '../../protocol/frame.ts'
import {
  decodeBind,
  encodeBind,
  encodeCandidates,
  encodeDescription,
  MAX_CANDIDATES_PER_SIGNAL,
  type DescriptionFields,
} from '../../protocol/signal.ts'
import { closeConnection, type Connection } from './connection.ts'
import { parseDescription, renderDescription } from './description.ts'

export type AttemptEnd = 'failed' | 'timeout' | 'closed' | 'silent' | 'superseded'

export interface AttemptHost {
  /** Sends a signal frame to the other side, through whatever carrier there is. */
  signal(type: FrameType, payload: Bytes): void
  /** A frame of the link with this payload, ready for the channel. */
  encode(type: FrameType, payload: Bytes): Bytes
  /** HMAC-SHA-256 under the pair's bind key, 32 bytes. */
  mac(message: Bytes): Promise<Bytes>
  /** Both BINDs are proved: the path carries frames. */
  opened(): void
  frame(frame: Frame): void
  /** The path takes frames again. */
  writable(): void
  ended(end: AttemptEnd): void
}

export type Role = 'offerer' | 'answerer'

/** Candidates that follow each other within this time travel together: one message instead of one each. */
const CANDIDATE_BATCH_MS = 10
/** An offer may be lost on its way; the relay's round trip is far shorter. */
const OFFER_REPEAT_MS = 1_000
/** Chromium can lose the first message of a channel, so BIND is repeated, slower each time. */
const BIND_REPEAT_MS = 100
/** ICE over a slow TURN server needs 2 to 3 s; Chromium itself gives up after 15. */
const ATTEMPT_TIMEOUT_MS = 12_000
/** Chromium halves its throughput with a megabyte queued; and what is queued dies with the connection. */
const HIGH_WATER_BYTES = 64 * 1024
/** Candidates of one attempt: hosts with many addresses gather a dozen. */
const MAX_REMOTE_CANDIDATES = 64
/** What fits into one signal envelope with room for a description. */
const CANDIDATE_BATCH_BYTES = 3_000
const BIND_LABEL = utf8('edge-net/bind/1\0')

export class Attempt {
  readonly number: number
  readonly role: Role
  readonly connection: Connection
  /** Both BINDs are proved and the path carries frames. */
  isOpen = false
  /** It was open once; the link may have frames in flight on it. */
  wasOpen = false
  readonly #host: AttemptHost
  readonly #candidates: string[] = []
  #sentCandidates = 0
  #batchTimer: ReturnType<typeof setTimeout> | undefined
  #repeatTimer: ReturnType<typeof setTimeout> | undefined
  readonly #timeout: ReturnType<typeof setTimeout>
  #earlyCandidates: string[] | undefined = []
  #remoteCandidates = 0
  #mid = '0'
  #local: DescriptionFields | undefined
  #remote: DescriptionFields | undefined
  /** What the other side must send as BIND; a promise, since it is computed before it is needed. */
  #expectedMac: Promise<Bytes> | undefined
  #bindProved = false
  #pongReceived = false
  #ended = false

  constructor(number: number, role: Role, connection: Connection, host: AttemptHost) {
    this.number = number
    this.role = role
    this.connection = connection
    this.#host = host
    const { pc, frames, probes } = connection
    pc.onicecandidate = ({ candidate }) => {
      // libdatachannel leaves the attribute's `a=` in front.
      if (candidate?.candidate) this.#gathered(candidate.candidate.replace(/^a=/, ''))
    }
    pc.onconnectionstatechange = () => {
      if (pc.connectionState === 'failed' || pc.connectionState === 'closed') this.end('failed')
    }
    frames.bufferedAmountLowThreshold = HIGH_WATER_BYTES / 2
    frames.onbufferedamountlow = () => host.writable()
    frames.onopen = () => void this.#bind(BIND_REPEAT_MS)
    frames.onclose = () => this.end('closed')
    frames.onmessage = probes.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer) this.#received(new Uint8Array(data))
    }
    this.#timeout = setTimeout(() => this.end('timeout'), ATTEMPT_TIMEOUT_MS)
    // An engine may have opened a negotiated channel before the handler was there.
    if (frames.readyState === 'open') void this.#bind(BIND_REPEAT_MS)
  }

  /** As offerer: makes the offer and sends it. */
  async offer(): Promise<void> {
    const { pc } = this.connection
    await this.#guard(async () => {
      const offer = await pc.createOffer()
      const applied = pc.setLocalDescription(offer)
      this.#describe('offer', offer.sdp)
      await applied
      this.#repeatOffer()
    })
  }

  /** As answerer: takes an offer; the same offer again gets the same answer again. */
  async answer(fields: DescriptionFields, candidates: readonly string[]): Promise<void> {
    if (this.#remote) {
      if (this.#local) this.#sendDescription('answer')
      return this.addCandidates(candidates)
    }
    this.#remote = fields
    this.addCandidates(candidates)
    await this.#guard(async () => {
      const { pc } = this.connection
      await pc.setRemoteDescription({ type: 'offer', sdp: renderDescription(fields, this.#mid) })
      const answer = await pc.createAnswer()
      // Not awaited before sending: the other side can start as soon as it has the answer.
      const applied = pc.setLocalDescription(answer)
      this.#describe('answer', answer.sdp)
      this.#addEarlyCandidates()
      await applied
    })
  }

  /** As offerer: takes the answer. A repeated one only brings candidates. */
  async accept(fields: DescriptionFields, candidates: readonly string[]): Promise<void> {
    this.addCandidates(candidates)
    if (this.#remote || this.role !== 'offerer') return
    this.#remote = fields
    clearTimeout(this.#repeatTimer)
    this.#expectMac()
    await this.#guard(async () => {
      const sdp = renderDescription(fields, this.#mid)
      await this.connection.pc.setRemoteDescription({ type: 'answer', sdp })
      this.#addEarlyCandidates()
    })
  }

  /** Adds the other side's candidates, or keeps them until there is a description that they belong to. */
  addCandidates(candidates: readonly string[]): void {
    for (const candidate of candidates) {
      if (this.#remoteCandidates++ >= MAX_REMOTE_CANDIDATES) return
      if (this.#earlyCandidates) this.#earlyCandidates.push(candidate)
      else this.#addCandidate(candidate)
    }
  }

  /** Sends a frame; false when the channel takes no more now. */
  send(frame: Bytes): boolean {
    const { frames } = this.connection
    if (frames.readyState !== 'open' || frames.bufferedAmount > HIGH_WATER_BYTES) return false
    frames.send(frame)
    return true
  }

  /** Sends a frame that may be lost, and does not wait behind the others. */
  sendProbe(frame: Bytes): void {
    const { probes, frames } = this.connection
    const channel = probes.readyState === 'open' ? probes : frames
    if (channel.readyState === 'open') channel.send(frame)
  }

  end(end: AttemptEnd): void {
    if (this.#ended) return
    this.#ended = true
    this.isOpen = false
    clearTimeout(this.#batchTimer)
    clearTimeout(this.#repeatTimer)
    clearTimeout(this.#timeout)
    closeConnection(this.connection)
    this.#host.ended(end)
  }

  // ---- descriptions and candidates ---------------------------------------------------------------------------------

  #describe(type: 'offer' | 'answer', sdp: string | undefined): void {
    const parsed = parseDescription(sdp ?? '')
    if (!parsed) throw new TypeError('the WebRTC engine made a description that is not one for data channels')
    this.#local = parsed.fields
    // The answer is rendered with the id that the offerer's engine gave its m-line.
    if (type === 'offer') this.#mid = parsed.mid
    this.#expectMac()
    this.#sendDescription(type)
  }

  #sendDescription(type: 'offer' | 'answer'): void {
    if (!this.#local) return
    const candidates = batchOf(this.#candidates)
    this.#host.signal(type, encodeDescription({ attempt: this.number, description: this.#local, candidates }))
  }

  #repeatOffer(): void {
    this.#repeatTimer = setTimeout(() => {
      if (this.#remote || this.#ended) return
      this.#sendDescription('offer')
      this.#repeatOffer()
    }, OFFER_REPEAT_MS)
  }

  #gathered(candidate: string): void {
    this.#candidates.push(candidate)
    const isFirst = this.#sentCandidates === 0
    this.#batchTimer ??= setTimeout(() => this.#sendCandidates(), isFirst ? 0 : CANDIDATE_BATCH_MS)
  }

  #sendCandidates(): void {
    this.#batchTimer = undefined
    const candidates = batchOf(this.#candidates.slice(this.#sentCandidates))
    this.#sentCandidates += candidates.length
    this.#host.signal('ice-candidate', encodeCandidates({ attempt: this.number, candidates }))
    if (this.#sentCandidates < this.#candidates.length) this.#sendCandidates()
  }

  #addEarlyCandidates(): void {
    const early = this.#earlyCandidates ?? []
    this.#earlyCandidates = undefined
    for (const candidate of early) this.#addCandidate(candidate)
  }

  #addCandidate(candidate: string): void {
    const init = { candidate, sdpMid: this.#mid, sdpMLineIndex: 0 }
    // Never awaited: an engine may resolve a name for seconds. One bad candidate leaves the others useful.
    this.connection.pc.addIceCandidate(init).catch(() => undefined)
  }

  /** Runs engine calls; a failure ends the attempt, unless it had ended anyway. */
  async #guard(calls: () => Promise<void>): Promise<void> {
    try {
      await calls()
    } catch {
      this.end('failed')
    }
  }

  // ---- BIND --------------------------------------------------------------------------------------------------------

  #expectMac(): void {
    this.#expectedMac ??= this.#mac(this.role === 'offerer' ? 'answerer' : 'offerer')
    // Without both descriptions there is nothing to compute from yet.
    if (!this.#local || !this.#remote) this.#expectedMac = undefined
  }

  /** The MAC that `role` sends, over both fingerprints in use. */
  async #mac(role: Role): Promise<Bytes> {
    const [mine, theirs] = [this.#local?.fingerprint, this.#remote?.fingerprint]
    if (!mine || !theirs) return new Uint8Array(0)
    const ordered = this.role === 'offerer' ? concat(mine, theirs) : concat(theirs, mine)
    const head = new ByteWriter()
      .bytes(BIND_LABEL)
      .uint(4, this.number)
      .uint(1, role === 'offerer' ? 1 : 0)
    return this.#host.mac(concat(head.done(), ordered))
  }

  async #bind(repeatMs: number): Promise<void> {
    const mac = await this.#mac(this.role)
    if (this.#ended || this.#pongReceived) return
    const { frames } = this.connection
    if (frames.readyState === 'open') frames.send(this.#host.encode('bind', encodeBind({ attempt: this.number, mac })))
    this.#repeatTimer = setTimeout(() => void this.#bind(repeatMs * 2), repeatMs)
  }

  #received(bytes: Bytes): void {
    const frame = decodeFrame(bytes)
    if (!frame || this.#ended) return
    if (frame.type === 'bind') return void this.#checkBind(frame.payload)
    // PONG answers our BIND. Any other frame says the same: the other side sends none before it has proved ours.
    if (frame.type === 'pong' || this.#bindProved) {
      this.#pongReceived = true
      this.#openWhenProved()
    }
    if (this.isOpen) this.#host.frame(frame)
  }

  async #checkBind(payload: Bytes): Promise<void> {
    const bind = decodeBind(payload)
    const expected = await this.#expectedMac
    if (this.#ended || !bind || !expected || expected.length !== bind.mac.length) return
    // Timing tells nothing: the sender of a wrong MAC gets no answer at all.
    if (bind.attempt !== this.number || bind.mac.some((byte, i) => byte !== expected[i])) return
    this.#bindProved = true
    const { frames } = this.connection
    if (frames.readyState === 'open') frames.send(this.#host.encode('pong', new Uint8Array(0)))
    this.#openWhenProved()
  }

  #openWhenProved(): void {
    if (!this.#bindProved || !this.#pongReceived || this.isOpen) return
    this.isOpen = this.wasOpen = true
    clearTimeout(this.#timeout)
    clearTimeout(this.#repeatTimer)
    this.#host.opened()
  }
}

/** As many candidates as one signal carries: at least one, in order. */
function batchOf(candidates: readonly string[]): string[] {
  let bytes = 0
  const end = candidates.findIndex((candidate) => (bytes += candidate.length + 2) > CANDIDATE_BATCH_BYTES)
  return candidates.slice(0, Math.min(MAX_CANDIDATES_PER_SIGNAL, end === -1 ? candidates.length : Math.max(1, end)))
}
