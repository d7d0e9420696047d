/**
 * Watches the frames of one side and knows by itself what is in flight, held and owed; so it does not have to believe
 * what the link says of it. Fails at once when a promise about memory, credit, acknowledgement or economy is broken.
 */
import { decodeFrame, encodeFrame, FLAG_FIRST, type Frame } from '../../protocol/frame.ts'
import {
  FRAME_COST_BYTES,
  LINK_CREDIT_BYTES,
  MAX_FRAME_PAYLOAD_BYTES,
  MAX_MESSAGE_BYTES,
} from '../../protocol/limits.ts'
import { DIRECT_WINDOW_BYTES, RELAY_WINDOW_BYTES, type PathKind } from '../../client/peer/link.ts'
import type { Application } from './application.ts'

/** With a slot for a big message a link may hold the longest one besides. */
const SLOT_BYTES = MAX_MESSAGE_BYTES + Math.ceil(MAX_MESSAGE_BYTES / MAX_FRAME_PAYLOAD_BYTES) * FRAME_COST_BYTES
/** Encoding and decoding is tested elsewhere; here now and then, for frames as they really are. */
const ENCODE_EVERY = 64

const WINDOW_BYTES: Record<PathKind, number> = { relay: RELAY_WINDOW_BYTES, direct: DIRECT_WINDOW_BYTES }

export class FrameWatch {
  readonly #application: Application
  /** Whether this run has messages that need a slot. */
  readonly #hasBigMessages: boolean
  /** Messages are taken in the order of their frames: those of other channels overtake what waits. */
  readonly #isInOrder: boolean
  other!: FrameWatch

  // What this side sends. Costs are of payload and frame, as credit counts.
  /** Cost of everything before a sequence number. */
  readonly #positions: number[] = [0]
  /** First sequence numbers of messages. */
  readonly #starts: number[] = []
  #acknowledged = 0
  #creditEdge = LINK_CREDIT_BYTES
  dataFrames = 0
  dataBytes = 0
  newBytes = 0
  otherFrames = 0
  /** Frames that the host pays for. */
  relayFrames = 0

  // What it hears.
  #inOrder = 0
  readonly #early = new Set<number>()
  heardFrames = 0
  /** The most that was out at a time lately. */
  maxUnacknowledgedBytes = 0

  constructor(application: Application, hasBigMessages: boolean, isInOrder: boolean) {
    this.#isInOrder = isInOrder
    this.#application = application
    this.#hasBigMessages = hasBigMessages
  }

  /** Cost of what was sent and, as far as this side can know, not acknowledged. */
  get unacknowledgedBytes(): number {
    return this.#position(this.#positions.length - 1) - this.#position(this.#acknowledged)
  }

  forgetMaximum(): void {
    this.maxUnacknowledgedBytes = this.unacknowledgedBytes
  }

  /** Of this side's frames, how many the other one has in order. */
  get arrivedFrames(): number {
    return this.other.#inOrder
  }
  get numberedFrames(): number {
    return this.#positions.length - 1
  }

  sent(path: PathKind, frame: Frame): void {
    if (frame.ack > this.#inOrder) throw new Error(`acknowledged ${frame.ack}, and has heard ${this.#inOrder} in order`)
    this.#checkMemory(frame)
    if (path === 'relay') this.relayFrames++
    if (frame.type !== 'data') this.otherFrames++
    else this.#sentData(path, frame)
    if ((this.dataFrames + this.otherFrames) % ENCODE_EVERY === 0) checkEncoding(frame)
  }

  heard(frame: Frame): void {
    this.heardFrames++
    const position = this.#position(frame.ack)
    this.#acknowledged = Math.max(this.#acknowledged, frame.ack)
    this.#creditEdge = Math.max(this.#creditEdge, position + frame.creditKiB * 1_024)
    if (frame.type !== 'data' || frame.seq < this.#inOrder) return
    this.#early.add(frame.seq)
    while (this.#early.delete(this.#inOrder)) this.#inOrder++
  }

  #sentData(path: PathKind, { seq, flags, payload }: Frame): void {
    const costBytes = payload.length + FRAME_COST_BYTES
    const next = this.#positions.length - 1
    if (seq > next) throw new Error(`frame ${seq} was sent after frame ${next - 1}`)
    if (seq === next) {
      this.#positions.push(this.#position(seq) + costBytes)
      this.newBytes += costBytes
      if (flags & FLAG_FIRST) this.#starts.push(seq)
    } else if (this.#position(seq) + costBytes !== this.#position(seq + 1)) {
      throw new Error(`frame ${seq} was sent again with another length`)
    }
    this.dataFrames++
    this.dataBytes += costBytes
    this.maxUnacknowledgedBytes = Math.max(this.maxUnacknowledgedBytes, this.unacknowledgedBytes)
    // One frame may always be out.
    if (seq <= this.#acknowledged) return
    const end = this.#position(seq + 1)
    const outBytes = end - this.#position(this.#acknowledged)
    if (outBytes > WINDOW_BYTES[path]) throw new Error(`${outBytes} bytes are out on the ${path} path`)
    if (end > this.#creditEdge) throw new Error(`sent ${end - this.#creditEdge} bytes more than the credit`)
  }

  /** What is held and not in the application's hands, and what may come yet, fits into what a link may hold. */
  #checkMemory({ ack, creditKiB }: Frame): void {
    if (!this.#isInOrder) return
    const { takenCount, isAsking } = this.#application
    const start = this.other.#starts[takenCount + (isAsking ? 1 : 0)] ?? ack
    const heldBytes = this.other.#position(ack) - this.other.#position(Math.min(start, ack))
    const capacityBytes = LINK_CREDIT_BYTES + (this.#hasBigMessages ? SLOT_BYTES : 0)
    const bytes = heldBytes + creditKiB * 1_024
    if (bytes > capacityBytes && creditKiB > 0) throw new Error(`holds or offers ${bytes} bytes`)
    if (heldBytes > capacityBytes) throw new Error(`holds ${heldBytes} bytes`)
  }

  #position(seq: number): number {
    const position = this.#positions[seq]
    if (position === undefined) throw new Error(`frame ${seq} was never sent`)
    return position
  }
}

function checkEncoding(frame: Frame): void {
  const decoded = decodeFrame(encodeFrame(frame))
  if (!decoded || Buffer.compare(encodeFrame(decoded), encodeFrame(frame)) !== 0) {
    throw new Error(`a ${frame.type} frame is not what its bytes say`)
  }
}
