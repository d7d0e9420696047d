/** Node's own SHA-256, which answers at once. */
import { hash } from 'node:crypto'
import type { Bytes } from '../../../protocol/bytes.ts'

export function sha256(bytes: Bytes): Bytes {
  // Copied, because small Buffers are views of memory that they share.
  return new Uint8Array(hash('sha256', bytes, 'buffer'))
}
