/** The messages of a sync keep the promises of every binary layout of the wire. */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../protocol/bytes.ts'
import { isBitmapOf } from '../../client/qdag/sync/bitmap.ts'
import { MAX_HELD, MAX_LOCATORS, MAX_TIPS } from '../../client/qdag/sync/limits.ts'
import {
  decodeMessage,
  encodeMessage,
  type Bodies,
  type Kind,
  type SyncMessage,
} from '../../client/qdag/sync/messages.ts'
import { bytesOf, LAYOUT_PROMISES, uintOf, type Layout } from '../protocol/layout.ts'

const prefix = bytesOf(16, 16)
const id = bytesOf(32, 32)
const count = uintOf(6)

const BODIES: { readonly [K in Kind]: fc.Arbitrary<Bodies[K]> } = {
  qdag_sync_request: fc.record({
    version: fc.constant(1),
    isAnswer: fc.boolean(),
    nonce: prefix,
    tipDigest: id,
    count,
    wallMs: count,
  }),
  qdag_frontier: fc.record({
    hasMore: fc.boolean(),
    isHolding: fc.boolean(),
    tips: fc.array(prefix, { maxLength: MAX_TIPS }),
    locators: fc.array(prefix, { maxLength: MAX_LOCATORS }),
    held: fc.array(prefix, { maxLength: MAX_HELD }),
  }),
  qdag_known: fc.record({ bits: bytesOf(0, 13) }),
  qdag_short_ids: fc.record({ isLast: fc.boolean(), ids: units(8, 20) }),
  qdag_ranges: fc.record({ sums: fc.integer({ min: 1, max: 5 }).chain((e) => bytesOf(8 << e, 8 << e)) }),
  qdag_range_difference: fc.record({ bits: bytesOf(0, 40) }),
  qdag_want: fc.record({ bits: bytesOf(0, 40) }),
  qdag_sync_response: fc.record({ isLast: fc.boolean(), hasMore: fc.boolean(), batch: bytesOf(0, 40) }),
  qdag_entries: fc.record({ batch: bytesOf(0, 40) }),
  qdag_fetch: fc.record({ ids: fc.array(id, { maxLength: 64 }) }),
  qdag_digest: fc.record({ tipDigest: id, count }),
  qdag_busy: fc.record({ retryAfterMs: uintOf(4) }),
  qdag_taken: fc.record({ byteLength: uintOf(4) }),
}

/** Their last field is the rest of the message. */
const OPEN: ReadonlySet<Kind> = new Set([
  'qdag_known',
  'qdag_short_ids',
  'qdag_range_difference',
  'qdag_want',
  'qdag_sync_response',
  'qdag_entries',
])

function layoutOf(kind: Kind): Layout<SyncMessage> {
  const bodies: fc.Arbitrary<object> = BODIES[kind]
  const content = bodies.map((body) => ({ kind, ...body }) as SyncMessage)
  return {
    content,
    encode: (message) => encodeMessage(message.kind, message),
    decode: decodeMessage,
    everyTruncationRefused: !OPEN.has(kind),
  }
}

const KINDS = Object.keys(BODIES) as Kind[]

describe.each(KINDS)('%s', (kind) => {
  test.each(LAYOUT_PROMISES)('%s', (_, promise) => {
    promise(layoutOf(kind))
  })
})

describe('a message', () => {
  test('is none without a kind, or with one that there is not', () => {
    expect(decodeMessage(new Uint8Array(0))).toBeUndefined()
    expect(decodeMessage(new Uint8Array([0]))).toBeUndefined()
    expect(decodeMessage(new Uint8Array([KINDS.length + 1, 0, 0]))).toBeUndefined()
  })

  test.each([
    ['a frontier with more tips than there may be', [2, 0, 0, 65, ...new Uint8Array(65 * 16), 0, 0]],
    ['a frontier with more locators than there may be', [2, 0, 0, 0, 41, ...new Uint8Array(41 * 16), 0]],
    ['more short ids than there may be', [4, 1, ...new Uint8Array(4_097 * 8)]],
    ['half a short id', [4, 1, ...new Uint8Array(12)]],
    ['no ranges', [5, 0, ...new Uint8Array(8)]],
    ['more ranges than there may be', [5, 16, ...new Uint8Array(8 << 16)]],
    ['a request of another version', [1, 2, 0, ...new Uint8Array(60)]],
    ['more ids than can be fetched', [10, 65, ...new Uint8Array(65 * 32)]],
    ['a batch that is too long', [9, ...new Uint8Array(131_072)]],
    ['a text', [...utf8('{"type":"qdag_sync_request","since":0}')]],
  ])('is none: %s', (_, bytes) => {
    expect(decodeMessage(new Uint8Array(bytes))).toBeUndefined()
  })
})

test.each([
  [0, [], true],
  [0, [0], false],
  [8, [255], true],
  [9, [255, 1], true],
  [9, [255, 2], false],
  [9, [255], false],
  [9, [255, 0, 0], false],
])('a bitmap of %d has as many bits, and spare ones that are zero: %j', (length, bits, isOne) => {
  expect(isBitmapOf(length, new Uint8Array(bits))).toBe(isOne)
})

function units(unitBytes: number, maxUnits: number) {
  return fc.nat({ max: maxUnits }).chain((length) => bytesOf(length * unitBytes, length * unitBytes))
}
