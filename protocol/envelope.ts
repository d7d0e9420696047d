/**
 * An envelope is what a carrier moves: kind u8 · home u8 · peer id 16 · body. On the way up the peer id is the
 * receiver's, on the way down the sender's: the room swaps it and reads nothing else.
 */
import { ByteReader, ByteWriter, concat, type Bytes } from './bytes.ts'
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
const MAX_ENVELOPE_BYTES: Record<EnvelopeKind, number> = {
  signal: MAX_SIGNAL_ENVELOPE_BYTES,
  relay: MAX_RELAY_ENVELOPE_BYTES,
  intro: MAX_INTRO_ENVELOPE_BYTES,
  who: ENVELOPE_HEADER_BYTES,
}

export type EnvelopeFault = 'envelope-truncated' | 'envelope-kind' | 'envelope-size'

export function kindCode(kind: EnvelopeKind): number {
  return KINDS.indexOf(kind)
}

export function encodeEnvelope({ kind, home, peer, body }: Envelope): Bytes {
  return new ByteWriter().uint(1, kindCode(kind)).uint(1, home).bytes(peerIdBytes(peer)).bytes(body).done()
}

/** The envelope in these bytes, or what is wrong with them. */
export function decodeEnvelope(bytes: Bytes): Envelope | EnvelopeFault {
  if (bytes.length < ENVELOPE_HEADER_BYTES) return 'envelope-truncated'
  const kind = KINDS[bytes[0] ?? 0]
  if (!kind) return 'envelope-kind'
  if (bytes.length > MAX_ENVELOPE_BYTES[kind]) return 'envelope-size'
  const peer = peerIdText(bytes.slice(2, 2 + PEER_ID_BYTES))
  return { kind, home: bytes[1] ?? 0, peer, body: bytes.slice(ENVELOPE_HEADER_BYTES) }
}

/** The body of an `intro`: announcement u16+bytes · sealed bytes. */
export function encodeIntro(announcement: Bytes, sealed: Bytes): Bytes {
  return concat(new ByteWriter().sized(2, announcement).done(), sealed)
}

export function decodeIntro(body: Bytes): { announcement: Bytes; sealed: Bytes } | undefined {
  const reader = new ByteReader(body)
  const announcement = reader.sized(2, MAX_ANNOUNCEMENT_BYTES)
  const sealed = reader.rest()
  return reader.finished() ? { announcement, sealed } : undefined
}
