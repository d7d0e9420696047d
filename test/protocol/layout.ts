/** What every binary layout of the wire promises, as properties that each layout's test asks for. */
import * as fc from 'fast-check'
import { expect } from 'vitest'
import { compareBytes, type Bytes } from '../../protocol/bytes.ts'

export interface Layout<Content> {
  readonly content: fc.Arbitrary<Content>
  readonly encode: (content: Content) => Bytes
  /** `undefined` or a text is a refusal. */
  readonly decode: (bytes: Bytes) => Content | undefined | string
  /** Any shortened encoding is refused. False where the last field is "the rest" and may be of any length. */
  readonly everyTruncationRefused: boolean
}

/** Bytes as WebSockets and data channels give them. */
export function bytesOf(minLength: number, maxLength: number): fc.Arbitrary<Bytes> {
  return fc.uint8Array({ minLength, maxLength }).map((bytes) => new Uint8Array(bytes))
}

export function uintOf(byteLength: number): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: 2 ** (8 * byteLength) - 1 })
}

/** Any text whose UTF-8 is at most this long. */
export function textOfAtMost(maxBytes: number): fc.Arbitrary<string> {
  return fc
    .string({ unit: 'grapheme', maxLength: maxBytes })
    .filter((text) => new TextEncoder().encode(text).length <= maxBytes)
}

/** Decoding what was encoded gives the same content. */
export function returnsWhatWasEncoded<Content>({ content, encode, decode }: Layout<Content>): void {
  fc.assert(
    fc.property(content, (value) => {
      expect(decode(encode(value))).toEqual(value)
    }),
  )
}

/** Random bytes are refused or are the one encoding of what they mean; decoding never throws. */
export function acceptsCanonicalBytesOnly<Content>({ encode, decode }: Layout<Content>): void {
  fc.assert(
    fc.property(bytesOf(0, 300), (bytes) => {
      expectCanonical(bytes, decode(bytes), encode)
    }),
  )
}

/** One changed byte is refused or means something else: no two encodings of one content. */
export function noticesEveryChangedByte<Content>({ content, encode, decode }: Layout<Content>): void {
  const change = fc.tuple(content, fc.nat(), fc.integer({ min: 1, max: 255 }))
  fc.assert(
    fc.property(change, ([value, place, difference]) => {
      const bytes = encode(value)
      const at = place % bytes.length
      bytes[at] = (bytes[at] ?? 0) ^ difference
      expectCanonical(bytes, decode(bytes), encode)
      expect(decode(bytes)).not.toEqual(value)
    }),
    { numRuns: 500 },
  )
}

/** Shortened at any length, it is refused, or (where the rest is free) is canonical and means something else. */
export function noticesEveryTruncation<Content>(layout: Layout<Content>): void {
  const { content, encode, decode, everyTruncationRefused } = layout
  fc.assert(
    fc.property(content, (value) => {
      const bytes = encode(value)
      for (let length = 0; length < bytes.length; length++) {
        const decoded = decode(bytes.slice(0, length))
        if (everyTruncationRefused) expect(isRefusal(decoded)).toBe(true)
        else expect(decoded).not.toEqual(value)
      }
    }),
    { numRuns: 20 },
  )
}

/** With anything appended, it is refused, or (where the rest is free) means something else. */
export function noticesTrailingBytes<Content>({
  content,
  encode,
  decode,
  everyTruncationRefused,
}: Layout<Content>): void {
  fc.assert(
    fc.property(content, bytesOf(1, 40), (value, tail) => {
      const decoded = decode(new Uint8Array([...encode(value), ...tail]))
      if (everyTruncationRefused) expect(isRefusal(decoded)).toBe(true)
      else expect(decoded).not.toEqual(value)
    }),
  )
}

export function isRefusal(decoded: unknown): boolean {
  return decoded === undefined || typeof decoded === 'string'
}

function expectCanonical<Content>(bytes: Bytes, decoded: Content | undefined | string, encode: (c: Content) => Bytes) {
  if (decoded === undefined || typeof decoded === 'string') return
  expect(compareBytes(encode(decoded), bytes)).toBe(0)
}

/** The five promises together, by name. */
export const LAYOUT_PROMISES = [
  ['returns what was encoded', returnsWhatWasEncoded],
  ['accepts canonical bytes only and never throws', acceptsCanonicalBytesOnly],
  ['notices every changed byte', noticesEveryChangedByte],
  ['notices every truncation', noticesEveryTruncation],
  ['notices trailing bytes', noticesTrailingBytes],
] as const
