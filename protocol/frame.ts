/**
 * A frame is what a link sends, the same on every path:
 *
 *     type u8 · flags u8 · stream u16 · seq u32 · ack u32 · credit u16 (KiB) · epoch u16 · payload
 *
 * Only `data` frames use up sequence numbers; they belong to the link, not to the path. `ack` is the next sequence
 * number that the sender of the frame expects: it holds all before it. `credit` is the memory it has beyond. `stream` is the
 * message's channel; the order of messages is one for all channels.
 *
 * `epoch` names the pair of link states that the frame belongs to: the high byte the sender's, the low byte the
 * receiver's as far as the sender knows it (0: not yet). A frame meant for another link state of the receiver is not for
 * this one, however late it comes.
 */
import type { Bytes } from './bytes.ts'
import { layout, oneOf, rest, uint } from './layout.ts'
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
/**
 * Messages before `ack` wait for the application. Without the flag it has had all that are complete; with it, as far as the
 * payload of an `ack` frame says (the first sequence number that waits, u32).
 */
export const FLAG_HELD = 8
const KNOWN_FLAGS = FLAG_FIRST | FLAG_LAST | FLAG_TEXT | FLAG_HELD

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

const FIELDS = {
  type: oneOf(TYPES),
  flags: uint(1),
  stream: uint(2),
  seq: uint(4),
  ack: uint(4),
  creditKiB: uint(2),
  epoch: uint(2),
}
const HEADER = layout<Omit<Frame, 'payload'>>(FIELDS)
const LAYOUT = layout<Frame>({ ...FIELDS, payload: rest })

/** @param memory where the frame is put, if it shall be no new memory: at least {@link MAX_FRAME_BYTES} */
export function encodeFrame(frame: Frame, memory = new Uint8Array(FRAME_HEADER_BYTES + frame.payload.length)): Bytes {
  memory.set(HEADER.encode(frame))
  memory.set(frame.payload, FRAME_HEADER_BYTES)
  return memory.subarray(0, FRAME_HEADER_BYTES + frame.payload.length)
}

/** One byte of an epoch: never 0, which means unknown. */
export function epochByte(incarnation: number): number {
  return (incarnation % 255) + 1
}

/** The frame in these bytes, or `undefined` when they are not one. Its payload is a part of them. */
export function decodeFrame(bytes: Bytes): Frame | undefined {
  const frame = bytes.length > MAX_FRAME_BYTES ? undefined : LAYOUT.decode(bytes)
  return frame && (frame.flags & ~KNOWN_FLAGS) === 0 ? frame : undefined
}
