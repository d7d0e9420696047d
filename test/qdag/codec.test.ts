/** What the encodings of entries and batches promise, whatever the entries are and whoever wrote the bytes. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import { sha256 as sha256InBrowsers } from '../../client/qdag/sha256.ts'
import { decodeBatch, encodeBatch } from '../../client/qdag/batch.ts'
import { decodeEntry, encodeBody, encodeEntry, entryId, idOfBody } from '../../client/qdag/entry.ts'
import { LAYOUT_PROMISES, type Layout } from '../protocol/layout.ts'
import { entriesAtMost, entry } from './arbitrary-entries.ts'

const oneEntry: Layout<object> = {
  content: entry,
  encode: encodeEntry as Layout<object>['encode'],
  decode: (bytes) => decodeEntry(bytes, sha256),
  everyTruncationRefused: true,
}

describe('an entry by itself', () => {
  test.each(LAYOUT_PROMISES)('%s', (_, promise) => promise(oneEntry))

  test('has the id of its body, in every runtime', () => {
    fc.assert(
      fc.property(entry, (one) => {
        expect(idOfBody(one, sha256)).toEqual(one.id)
        expect(entryId(encodeBody(one), sha256InBrowsers)).toEqual(one.id)
      }),
    )
  })
})

describe('a batch', () => {
  test('returns the entries that were encoded', () => {
    fc.assert(
      fc.property(entriesAtMost(60), (entries) => {
        expect(decodeBatch(encodeBatch(entries), sha256)).toEqual(entries)
      }),
    )
  })
})
