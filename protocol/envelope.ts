/**
 * An envelope is what a carrier moves: kind u8 · home u8 · peer id 16 · body. On the way up the peer id is the
 * receiver's, on the way down the sender's: the room swaps it and reads nothing else.
 */
import type { Bytes } from './bytes.ts'
import { layout, oneOf, rest, sized, uint, type Field } from './layout.ts'
import {
  ENVELOPE_HEADER_BYTES,
  MAX_ANNOUNCEMENT_BYTES,
  MAX_INTRO_ENVELOPE_BYTES,
  MAX_RELAY_ENVELOPE_BYTES,
  MAX_SIGNAL_ENVELOPE_BYTES,
  PEER_ID_BYTES,
} from './limits.ts'
import { peerIdBytes, peerIdText, type PeerId } from './peer-id.ts'

/**
 * - `signal`: small sealed frames (offers, answers, candidates, acks, pings); limited by count.
 * - `relay`: sealed application frames; limited by bytes.
 * - `intro`: announcement and one sealed frame, to a peer that may not know us yet.
 * - `who`: empty; "I do not know you, introduce yourself".
 */
export type EnvelopeKind = 'signal' | 'relay' | 'intro' | 'who'

export interface Envelope {
  readonly kind: EnvelopeKind
  /** Where the receiver lives; 0 until rooms are sharded. Opaque to clients, outside the seal. */
  readonly home: number
  readonly peer: PeerId
  readonly body: Bytes
}

const KINDS: readonly (EnvelopeKind | undefined)[] = [undefined, 'signal', 'relay', 'intro', 'who']
/** One byte. */
export const ENVELOPE_KIND: Field<EnvelopeKind> = oneOf(KINDS)
/** 16 bytes of a peer id. */
export const PEER_ID: Field<PeerId> = {
  put: peerIdBytes,
  take: (take) => {
    const bytes = take(PEER_ID_BYTES)
    return bytes && peerIdText(bytes)
  },
}
const LAYOUT = layout<Envelope>({ kind: ENVELOPE_KIND, home: uint(1), peer: PEER_ID, body: rest })
const INTRO = layout<{ announcement: Bytes; sealed: Bytes }>({
  announcement: sized(2, MAX_ANNOUNCEMENT_BYTES),
  sealed: rest,
})
const MAX_ENVELOPE_BYTES: Record<EnvelopeKind, number> = {
  signal: MAX_SIGNAL_ENVELOPE_BYTES,
  relay: MAX_RELAY_ENVELOPE_BYTES,
  intro: MAX_INTRO_ENVELOPE_BYTES,
  who: ENVELOPE_HEADER_BYTES,
}

export type EnvelopeFault = 'envelope-truncated' | 'envelope-kind' | 'envelope-size'

export const encodeEnvelope = LAYOUT.encode

/** The envelope in these bytes, or `undefined` when they are not one. */
export function readEnvelope(bytes: Bytes): Envelope | undefined {
  const envelope = LAYOUT.decode(bytes)
  return envelope && bytes.length <= MAX_ENVELOPE_BYTES[envelope.kind] ? envelope : undefined
}

/** The envelope in these bytes, or what is wrong with them: for a room, which tells the sender. */
export function decodeEnvelope(bytes: Bytes): Envelope | EnvelopeFault {
  const envelope = readEnvelope(bytes)
  if (envelope) return envelope
  if (bytes.length < ENVELOPE_HEADER_BYTES) return 'envelope-truncated'
  return LAYOUT.decode(bytes) ? 'envelope-size' : 'envelope-kind'
}

/** The body of an `intro`: announcement u16+bytes · sealed bytes. */
export function encodeIntro(announcement: Bytes, sealed: Bytes): Bytes {
  return INTRO.encode({ announcement, sealed })
}

export const decodeIntro = INTRO.decode
