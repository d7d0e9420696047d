/**
 * UTF-8 of short texts, and back. Most are ASCII, and only to call the platform's encoder takes a browser microseconds: a
 * peer that catches up would spend more on its tasks than on all other fields together.
 */
import { textOf, utf8, type Bytes } from '../../protocol/bytes.ts'

const ASCII_LIMIT = 128

/** UTF-8 of a text. */
export function shortUtf8(text: string): Bytes {
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= ASCII_LIMIT) return utf8(text)
    bytes[i] = code
  }
  return bytes
}

/** Text of UTF-8 bytes, or `undefined` when they are not valid UTF-8. Of a few hundred bytes at most: engines limit arguments. */
export function shortTextOf(bytes: Bytes): string | undefined {
  for (let i = 0; i < bytes.length; i++) if ((bytes[i] as number) >= ASCII_LIMIT) return textOf(bytes)
  return String.fromCharCode.apply(undefined, bytes as unknown as number[])
}
