/** Byte strings of a known length as base64url, in what programs and people read. */
import { fromBase64Url, type Bytes } from '../../protocol/bytes.ts'

/** The bytes in a text, or `undefined` unless it is the one form of so many. Takes anything, as JSON may bring anything. */
export function bytesOfText(text: unknown, length: number): Bytes | undefined {
  if (typeof text !== 'string' || text.length !== Math.ceil((length * 4) / 3)) return undefined
  return fromBase64Url(text)
}
