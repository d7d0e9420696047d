/**
 * Reading and writing of binary layouts. All integers are big-endian and unsigned.
 *
 * A decoder never throws on hostile input: an over-read sets a flag, and `finished()` says at the end whether the
 * bytes were exactly what the layout asks for.
 */

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
  const common = Math.min(a.length, b.length)
  for (let i = 0; i < common; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** base64url without padding (RFC 4648 section 5). */
export function toBase64Url(bytes: Bytes): string {
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

/** Bytes of a base64url text, or `undefined` unless it is the one canonical, unpadded encoding of them. */
export function fromBase64Url(text: string): Bytes | undefined {
  if (!/^[\w-]*$/.test(text) || text.length % 4 === 1) return undefined
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  // Spare bits in the last character would give two texts for the same bytes.
  return toBase64Url(bytes) === text ? bytes : undefined
}

/** Builds a byte string field by field. */
export class ByteWriter {
  readonly #parts: Bytes[] = []

  /** An unsigned integer of 1 to 8 bytes; values stay below 2^53. */
  uint(byteLength: 1 | 2 | 4 | 6 | 8, value: number): this {
    const field = new Uint8Array(byteLength)
    let rest = value
    for (let i = byteLength - 1; i >= 0; i--) {
      field[i] = rest % 256
      rest = Math.floor(rest / 256)
    }
    return this.bytes(field)
  }

  bytes(value: Bytes): this {
    this.#parts.push(value)
    return this
  }

  /** A field with its length in front. */
  sized(lengthBytes: 1 | 2, value: Bytes): this {
    return this.uint(lengthBytes, value.length).bytes(value)
  }

  done(): Bytes {
    return concat(...this.#parts)
  }
}

/** Takes a byte string apart field by field. After the last field, ask `finished()`. */
export class ByteReader {
  readonly #source: Bytes
  #at = 0
  #overrun = false

  constructor(source: Bytes) {
    this.#source = source
  }

  /** How many bytes have been read. */
  get at(): number {
    return this.#at
  }

  uint(byteLength: 1 | 2 | 4 | 6 | 8): number {
    let value = 0
    for (const byte of this.bytes(byteLength)) value = value * 256 + byte
    // Above 2^53 a number is no longer exact, and two encodings would read alike.
    if (value > Number.MAX_SAFE_INTEGER) this.#overrun = true
    return value
  }

  /** A copy of the next `length` bytes; zeros once the source is exhausted. */
  bytes(length: number): Bytes {
    const end = this.#at + length
    if (end > this.#source.length) {
      this.#overrun = true
      return new Uint8Array(length)
    }
    const field = this.#source.slice(this.#at, end)
    this.#at = end
    return field
  }

  sized(lengthBytes: 1 | 2, maxLength: number): Bytes {
    const length = this.uint(lengthBytes)
    if (length > maxLength) {
      this.#overrun = true
      return new Uint8Array(0)
    }
    return this.bytes(length)
  }

  rest(): Bytes {
    return this.bytes(this.#source.length - this.#at)
  }

  /** True when every read was inside the source. */
  get ok(): boolean {
    return !this.#overrun
  }

  /** True when every read was inside the source and nothing is left over. */
  finished(): boolean {
    return this.ok && this.#at === this.#source.length
  }
}
