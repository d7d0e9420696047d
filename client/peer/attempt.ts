/**
 * One RTCPeerConnection's try at a direct path. It is never renegotiated: a path that died is followed by another
 * attempt. Nothing but BIND is read until the other side has proved, under the pair's key, that the DTLS fingerprints in use
 * are the ones that both know; so whoever sits between them gets no further than a connection that carries nothing.
 */
import { compareBytes, concat, type Bytes } from '../../protocol/bytes.ts'
import { decodeFrame, encodeFrame, type Frame, type FrameType } from '../../protocol/frame.ts'
import { layout, oneOf, rest, uint } from '../../protocol/layout.ts'
import { MAX_FRAME_BYTES } from '../../protocol/limits.ts'
import {
  decodeBind,
  encodeBind,
  encodeCandidates,
  encodeDescription,
  MAX_CANDIDATES_PER_SIGNAL,
  type DescriptionFields,
  type DescriptionSignal,
} from '../../protocol/signal.ts'
import type { AttemptEnd, Path } from '../api.ts'
import { nowMs } from '../clock.ts'
import type { Timer } from '../timers.ts'
import { noteCandidate, type AttemptRecord } from './attempt-record.ts'
import { closeConnection, type Connection } from './connection.ts'
import { parseDescription, renderDescription } from './description.ts'

export type Role = 'offerer' | 'answerer'

/** What an attempt needs of the link that it works for. */
export interface AttemptLink {
  /** Sends a signal frame to the other side, through whatever carrier there is. */
  signal(type: FrameType, payload: Bytes): void
  /** A frame of the link with this payload. */
  frame(type: FrameType, payload: Bytes): Frame
  readonly keys: {
    /** HMAC-SHA-256 under the pair's bind key, 32 bytes. */
    mac(message: Bytes): Promise<Bytes>
  }
  directFrame(frame: Frame): void
  /** The path takes frames again. */
  pump(): void
}

export interface AttemptEvents {
  /** Both BINDs are proved: the path carries frames. */
  opened(attempt: Attempt): void
  ended(attempt: Attempt, end: AttemptEnd): void
}

/** Candidates that follow each other within this time travel together: one message instead of one each. */
const CANDIDATE_BATCH_MS = 10
/** What fits into one signal envelope with room for a description. */
const CANDIDATE_BATCH_BYTES = 3_000
/** An offer may be lost on its way; the relay's round trip is far shorter. */
const OFFER_REPEAT_MS = 1_000
/** Chromium can lose the first message of a channel, so BIND is repeated, slower each time. */
const BIND_REPEAT_MS = 100
/** ICE over a slow TURN server needs 2 to 3 s; Chromium itself gives up after 15. */
const ATTEMPT_TIMEOUT_MS = 12_000
/** Chromium halves its throughput with a megabyte queued; and what is queued dies with the connection. */
const HIGH_WATER_BYTES = 64 * 1024
/** What one side sends in the round trip before the other has proved itself; the link sends again what is dropped. */
const MAX_EARLY_BYTES = 256 * 1024
/** Candidates of one attempt: hosts with many addresses gather a dozen. */
const MAX_REMOTE_CANDIDATES = 64
/** A channel copies what it is given, so all frames are put together here: new memory for each is what bulk data waits for. */
const outbox = new Uint8Array(MAX_FRAME_BYTES)
const BOUND = layout<{ attempt: number; role: Role; fingerprints: Bytes }>({
  attempt: uint(4),
  role: oneOf(['answerer', 'offerer']),
  fingerprints: rest,
})

export class Attempt {
  readonly record: AttemptRecord
  readonly connection: Connection
  /** What the path is made of, once it is known. */
  path: Path | undefined
  readonly #link: AttemptLink
  readonly #events: AttemptEvents
  readonly #candidates: string[] = []
  #sentCandidates = 0
  #batchTimer: Timer | undefined
  #repeatTimer: Timer | undefined
  readonly #timeout: Timer
  /** The other side's candidates, until there is a description that they belong to. */
  #earlyCandidates: string[] | undefined = []
  #remoteCandidates = 0
  #mid = '0'
  #local: DescriptionFields | undefined
  #remote: DescriptionFields | undefined
  /** Computed before they are needed; empty while there is one description only. */
  #ownMac: Promise<Bytes> = Promise.resolve(new Uint8Array(0))
  #expectedMac = this.#ownMac
  #bindProved = false
  #bindSent = false
  /** What came before the other side had proved itself; nobody has looked at it. */
  readonly #early: Frame[] = []
  #earlyBytes = 0
  #pongReceived = false

  constructor(number: number, role: Role, connection: Connection, link: AttemptLink, events: AttemptEvents) {
    this.record = { number, role, startedAtMs: nowMs(), local: new Set(), remote: new Set() }
    this.connection = connection
    this.#link = link
    this.#events = events
    const { pc, frames, probes } = connection
    pc.onicecandidate = ({ candidate }) => {
      // libdatachannel leaves the attribute's `a=` in front.
      if (candidate?.candidate) this.#gathered(candidate.candidate.replace(/^a=/, ''))
    }
    pc.onconnectionstatechange = () => {
      if (pc.connectionState === 'failed' || pc.connectionState === 'closed') this.end('failed')
    }
    frames.bufferedAmountLowThreshold = HIGH_WATER_BYTES / 2
    frames.onbufferedamountlow = () => link.pump()
    frames.onopen = () => void this.#bind(BIND_REPEAT_MS)
    // Without pings nobody would know how the path is.
    frames.onclose = probes.onclose = () => this.end('closed')
    frames.onmessage = probes.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer) void this.#received(new Uint8Array(data))
    }
    this.#timeout = setTimeout(() => this.end('timeout'), ATTEMPT_TIMEOUT_MS)
  }

  /** As offerer: makes the offer and sends it. */
  offer(): Promise<void> {
    return this.#guard(async (pc) => {
      const offer = await (this.connection.offer ?? pc.createOffer())
      const applied = pc.setLocalDescription(offer)
      this.#describe('offer', offer.sdp)
      await applied
      this.#repeatOffer()
    })
  }

  /** As answerer: takes an offer; the same offer again gets the same answer again. */
  async answer(offer: DescriptionSignal): Promise<void> {
    this.addCandidates(offer.candidates)
    if (this.#remote) return this.#sendDescription('answer')
    this.#remote = offer
    await this.#guard(async (pc) => {
      await pc.setRemoteDescription({ type: 'offer', sdp: renderDescription(offer, this.#mid) })
      const answer = await pc.createAnswer()
      // Not awaited before sending: the other side can start as soon as it has the answer.
      const applied = pc.setLocalDescription(answer)
      this.#describe('answer', answer.sdp)
      this.#addEarlyCandidates()
      await applied
    })
  }

  /** As offerer: takes the answer. A repeated one only brings candidates. */
  async accept(answer: DescriptionSignal): Promise<void> {
    this.addCandidates(answer.candidates)
    if (this.#remote || this.role === 'answerer') return
    this.#remote = answer
    this.#computeMacs()
    clearTimeout(this.#repeatTimer)
    await this.#guard(async (pc) => {
      await pc.setRemoteDescription({ type: 'answer', sdp: renderDescription(answer, this.#mid) })
      this.#addEarlyCandidates()
    })
  }

  /** Adds the other side's candidates, at once or when there is a description that they belong to. */
  addCandidates(candidates: readonly string[]): void {
    for (const candidate of candidates) {
      if (this.#remoteCandidates++ >= MAX_REMOTE_CANDIDATES) return
      noteCandidate(this.record.remote, candidate)
      if (this.#earlyCandidates) this.#earlyCandidates.push(candidate)
      else this.#addCandidate(candidate)
    }
  }

  /** Sends a frame; false when the channel takes no more now. */
  send(frame: Frame): boolean {
    const { frames } = this.connection
    return frames.bufferedAmount <= HIGH_WATER_BYTES && this.#sendOn(frames, frame)
  }

  /** Sends a frame that may be lost, and does not wait behind the others. */
  sendProbe(frame: Frame): boolean {
    const { probes } = this.connection
    return probes.bufferedAmount <= HIGH_WATER_BYTES && this.#sendOn(probes, frame)
  }

  get number(): number {
    return this.record.number
  }
  get role(): Role {
    return this.record.role
  }
  get #hasEnded(): boolean {
    return this.record.end !== undefined
  }

  end(end: AttemptEnd): void {
    if (this.#hasEnded) return
    this.record.end = end
    for (const timer of [this.#batchTimer, this.#repeatTimer, this.#timeout]) clearTimeout(timer)
    closeConnection(this.connection)
    this.#events.ended(this, end)
  }

  #sendOn(channel: RTCDataChannel, frame: Frame): boolean {
    if (channel.readyState !== 'open') return false
    try {
      channel.send(encodeFrame(frame, outbox))
      return true
    } catch {
      // node-datachannel says `open` a moment longer than it is.
      this.end('closed')
      return false
    }
  }

  /** Runs engine calls; a failure ends the attempt, unless it had ended anyway. */
  async #guard(calls: (pc: RTCPeerConnection) => Promise<void>): Promise<void> {
    try {
      await calls(this.connection.pc)
    } catch {
      this.end('failed')
    }
  }

  // ---- descriptions and candidates ---------------------------------------------------------------------------------

  #describe(type: 'offer' | 'answer', sdp: string | undefined): void {
    const parsed = parseDescription(sdp ?? '')
    if (!parsed) throw new TypeError('SDP')
    this.#local = parsed.fields
    // The answer is rendered with the id that the offerer's engine gave its m-line.
    if (type === 'offer') this.#mid = parsed.mid
    this.#computeMacs()
    this.#sendDescription(type)
  }

  #sendDescription(type: 'offer' | 'answer'): void {
    const { number: attempt } = this
    const candidates = batchOf(this.#candidates)
    if (this.#local) this.#link.signal(type, encodeDescription({ attempt, ...this.#local, candidates }))
  }

  #repeatOffer(): void {
    if (this.#remote || this.#hasEnded) return
    this.#repeatTimer = setTimeout(() => {
      this.#sendDescription('offer')
      this.#repeatOffer()
    }, OFFER_REPEAT_MS)
  }

  #gathered(candidate: string): void {
    noteCandidate(this.record.local, candidate)
    this.#candidates.push(candidate)
    const waitMs = this.#sentCandidates === 0 ? 0 : CANDIDATE_BATCH_MS
    this.#batchTimer ??= setTimeout(() => this.#sendCandidates(), waitMs)
  }

  #sendCandidates(): void {
    this.#batchTimer = undefined
    const candidates = batchOf(this.#candidates.slice(this.#sentCandidates))
    this.#sentCandidates += candidates.length
    this.#link.signal('ice-candidate', encodeCandidates({ attempt: this.number, candidates }))
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

  // ---- BIND --------------------------------------------------------------------------------------------------------

  /** With both descriptions in place: what either side sends as BIND, MACs over both fingerprints in use. */
  #computeMacs(): void {
    const [mine, theirs] = [this.#local?.fingerprint, this.#remote?.fingerprint]
    if (!mine || !theirs) return
    const isOfferer = this.role === 'offerer'
    const fingerprints = isOfferer ? concat(mine, theirs) : concat(theirs, mine)
    const macOf = (role: Role) => this.#link.keys.mac(BOUND.encode({ attempt: this.number, role, fingerprints }))
    this.#ownMac = macOf(this.role)
    this.#expectedMac = macOf(isOfferer ? 'answerer' : 'offerer')
  }

  async #bind(repeatMs: number): Promise<void> {
    const mac = await this.#ownMac
    if (this.#hasEnded || this.#pongReceived) return
    this.send(this.#link.frame('bind', encodeBind({ attempt: this.number, mac })))
    this.#repeatTimer = setTimeout(() => void this.#bind(repeatMs * 2), repeatMs)
    this.#bindSent = true
    this.#openIfBound()
  }

  async #received(bytes: Bytes): Promise<void> {
    const frame = decodeFrame(bytes)
    if (!frame || this.#hasEnded) return
    if (frame.type === 'bind') {
      const bind = decodeBind(frame.payload)
      const expected = await this.#expectedMac
      // The sender of a wrong MAC gets no answer at all, so the time that comparing takes tells it nothing.
      if (!bind || compareBytes(bind.mac, expected) !== 0 || this.#hasEnded) return
      this.#bindProved = true
      this.send(this.#link.frame('pong', new Uint8Array(0)))
      return this.#openIfBound()
    }
    if (frame.type === 'pong' || this.#bindProved) {
      // PONG says that our BIND has arrived. So does any other frame: the other side sends none before.
      this.#pongReceived = true
      clearTimeout(this.#repeatTimer)
    }
    if (this.record.openedAtMs !== undefined) return this.#link.directFrame(frame)
    // It may have overtaken BIND: channel 1 does, and so does what is sent after a BIND that the engine lost.
    this.#earlyBytes += bytes.length
    if (this.#earlyBytes <= MAX_EARLY_BYTES) this.#early.push(frame)
  }

  /**
   * The other side's BIND proves where the path ends, so we may send; ours goes before everything else on the same ordered
   * channel, so the other side can read what follows. Waiting for its PONG would cost a round trip and prove no more.
   */
  #openIfBound(): void {
    if (!this.#bindProved || !this.#bindSent || this.record.openedAtMs !== undefined) return
    this.record.openedAtMs = nowMs()
    clearTimeout(this.#timeout)
    this.#events.opened(this)
    for (const frame of this.#early.splice(0)) this.#link.directFrame(frame)
  }
}

/** As many candidates as one signal carries: at least one, in order. */
function batchOf(candidates: readonly string[]): string[] {
  let bytes = 0
  const end = candidates.findIndex((candidate) => (bytes += candidate.length + 2) > CANDIDATE_BATCH_BYTES)
  return candidates.slice(0, Math.min(MAX_CANDIDATES_PER_SIGNAL, end === -1 ? candidates.length : Math.max(1, end)))
}
