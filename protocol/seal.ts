/**
 * The layout of sealed bytes and of what is bound to them. The cipher itself runs where the keys are (client/identity).
 *
 *     incarnation u32 · counter u64 · AES-256-GCM(frame) with its 16-byte tag
 *
 * Nonce: four zero bytes and the counter. Bound as additional data: network id, kind, from, to, incarnation, counter;
 * so an envelope that the room hands to somebody else, or returns to its sender, or relabels, does not open.
 */
import type { Bytes } from './bytes.ts'
import { ENVELOPE_KIND, PEER_ID, type EnvelopeKind } from './envelope.ts'
import { fixed, layout, rest, uint } from './layout.ts'
import { KEY_BYTES, SEAL_OVERHEAD_BYTES } from './limits.ts'
import type { PeerId } from './peer-id.ts'

/** A key serves 2^20 envelopes, far below the 2^24.5 full-size records that AES-GCM is good for (RFC 8446 5.5). */
export const COUNTERS_PER_KEY = 2 ** 20

export interface SealHeader {
  /** Number of the sender's link state. */
  readonly incarnation: number
  /** Counts what was handed to carriers; never reused within an incarnation. */
  readonly counter: number
}

const SEALED = layout<SealHeader & { ciphertext: Bytes }>({ incarnation: uint(4), counter: uint(8), ciphertext: rest })
const NONCE = uint(12)
const BOUND = layout<{ network: Bytes; kind: EnvelopeKind; from: PeerId; to: PeerId } & SealHeader>({
  network: fixed(KEY_BYTES),
  kind: ENVELOPE_KIND,
  from: PEER_ID,
  to: PEER_ID,
  incarnation: uint(4),
  counter: uint(8),
})

export function encodeSealed(header: SealHeader, ciphertext: Bytes): Bytes {
  return SEALED.encode({ ...header, ciphertext })
}

export function decodeSealed(sealed: Bytes): (SealHeader & { ciphertext: Bytes }) | undefined {
  return sealed.length < SEAL_OVERHEAD_BYTES ? undefined : SEALED.decode(sealed)
}

/** The counter as 12 bytes; the first four are zero. */
export function nonceOf(counter: number): Bytes {
  return NONCE.put(counter)
}

/** What the cipher binds to the sealed bytes without hiding it. */
export const boundData = BOUND.encode
