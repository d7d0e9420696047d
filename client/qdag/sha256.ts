/** A SHA-256 that answers at once, where the runtime only has one that answers later: in browsers. */
import { sha256 as hash } from '@noble/hashes/sha2.js'
import type { Bytes } from '../../protocol/bytes.ts'

export function sha256(bytes: Bytes): Bytes {
  return hash(bytes)
}
