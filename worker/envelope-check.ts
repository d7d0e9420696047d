/**
 * What the room looks at in an envelope: kind, length and receiver, read where they lie. The room's cost per message is
 * the price of the relay, so nothing is decoded, copied or allocated that routing does not need.
 */
import type { Bytes } from '../protocol/bytes.ts'
import { ENVELOPE_KIND, type EnvelopeFault, type EnvelopeKind } from '../protocol/envelope.ts'
import {
  ENVELOPE_HEADER_BYTES,
  MAX_INTRO_ENVELOPE_BYTES,
  MAX_RELAY_ENVELOPE_BYTES,
  MAX_SIGNAL_ENVELOPE_BYTES,
  PEER_ID_BYTES,
} from '../protocol/limits.ts'
import type { PeerId } from '../protocol/peer-id.ts'

/** Until rooms are sharded there is one home. */
const HOME = 0
const HOME_AT = 1
const PEER_AT = 2

function kindCode(kind: EnvelopeKind): number {
  return ENVELOPE_KIND.put(kind)[0] ?? 0
}

export const RELAY_KIND = kindCode('relay')

const MAX_BYTES_BY_KIND: number[] = []
MAX_BYTES_BY_KIND[kindCode('signal')] = MAX_SIGNAL_ENVELOPE_BYTES
MAX_BYTES_BY_KIND[RELAY_KIND] = MAX_RELAY_ENVELOPE_BYTES
MAX_BYTES_BY_KIND[kindCode('intro')] = MAX_INTRO_ENVELOPE_BYTES
MAX_BYTES_BY_KIND[kindCode('who')] = ENVELOPE_HEADER_BYTES

export function envelopeFault(envelope: Bytes): EnvelopeFault | undefined {
  if (envelope.length < ENVELOPE_HEADER_BYTES) return 'envelope-truncated'
  const maxBytes = MAX_BYTES_BY_KIND[envelope[0] ?? 0]
  if (maxBytes === undefined) return 'envelope-kind'
  return envelope.length > maxBytes ? 'envelope-size' : undefined
}

export function receiverOf(envelope: Bytes): PeerId {
  const id = envelope.subarray(PEER_AT, PEER_AT + PEER_ID_BYTES)
  return id.toBase64({ alphabet: 'base64url', omitPadding: true }) as PeerId
}

/** Turns an envelope on its way up into one on its way down, in place: the receiver's id gives way to the sender's. */
export function stampSender(envelope: Bytes, sender: Bytes): void {
  envelope[HOME_AT] = HOME
  envelope.set(sender, PEER_AT)
}
