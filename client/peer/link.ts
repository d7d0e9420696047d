/**
 * One ordered message channel between two link states, above all paths. A pure state machine: frames and the time go
 * in, frames and messages come out. Sequence numbers belong to the link, so a path may change at any moment: the
 * receiver reorders and drops what it has, the sender keeps what the other side has not acknowledged.
 */
import { concat, textOf, type Bytes } from '../../protocol/bytes.ts'
import { epochByte, FLAG_FIRST, FLAG_LAST, FLAG_TEXT, type Frame, type FrameType } from '../../protocol/frame.ts'
import { MAX_FRAME_PAYLOAD_BYTES, MAX_MESSAGE_BYTES } from '../../protocol/limits.ts'
import type { Data } from '../api.ts'

/** What the link asks of its shell. */
export interface LinkOutput {
  /** Puts a data frame on the current path. False when the path takes no more now; the shell calls `pump` later. */
  send(frame: Frame): boolean
  /** Sends an `ack` frame at once. */
  acknowledge(): void
  /** The next message, in order, once. */
  deliver(data: Data): void
  /** Every frame of this message has been sent once. */
  accepted(message: number): void
}

/** Unacknowledged bytes on a path: over a relay the room's memory is at stake, over a data channel only our own. */
export const RELAY_WINDOW_BYTES = 256 * 1024
export const DIRECT_WINDOW_BYTES = 1024 * 1024
/** Frames that overtook others wait here; at least as much as a sender may have in flight. */
const REORDER_BYTES = 1024 * 1024
const REORDER_FRAMES = 4_096
/** Honest peers fill every fragment but the last. Each costs memory of its own, so that empty ones are not free. */
const MAX_FRAGMENTS = 4 * Math.ceil(MAX_MESSAGE_BYTES / MAX_FRAME_PAYLOAD_BYTES)
/** An acknowledgement waits for company, but not longer than a person notices or than half a window fills. */
const ACK_DELAY_MS = 50
const ACK_BYTES = 32 * 1024
/** Without progress for this long the tail is sent again; doubled each time up to the maximum. */
const BACKSTOP_MS = 1_000
const BACKSTOP_MAX_MS = 8_000

interface Outgoing {
  readonly seq: number
  readonly flags: number
  readonly payload: Bytes
  /** Set on the last fragment. */
  readonly message: number | undefined
}

export class Link {
  readonly #output: LinkOutput
  readonly #epoch: number
  /** The peer's link state, once a frame of it has come. */
  #peerEpoch = 0
  windowBytes = RELAY_WINDOW_BYTES

  /** Frames that are not acknowledged, in order; the first `#sent` of them have been sent on the current path. */
  readonly #queue: Outgoing[] = []
  #sent = 0
  #inFlightBytes = 0
  #nextSeq = 0
  #acceptedSeq = 0
  #peerCreditBytes = REORDER_BYTES
  #backstopMs = BACKSTOP_MS
  #progressAtMs = 0

  #expected = 0
  readonly #early = new Map<number, Frame>()
  #earlyBytes = 0
  #fragments: Bytes[] = []
  #fragmentBytes = 0
  #unacknowledgedBytes = 0
  #ackDueMs = Infinity

  constructor(incarnation: number, output: LinkOutput) {
    this.#epoch = epochByte(incarnation)
    this.#output = output
  }

  /** Queues a copy of a message and sends what the window allows. `message` comes back in `accepted`. */
  post(message: number, bytes: Bytes, isText: boolean, nowMs: number): void {
    const textFlag = isText ? FLAG_TEXT : 0
    const count = Math.max(1, Math.ceil(bytes.length / MAX_FRAME_PAYLOAD_BYTES))
    if (this.#queue.length === 0) this.#progressAtMs = nowMs
    for (let i = 0; i < count; i++) {
      const isLast = i === count - 1
      this.#queue.push({
        seq: this.#nextSeq++,
        flags: textFlag | (i === 0 ? FLAG_FIRST : 0) | (isLast ? FLAG_LAST : 0),
        payload: bytes.slice(i * MAX_FRAME_PAYLOAD_BYTES, (i + 1) * MAX_FRAME_PAYLOAD_BYTES),
        message: isLast ? message : undefined,
      })
    }
    this.pump()
  }

  /** Sends what window, credit and path allow. */
  pump(): void {
    const windowBytes = Math.min(this.windowBytes, this.#peerCreditBytes)
    let next: Outgoing | undefined
    while ((next = this.#queue[this.#sent])) {
      // One frame may always be out, or a peer without credit could never say that it has some again.
      if (this.#inFlightBytes + next.payload.length > windowBytes && this.#sent > 0) return
      if (!this.#output.send(this.frame('data', next.payload, next))) return
      this.#sent++
      this.#inFlightBytes += next.payload.length
      if (next.seq < this.#acceptedSeq) continue
      this.#acceptedSeq = next.seq + 1
      if (next.message !== undefined) this.#output.accepted(next.message)
    }
  }

  /** The path lost what was in flight on it: everything not acknowledged goes out again. */
  resend(nowMs: number): void {
    this.#sent = 0
    this.#inFlightBytes = 0
    this.#progressAtMs = nowMs
    this.pump()
  }

  /** A frame with this link's current acknowledgement, credit and epoch. */
  frame(type: FrameType, payload: Bytes, { seq = 0, flags = 0 }: { seq?: number; flags?: number } = {}): Frame {
    this.#ackDueMs = Infinity
    this.#unacknowledgedBytes = 0
    const creditKiB = (REORDER_BYTES - this.#earlyBytes) >> 10
    const epoch = (this.#epoch << 8) | this.#peerEpoch
    return { type, flags, stream: 0, seq, ack: this.#expected, creditKiB, epoch, payload }
  }

  /**
   * Takes a frame that the peer sent. The caller has checked that it is genuine.
   *
   * @returns false for a frame of other link states, or one that no honest peer sends; it has changed nothing
   */
  receive(frame: Frame, nowMs: number): boolean {
    const forEpoch = frame.epoch & 0xff
    if (forEpoch !== 0 && forEpoch !== this.#epoch) return false
    const fromEpoch = frame.epoch >> 8
    if (this.#peerEpoch !== 0 && fromEpoch !== this.#peerEpoch) return false
    if (frame.ack > this.#nextSeq) return false
    this.#peerEpoch = fromEpoch
    this.#release(frame.ack, nowMs)
    this.#peerCreditBytes = frame.creditKiB << 10
    if (frame.type === 'data') this.#sort(frame, nowMs)
    this.pump()
    return true
  }

  /** When `tick` has something to do next, if nothing else happens. */
  deadlineMs(): number {
    return Math.min(this.#ackDueMs, this.#sent > 0 ? this.#progressAtMs + this.#backstopMs : Infinity)
  }

  tick(nowMs: number): void {
    if (nowMs >= this.#ackDueMs) this.#output.acknowledge()
    if (this.#sent === 0 || nowMs < this.#progressAtMs + this.#backstopMs) return
    this.#backstopMs = Math.min(this.#backstopMs * 2, BACKSTOP_MAX_MS)
    this.resend(nowMs)
  }

  #release(ack: number, nowMs: number): void {
    // The queue is what was numbered last, without gaps.
    const count = ack - (this.#nextSeq - this.#queue.length)
    if (count <= 0) return
    for (const [i, frame] of this.#queue.splice(0, count).entries()) {
      if (i < this.#sent) this.#inFlightBytes -= frame.payload.length
      else if (frame.message !== undefined && frame.seq >= this.#acceptedSeq) this.#output.accepted(frame.message)
    }
    this.#sent = Math.max(0, this.#sent - count)
    this.#acceptedSeq = Math.max(this.#acceptedSeq, ack)
    this.#backstopMs = BACKSTOP_MS
    this.#progressAtMs = nowMs
  }

  /** Puts a data frame in its place; delivers what has become complete. */
  #sort(frame: Frame, nowMs: number): void {
    this.#unacknowledgedBytes += frame.payload.length
    const isRepeat = frame.seq < this.#expected || this.#early.has(frame.seq)
    if (!isRepeat && frame.seq !== this.#expected) {
      const fits = this.#earlyBytes + frame.payload.length <= REORDER_BYTES
      if (!fits || frame.seq >= this.#expected + REORDER_FRAMES) return
      this.#early.set(frame.seq, frame)
      this.#earlyBytes += frame.payload.length
    }
    for (let next = isRepeat ? undefined : frame; next?.seq === this.#expected; next = this.#takeEarly()) {
      this.#expected++
      this.#assemble(next)
    }
    this.#ackDueMs = Math.min(this.#ackDueMs, nowMs + ACK_DELAY_MS)
    // A repeat means that our acknowledgement was lost or late; a full buffer, that the sender waits for one.
    if (isRepeat || this.#unacknowledgedBytes >= ACK_BYTES) this.#output.acknowledge()
  }

  #takeEarly(): Frame | undefined {
    const next = this.#early.get(this.#expected)
    if (!next) return undefined
    this.#early.delete(next.seq)
    this.#earlyBytes -= next.payload.length
    return next
  }

  #assemble({ flags, payload }: Frame): void {
    if (flags & FLAG_FIRST) {
      this.#fragments = []
      this.#fragmentBytes = 0
    }
    this.#fragmentBytes += this.#fragments.length < MAX_FRAGMENTS ? payload.length : Number.POSITIVE_INFINITY
    // Above the limit the message is counted but no longer kept, and dropped at its end: honest peers never get here.
    if (this.#fragmentBytes <= MAX_MESSAGE_BYTES) this.#fragments.push(payload)
    if (!(flags & FLAG_LAST)) return
    const message = this.#fragmentBytes <= MAX_MESSAGE_BYTES ? concat(...this.#fragments) : undefined
    this.#fragments = []
    this.#fragmentBytes = 0
    const data = message && flags & FLAG_TEXT ? textOf(message) : message
    if (data !== undefined) this.#output.deliver(data)
  }
}
