/**
 * What one side of a link has heard: frames that overtook others, fragments of a message, and messages that the application
 * has not taken. Invariants: every frame counts once, in order; no more is held than was offered as credit.
 */
import { concat, textOf, type Bytes } from '../../protocol/bytes.ts'
import { FLAG_FIRST, FLAG_LAST, FLAG_TEXT, type Frame } from '../../protocol/frame.ts'
import {
  FRAME_COST_BYTES,
  LINK_CREDIT_BYTES,
  MAX_FRAME_PAYLOAD_BYTES,
  MAX_MESSAGE_BYTES,
} from '../../protocol/limits.ts'
import type { Data } from '../api.ts'
import type { BigMessageSlots, SlotUser } from './big-message-slots.ts'
import { costOf } from './send-queue.ts'

/** With a slot: the longest message, in full frames, besides what every link may hold. */
const SLOT_BYTES = MAX_MESSAGE_BYTES + Math.ceil(MAX_MESSAGE_BYTES / MAX_FRAME_PAYLOAD_BYTES) * FRAME_COST_BYTES

export interface ReceiveEvents {
  /** Hands a message to the application; false when it takes none now: it waits until `drain` or `next`. */
  deliver(channel: number, data: Data): boolean
}

interface Waiting {
  readonly data: Data
  readonly costBytes: number
  /** Of its first frame. */
  readonly seq: number
}

export class ReceiveQueue {
  readonly #slots: BigMessageSlots
  readonly #owner: SlotUser
  readonly #events: ReceiveEvents
  hasSlot = false
  /** The next frame in order. */
  expected = 0
  readonly #early = new Map<number, Frame>()
  #earlyBytes = 0
  #fragments: Bytes[] = []
  #fragmentsBytes = 0
  /** Of the message that is being put together. */
  #messageSeq = 0
  /** Messages of channel 0 that the application has not taken. */
  readonly #waiting: Waiting[] = []
  #waitingBytes = 0

  /** @param owner is told when a slot is its own that it had to wait for, and calls {@link granted} */
  constructor(slots: BigMessageSlots, owner: SlotUser, events: ReceiveEvents) {
    this.#slots = slots
    this.#owner = owner
    this.#events = events
  }

  /** Complete messages wait for the application. */
  get isHolding(): boolean {
    return this.#waiting.length > 0
  }

  /** A message has begun and is not complete. */
  get isPartial(): boolean {
    return this.#fragments.length > 0
  }

  /** Everything before this sequence number has been in the application's hands. */
  get deliveredSeq(): number {
    return this.#waiting[0]?.seq ?? this.expected
  }

  /** Free memory beyond `expected`. */
  get creditBytes(): number {
    const capacityBytes = LINK_CREDIT_BYTES + (this.hasSlot ? SLOT_BYTES : 0)
    return Math.max(0, capacityBytes - this.#fragmentsBytes - this.#waitingBytes)
  }

  /** Puts a data frame in its place and hands on what has become complete. False for a repeat, or when there is no room. */
  take(frame: Frame): boolean {
    const { seq } = frame
    const fits = this.#earlyBytes + costOf(frame) <= this.creditBytes
    if (seq < this.expected || this.#early.has(seq) || !fits) return false
    this.#early.set(seq, frame)
    this.#earlyBytes += costOf(frame)
    let next: Frame | undefined
    while ((next = this.#early.get(this.expected))) {
      this.#early.delete(this.expected++)
      this.#earlyBytes -= costOf(next)
      this.#assemble(next)
    }
    return true
  }

  /** Hands on messages until the application takes no more. */
  drain(): void {
    let next: Waiting | undefined
    while ((next = this.#waiting[0])) {
      // Taken out first: the application may ask for the next one while it has this one.
      this.#waiting.shift()
      if (!this.#events.deliver(0, next.data)) return void this.#waiting.unshift(next)
      this.#taken(next)
    }
  }

  /** The next message for an application that asks for it. */
  next(): Data | undefined {
    const next = this.#waiting.shift()
    if (next) this.#taken(next)
    return next?.data
  }

  /** A slot has become free for this link. */
  granted(): void {
    this.hasSlot = true
    this.#releaseSlot()
  }

  close(): void {
    this.#slots.release(this.#owner)
  }

  #taken({ costBytes }: Waiting): void {
    this.#waitingBytes -= costBytes
    this.#releaseSlot()
  }

  #releaseSlot(): void {
    const isNeeded = this.#fragmentsBytes + this.#waitingBytes + this.#earlyBytes > LINK_CREDIT_BYTES / 2
    if (isNeeded) return
    this.hasSlot = false
    this.#slots.release(this.#owner)
  }

  #assemble(frame: Frame): void {
    const { flags, payload, seq, stream } = frame
    if (flags & FLAG_FIRST) {
      this.#fragments = []
      this.#fragmentsBytes = 0
      this.#messageSeq = seq
    }
    this.#fragments.push(payload)
    this.#fragmentsBytes += costOf(frame)
    if (!(flags & FLAG_LAST)) {
      if (this.#fragmentsBytes > LINK_CREDIT_BYTES / 2) this.hasSlot = this.#slots.request(this.#owner)
      return
    }
    const bytes = concat(...this.#fragments)
    const costBytes = this.#fragmentsBytes
    this.#fragments = []
    this.#fragmentsBytes = 0
    // Honest peers send neither longer messages nor texts that are not UTF-8: dropped.
    const data = flags & FLAG_TEXT ? textOf(bytes) : bytes
    if (data !== undefined && bytes.length <= MAX_MESSAGE_BYTES) {
      const mustWait = stream === 0 && this.isHolding
      if (mustWait || (!this.#events.deliver(stream, data) && stream === 0)) {
        this.#waiting.push({ data, costBytes, seq: this.#messageSeq })
        this.#waitingBytes += costBytes
      }
    }
    this.#releaseSlot()
  }
}
