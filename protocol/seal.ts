/**
 * The layout of sealed bytes and of what is bound to them. The cipher itself runs where the keys are (client/identity).
 *
 *     incarnation u32 · counter u64 · AES-256-GCM(frame) with its 16-byte tag
 *
 * Nonce: four zero bytes and the counter. Bound as additional data: network id, kind, from, to, incarnation, counter;
 * so an envelope that the room hands to somebody else, or returns to its sender, or relabels, does not open.
 */
import { ByteReader, ByteWriter, type Bytes } from './bytes.ts'
import { kindCode, type EnvelopeKind } from './envelope.ts'
import { SEAL_OVERHEAD_BYTES } from './limits.ts'
import { peerIdBytes, type PeerId } from './peer-id.ts'

/** A key serves 2^20 envelopes, far below the 2^24.5 full-size records that AES-GCM is good for (RFC 8446 5.5). */
export const COUNTERS_PER_KEY = 2 ** 20

export interface SealHeader {
  /** Number of the sender's link state. */
  readonly incarnation: number
  /** Counts what was handed to carriers; never reused within an incarnation. */
  readonly counter: number
}

export function encodeSealed({ incarnation, counter }: SealHeader, ciphertext: Bytes): Bytes {
  return new ByteWriter().uint(4, incarnation).uint(8, counter).bytes(ciphertext).done()
}

export function decodeSealed(sealed: Bytes): (SealHeader & { ciphertext: Bytes }) | undefined {
  if (sealed.length < SEAL_OVERHEAD_BYTES) return undefined
  const reader = new ByteReader(sealed)
  const header = { incarnation: reader.uint(4), counter: reader.uint(8), ciphertext: reader.rest() }
  return reader.finished() ? header : undefined
}

export function nonceOf(counter: number): Bytes {
  return new ByteWriter().uint(4, 0).uint(8, counter).done()
}

export function boundData(
  network: Bytes,
  kind: EnvelopeKind,
  from: PeerId,
  to: PeerId,
  { incarnation, counter }: SealHeader,
): Bytes {
  return new ByteWriter()
    .bytes(network)
    .uint(1, kindCode(kind))
    .bytes(peerIdBytes(from))
    .bytes(peerIdBytes(to))
    .uint(4, incarnation)
    .uint(8, counter)
    .done()
}
