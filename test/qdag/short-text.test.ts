/** The quick way to UTF-8 and back is the platform's own, for whatever text and bytes. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { shortTextOf, shortUtf8 } from '../../client/qdag/short-text.ts'
import { textOf, utf8 } from '../../protocol/bytes.ts'

const TEXTS = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '\0', '\x7f', '\x80', '\ufeffa', 'a\ufeff', 'task 1 ✓', '\ud800'),
)

test('a text has the same UTF-8', () => {
  fc.assert(
    fc.property(TEXTS, (text) => {
      expect(shortUtf8(text)).toEqual(utf8(text))
    }),
  )
})

test('bytes have the same text, or none', () => {
  const some = fc.oneof(fc.uint8Array(), TEXTS.map(utf8), fc.uint8Array({ max: 127 }))
  fc.assert(
    fc.property(some, (bytes) => {
      expect(shortTextOf(new Uint8Array(bytes))).toBe(textOf(new Uint8Array(bytes)))
    }),
  )
})
