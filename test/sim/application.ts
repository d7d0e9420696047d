/**
 * The application of one side: it posts messages that tell where they belong, and takes the other side's in its own
 * manner. It fails at once when a message is lost, repeated, out of order or changed, and when a promise was settled
 * too early or twice.
 */
import type { Data } from '../../client/api.ts'
import { utf8, type Bytes } from '../../protocol/bytes.ts'
import type { Random } from './random.ts'

export interface Message {
  readonly id: number
  readonly channel: number
  readonly data: Data
  readonly bytes: number
  isAccepted: boolean
  isCancelled: boolean
  /** Confirmed by the other side's application. */
  isDelivered: boolean
  /** The other side's application had it. */
  isTaken: boolean
}

/**
 * `eager` takes what comes, `slow` one message at a time, `absent` none (there is no listener), `pulling` asks for
 * messages by itself.
 */
export type Manner = 'eager' | 'slow' | 'absent' | 'pulling'

/** Never repeats itself, so that a fragment in the wrong place shows. */
const PATTERN: Bytes = Uint8Array.from({ length: 6 * 1_048_576 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24)

export class Application {
  readonly #random: Random
  /** By id, from 1. */
  readonly messages: Message[] = []
  manner: Manner = 'eager'
  /** A slow one takes the next message then. */
  readyAtMs = 0
  takenCount = 0
  /** The link is handing it a message that it asked for, at this moment. */
  isAsking = false
  acceptedCount = 0
  deliveredCount = 0
  /** Messages that were taken back. */
  cancelledCount = 0
  postedBytes = 0
  /** The first message of the other side that was not taken, of channel 0 and of the others. */
  readonly #next: [number, number] = [0, 0]
  lastAcceptedId = 0
  #lastTaken = 0
  #wasEverPatient = false
  /** The other side. */
  other!: Application

  constructor(random: Random) {
    this.#random = random
  }

  /** The next message to post, of about so many bytes. */
  write(bytes: number, channel: number): { message: Message; content: Bytes; isText: boolean } {
    const id = this.messages.length + 1
    const isText = bytes < 200 && this.#random.chance(0.3)
    const data = isText ? `${id} ${'ü€🙂'.repeat(bytes >> 4)}` : this.#content(id, bytes)
    const content = typeof data === 'string' ? utf8(data) : data
    const message = {
      id,
      channel,
      data,
      bytes: content.length,
      isAccepted: false,
      isCancelled: false,
      isDelivered: false,
      isTaken: false,
    }
    this.messages.push(message)
    this.postedBytes += content.length
    return { message, content, isText }
  }

  get lastId(): number {
    return this.messages.length
  }

  /** One of the latest messages, if the link has not taken it over. */
  someWaiting(): Message | undefined {
    const message = this.messages.at(-1 - this.#random.below(3))
    return message && !message.isAccepted && !message.isCancelled ? message : undefined
  }

  /** The link gave it back. */
  cancelled(message: Message): void {
    message.isCancelled = true
    this.cancelledCount++
    this.postedBytes -= message.bytes
  }

  accepted(id: number): void {
    const message = this.#known(id)
    let due = this.lastAcceptedId + 1
    while (this.messages[due - 1]?.isCancelled) due++
    if (id !== due) throw new Error(`message ${id} was accepted when it was the turn of ${due}`)
    this.lastAcceptedId = id
    message.isAccepted = true
    this.acceptedCount++
  }

  delivered(id: number): void {
    const message = this.#known(id)
    if (message.isDelivered) throw new Error(`message ${id} was confirmed twice`)
    if (!message.isAccepted) throw new Error(`message ${id} was confirmed and never accepted`)
    if (!message.isTaken) throw new Error(`message ${id} was confirmed, and the other application has not had it`)
    message.isDelivered = true
    this.deliveredCount++
  }

  /** True when this application takes a message now. */
  wants(nowMs: number, gapMs: number): boolean {
    if (this.manner === 'eager') return true
    this.#wasEverPatient = true
    if (this.manner !== 'slow' || nowMs < this.readyAtMs) return false
    this.readyAtMs = nowMs + gapMs
    return true
  }

  /** Has a message of the other side. */
  take(channel: number, data: Data): void {
    const lane = channel === 0 ? 0 : 1
    const at = this.#untaken(lane)
    const message = this.other.messages[at]
    if (!message) throw new Error(`a message of ${data.length} came, and no more were sent`)
    if (message.channel !== channel || !isSame(message.data, data)) throw new Error(this.#complaint(message, data))
    if (!this.#wasEverPatient && message.id < this.#lastTaken) {
      throw new Error(`message ${message.id} was overtaken by one of another channel`)
    }
    this.#lastTaken = message.id
    message.isTaken = true
    this.#next[lane] = at + 1
    this.takenCount++
  }

  /** The other side's messages up to this one have all been taken. */
  hasTakenUpTo(id: number): boolean {
    return this.#untaken(0) >= id && this.#untaken(1) >= id
  }

  /** Where the first message of the other side is that was not taken. */
  #untaken(lane: 0 | 1): number {
    const { messages } = this.other
    let at = this.#next[lane]
    for (let next; (next = messages[at]) && (next.isCancelled || (next.channel === 0) !== (lane === 0));) at++
    return (this.#next[lane] = at)
  }

  #known(id: number): Message {
    const message = this.messages[id - 1]
    if (!message) throw new Error(`there is no message ${id}`)
    return message
  }

  #content(id: number, bytes: number): Bytes {
    const from = Math.imul(id, 0x2545f491) >>> 12
    return PATTERN.subarray(from, from + bytes)
  }

  #complaint(expected: Message, data: Data): string {
    const found = this.other.messages.find((message) => isSame(message.data, data))
    const what = found ? `message ${found.id}, ${found.isTaken ? 'again' : 'too early'}` : `what nobody sent`
    return `instead of message ${expected.id} (${expected.bytes} bytes, channel ${expected.channel}) came ${what}`
  }
}

function isSame(a: Data, b: Data): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b
  return a.length === b.length && Buffer.compare(a, b) === 0
}
