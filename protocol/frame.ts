/**
 * A frame is what a link sends, the same on every path:
 *
 *     type u8 · flags u8 · stream u16 · seq u32 · ack u32 · credit u16 (KiB) · epoch u16 · payload
 *
 * Only `data` frames use up sequence numbers; they belong to the link, not to the path. `ack` is the next sequence
 * number that the sender of the frame expects.
 *
 * `epoch` names the pair of link states that the frame belongs to: the high byte the sender's, the low byte the
 * receiver's as far as the sender knows it (0: not yet). A frame meant for another link state of the receiver is not for
 * this one, however late it comes.
 */
import { ByteReader, ByteWriter, type Bytes } from './bytes.ts'
import { FRAME_HEADER_BYTES, MAX_FRAME_BYTES } from './limits.ts'

export type FrameType =
  | 'data'
  | 'ack'
  | 'ping'
  | 'pong'
  | 'resume'
  | 'bind'
  | 'datagram'
  | 'bye'
  | 'offer'
  | 'answer'
  | 'ice-candidate'
  | 'want-offer'

/** The place in the list is the code on the wire. */
const TYPES: readonly (FrameType | undefined)[] = [
  undefined,
  'data',
  'ack',
  'ping',
  'pong',
  'resume',
  'bind',
  'datagram',
  'bye',
  'offer',
  'answer',
  'ice-candidate',
  'want-offer',
]

export const FLAG_FIRST = 1
export const FLAG_LAST = 2
/** The message is a text (UTF-8); without it, it is bytes. */
export const FLAG_TEXT = 4
const KNOWN_FLAGS = FLAG_FIRST | FLAG_LAST | FLAG_TEXT

export interface Frame {
  readonly type: FrameType
  readonly flags: number
  readonly stream: number
  readonly seq: number
  readonly ack: number
  readonly creditKiB: number
  readonly epoch: number
  readonly payload: Bytes
}

export function encodeFrame(frame: Frame): Bytes {
  return new ByteWriter()
    .uint(1, TYPES.indexOf(frame.type))
    .uint(1, frame.flags)
    .uint(2, frame.stream)
    .uint(4, frame.seq)
    .uint(4, frame.ack)
    .uint(2, frame.creditKiB)
    .uint(2, frame.epoch)
    .bytes(frame.payload)
    .done()
}

/** One byte of an epoch: never 0, which means unknown. */
export function epochByte(incarnation: number): number {
  return (incarnation % 255) + 1
}

/** The frame in these bytes, or `undefined` when they are not one. */
export function decodeFrame(bytes: Bytes): Frame | undefined {
  if (bytes.length < FRAME_HEADER_BYTES || bytes.length > MAX_FRAME_BYTES) return undefined
  const reader = new ByteReader(bytes)
  const type = TYPES[reader.uint(1)]
  const frame = {
    flags: reader.uint(1),
    stream: reader.uint(2),
    seq: reader.uint(4),
    ack: reader.uint(4),
    creditKiB: reader.uint(2),
    epoch: reader.uint(2),
    payload: reader.rest(),
  }
  if (!type || (frame.flags & ~KNOWN_FLAGS) !== 0) return undefined
  return { type, ...frame }
}
