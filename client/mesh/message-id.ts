/** The first 16 bytes of SHA-256: at once, as a state machine needs it. */
import type { Bytes } from '../../protocol/bytes.ts'
import { sha256 } from '../qdag/sha256.ts'
import { MESSAGE_ID_BYTES } from './limits.ts'

export function idOf(bytes: Bytes): Bytes {
  return sha256(bytes).slice(0, MESSAGE_ID_BYTES)
}
