/** Byte strings and the texts that stand for them. */

/** Bytes that WebCrypto, WebSockets and data channels all accept: never backed by shared memory. */
export type Bytes = Uint8Array<ArrayBuffer>

const encoder = new TextEncoder()
// `fatal` refuses invalid UTF-8; `ignoreBOM` keeps U+FEFF, so that decoding and encoding again gives the same bytes.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 of a text. */
export function utf8(text: string): Bytes {
  // Copied because the Workers types leave open what memory `encode` returns.
  return new Uint8Array(encoder.encode(text))
}

/** Text of UTF-8 bytes, or `undefined` when they are not valid UTF-8. */
export function textOf(bytes: Bytes): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

export function concat(...parts: readonly Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** Lexicographic order of two byte strings: negative, zero or positive. Not constant-time; for public values. */
export function compareBytes(a: Bytes, b: Bytes): number {
  for (const [i, byte] of a.entries()) {
    const difference = byte - (b[i] ?? -1)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Whether byte strings stand in order, each once. */
export function areAscending(items: readonly Bytes[]): boolean {
  return items.every((item, i) => {
    const before = items[i - 1]
    return !before || compareBytes(before, item) < 0
  })
}

/** base64url without padding (RFC 4648 section 5), of some 32 KiB at most: engines limit arguments, JavaScriptCore to 65,536. */
export function toBase64Url(bytes: Bytes): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

/** Bytes of a base64url text, or `undefined` unless it is the one canonical, unpadded encoding of them. */
export function fromBase64Url(text: string): Bytes | undefined {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return undefined
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0))
  // Spare bits in the last character would give two texts for the same bytes.
  return toBase64Url(bytes) === text ? bytes : undefined
}
