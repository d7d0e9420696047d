/** Kinds of envelopes as they stand on the wire, and where their sealed bytes begin. */
import type { Carried } from './attack.ts'
import { concat, type Bytes } from '../../../protocol/bytes.ts'

export const SIGNAL = 1
export const RELAY = 2
export const INTRO = 3
export const WHO = 4

/** Incarnation u32, counter u64, then the ciphertext with its tag. */
export const COUNTER_AT = 4
export const CIPHERTEXT_AT = 12
export const TAG_BYTES = 16

/** Where the sealed bytes begin: an intro has an announcement, with its length, in front of them. */
export function sealedAt({ kind, body }: Carried): number {
  return kind === INTRO ? 2 + (body[0] ?? 0) * 256 + (body[1] ?? 0) : 0
}

export function announcementOf({ kind, body }: Carried): Bytes | undefined {
  return kind === INTRO ? body.slice(2, sealedAt({ kind, body } as Carried)) : undefined
}

/** The intro with another announcement in front of the same sealed bytes. */
export function withAnnouncement(intro: Carried, announcement: Bytes): Carried {
  const length = Uint8Array.of(announcement.length >> 8, announcement.length & 0xff)
  return { ...intro, body: concat(length, announcement, intro.body.slice(sealedAt(intro))) }
}

/** The envelope with other sealed bytes. */
export function withSealed(envelope: Carried, change: (sealed: Bytes) => Bytes): Carried {
  const at = sealedAt(envelope)
  return { ...envelope, body: concat(envelope.body.slice(0, at), change(envelope.body.slice(at))) }
}

/** One bit of `bytes` from `from` (inclusive) to `to` (exclusive) turned over. */
export function flipped(bytes: Bytes, from: number, to: number, random: () => number): Bytes {
  const bit = Math.floor(random() * (to - from) * 8)
  const changed = bytes.slice()
  const at = from + (bit >> 3)
  changed[at] = (changed[at] ?? 0) ^ (1 << (bit & 7))
  return changed
}
