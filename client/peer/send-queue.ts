/**
 * What one side of a link has to say: messages that wait, and frames that the other side has not acknowledged. Frames get
 * their number when they come within the window, and are kept until acknowledged: nothing but the peer's word frees them.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import { FLAG_FIRST, FLAG_LAST, FLAG_TEXT } from '../../protocol/frame.ts'
import { FRAME_COST_BYTES, LINK_CREDIT_BYTES, MAX_FRAME_PAYLOAD_BYTES } from '../../protocol/limits.ts'

/** After a path was lost the tail goes out again in small steps: the room or the new path may not take it all at once. */
const RESEND_BYTES = 64 * 1024

export interface SendEvents {
  /** The message lies within window and credit: the link has taken it over. */
  accepted(id: number): void
  /** The other side's application had the message. */
  delivered(id: number): void
}

export interface Outgoing {
  readonly seq: number
  readonly flags: number
  readonly stream: number
  readonly payload: Bytes
}

interface Message {
  readonly id: number
  readonly channel: number
  readonly bytes: Bytes
  readonly isText: boolean
  /** How much has been cut into frames. */
  cut: number
  /** The sequence number after its last frame; infinite until that one is cut. */
  endSeq: number
}

export class SendQueue {
  readonly #events: SendEvents
  /** Not confirmed by the peer's application; the first `#numbered` of them are all in frames. */
  readonly #messages: Message[] = []
  #numbered = 0
  /** Not acknowledged, without gaps; the first `#sent` of them have been sent on the current path. */
  readonly #frames: Outgoing[] = []
  #sent = 0
  #framesBytes = 0
  #inFlightBytes = 0
  #paceBytes = Infinity
  /** The next number to be given. */
  nextSeq = 0
  /** Free memory at the other side, beyond what it has acknowledged. */
  creditBytes = LINK_CREDIT_BYTES
  /** Cost of all frames that were acknowledged so far. */
  acknowledgedBytes = 0

  constructor(events: SendEvents) {
    this.#events = events
  }

  /** Frames are out and not acknowledged. */
  get isWaiting(): boolean {
    return this.#sent > 0
  }

  get isEmpty(): boolean {
    return this.#frames.length === 0 && this.#messages.length === this.#numbered
  }

  /** The first sequence number that is not acknowledged. */
  get firstSeq(): number {
    return this.nextSeq - this.#frames.length
  }

  /** More is out than the other side has room for: that it does not come through says nothing about the path. */
  get isOverdrawn(): boolean {
    return this.#inFlightBytes > this.creditBytes
  }

  /** Of everything that is not acknowledged: bytes of messages. */
  get unacknowledgedBytes(): number {
    const waiting = this.#messages.slice(this.#numbered)
    return waiting.reduce((sum, { bytes, cut }) => sum + bytes.length - cut, this.#framesBytes)
  }

  /** Queues a message. The bytes belong to the queue from now on. */
  post(id: number, channel: number, bytes: Bytes, isText: boolean): void {
    this.#messages.push({ id, channel, bytes, isText, cut: 0, endSeq: Infinity })
  }

  /** Takes a message back of which nothing has been numbered. */
  cancel(id: number): boolean {
    const at = this.#messages.findIndex((message) => message.id === id)
    const message = this.#messages[at]
    const isFirst = at === this.#numbered && message !== undefined && message.cut > 0
    if (!message || at < this.#numbered || isFirst) return false
    this.#messages.splice(at, 1)
    return true
  }

  /**
   * Sends what window, credit and path allow.
   *
   * @param send false when the path takes no more now
   */
  pump(windowBytes: number, send: (frame: Outgoing) => boolean): void {
    const limitBytes = Math.min(windowBytes, this.creditBytes)
    this.#cut(limitBytes)
    let next: Outgoing | undefined
    while ((next = this.#frames[this.#sent])) {
      // One frame may always be out, or a peer without credit could never say that it has some again.
      const bytes = this.#inFlightBytes + costOf(next)
      if (bytes > Math.min(limitBytes, this.#paceBytes) && this.#sent > 0) return
      // Counted first: whoever sends may be called back at once.
      this.#sent++
      this.#inFlightBytes = bytes
      if (send(next)) continue
      this.#sent--
      this.#inFlightBytes -= costOf(next)
      return
    }
  }

  /** What was in flight may be lost: everything not acknowledged is to be sent again. */
  resend(): void {
    if (this.#sent > 0) this.#paceBytes = RESEND_BYTES
    this.#sent = this.#inFlightBytes = 0
  }

  /**
   * Forgets frames below `ack`, and learns how much memory there is beyond. An older word, overtaken by another, is worth
   * nothing.
   *
   * @returns true when frames were acknowledged
   */
  acknowledge(ack: number, creditBytes: number): boolean {
    // The queue is what was numbered last, without gaps.
    const count = ack - this.firstSeq
    if (count < 0) return false
    const overdrawnBytes = this.#inFlightBytes - this.creditBytes
    let bytes = 0
    for (const [i, frame] of this.#frames.splice(0, count).entries()) {
      bytes += costOf(frame)
      if (i < this.#sent) this.#inFlightBytes -= costOf(frame)
    }
    this.#framesBytes -= bytes
    this.acknowledgedBytes += bytes
    this.#paceBytes += bytes
    this.#sent = Math.max(0, this.#sent - count)
    // What went out beyond the credit was refused; now there is room for it.
    if (bytes + creditBytes > this.creditBytes) this.#unsend(overdrawnBytes)
    this.creditBytes = creditBytes
    return count > 0
  }

  /** Everything before this sequence number has been in the hands of the other side's application. */
  confirm(deliveredSeq: number): void {
    let message: Message | undefined
    while ((message = this.#messages[0]) && message.endSeq <= deliveredSeq) {
      this.#messages.shift()
      this.#numbered--
      this.#events.delivered(message.id)
    }
  }

  /** Ids of the messages that the other side's application may not have had, in order. */
  unconfirmed(): number[] {
    return this.#messages.map(({ id }) => id)
  }

  /** So much of what was sent last is to be sent again. */
  #unsend(bytes: number): void {
    for (let left = bytes; left > 0;) {
      const last = this.#frames[this.#sent - 1]
      if (!last) return
      this.#sent--
      this.#inFlightBytes -= costOf(last)
      left -= costOf(last)
      this.#paceBytes = Math.min(this.#paceBytes, this.#inFlightBytes + RESEND_BYTES)
    }
  }

  /** Numbers the frames of waiting messages, as far as there is room for them. */
  #cut(limitBytes: number): void {
    let message: Message | undefined
    while ((message = this.#messages[this.#numbered])) {
      const { id, channel, bytes, isText, cut } = message
      const end = Math.min(bytes.length, cut + MAX_FRAME_PAYLOAD_BYTES)
      const costBytes = end - cut + FRAME_COST_BYTES
      if (this.#framesBytes + costBytes > limitBytes && this.#frames.length > 0) return
      const isLast = end === bytes.length
      const flags = (cut === 0 ? FLAG_FIRST : 0) | (isLast ? FLAG_LAST : 0) | (isText ? FLAG_TEXT : 0)
      this.#frames.push({ seq: this.nextSeq++, flags, stream: channel, payload: bytes.subarray(cut, end) })
      this.#framesBytes += costBytes
      message.cut = end
      if (!isLast) continue
      message.endSeq = this.nextSeq
      this.#numbered++
      this.#events.accepted(id)
    }
  }
}

export function costOf({ payload }: { readonly payload: Bytes }): number {
  return payload.length + FRAME_COST_BYTES
}
