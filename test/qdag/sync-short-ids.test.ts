/** Short ids, the ranges they fall into, and what two sides that list and match them find out. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import { Lister, Matcher, type Send } from '../../client/qdag/sync/reconciliation.ts'
import type { Bodies, Kind } from '../../client/qdag/sync/messages.ts'
import { differenceOf, inRanges, sumsOf } from '../../client/qdag/sync/ranges.ts'
import { halfSipHash, NO_INDEX, shortIdKey, ShortIds, type ShortIdKey } from '../../client/qdag/sync/short-ids.ts'
import { utf8, type Bytes } from '../../protocol/bytes.ts'

const KEY: ShortIdKey = { k0: 0x03020100, k1: 0x07060504 }

/** Some of those of the authors' own implementation: the key is 00 01 … 07, and of the message 00 01 … so many bytes. */
const VECTORS: readonly (readonly [length: number, output: string])[] = [
  [0, '218d1f59b9b83cc8'],
  [4, 'd5e78a175be52ea1'],
  [8, 'edfee820bce4858c'],
  [12, '7bc71f9faef5c799'],
  [32, '28709d46d811626c'],
  [60, 'd6762890bf26e460'],
]

const idOf = (index: number): Bytes => sha256(utf8(`entry ${index}`))
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)
const sets = fc.record({
  common: fc.nat(300),
  here: fc.nat(300),
  there: fc.nat(300),
  exponent: fc.integer({ min: 1, max: 8 }),
})

describe('HalfSipHash', () => {
  it.each(VECTORS)('of %d bytes is what its authors say', (length, output) => {
    const out = new Uint32Array(2)
    halfSipHash(KEY, new Uint8Array(range(0, length)), out)
    const bytes = new Uint8Array(8)
    const view = new DataView(bytes.buffer)
    view.setUint32(0, out[0] ?? 0, true)
    view.setUint32(4, out[1] ?? 0, true)
    expect(Buffer.from(bytes).toString('hex')).toBe(output)
  })
})

describe('short ids', () => {
  it('rise, and stand for the entries they were made of', () => {
    const ids = ShortIds.of(KEY, range(0, 5_000), idOf, [utf8('0123')])
    for (let i = 1; i < ids.length; i++) expect(ids.compare(i - 1, ids, i)).toBeLessThan(0)
    expect([...ids.index].toSorted((a, b) => a - b)).toEqual([...range(0, 5_000), NO_INDEX])
  })

  it('are read as they were written', () => {
    const ids = ShortIds.of(KEY, range(0, 100), idOf)
    const read = ShortIds.decode(ids.encode())
    expect(read?.high).toEqual(ids.high)
    expect(read?.low).toEqual(ids.low)
  })

  it('are not read when they do not rise', () => {
    expect(ShortIds.decode(new Uint8Array(16))).toBeUndefined()
    expect(ShortIds.decode(new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9]))).toBeUndefined()
  })

  it('depend on both nonces and the network, not on who is who', () => {
    const [one, other, network] = ['one', 'other', 'network'].map((text) => sha256(utf8(text)).slice(0, 16))
    if (!one || !other || !network) throw new Error('three are three')
    const key = shortIdKey(one, other, network, sha256)
    expect(shortIdKey(other, one, network, sha256)).toEqual(key)
    expect(shortIdKey(one, network, network, sha256)).not.toEqual(key)
    expect(shortIdKey(one, other, one, sha256)).not.toEqual(key)
  })
})

describe('ranges', () => {
  it('differ exactly where the ids in them do', () => {
    fc.assert(
      fc.property(sets, ({ common, here, there, exponent }) => {
        const ours = ShortIds.of(KEY, range(0, common + here), idOf)
        const theirs = ShortIds.of(KEY, [...range(0, common), ...range(1_000, 1_000 + there)], idOf)
        const bits = differenceOf(sumsOf(ours, exponent), sumsOf(theirs, exponent))
        const listed = new Set(inRanges(ours, bits, exponent).index)
        const differing = [...range(common, common + here), ...range(1_000, 1_000 + there)]
        const touched = new Set(Array.from(ShortIds.of(KEY, differing, idOf).high, (high) => high >>> (32 - exponent)))
        const expected = range(0, common + here).filter((index) => {
          const [high = 0] = ShortIds.of(KEY, [index], idOf).high
          return touched.has(high >>> (32 - exponent))
        })
        expect([...listed].toSorted((a, b) => a - b)).toEqual(expected)
      }),
      { numRuns: 30 },
    )
  })
})

describe('a lister and a matcher', () => {
  it.each([
    ['few', 1],
    ['so many that there are ranges and several lists', 40],
  ])('find out what each side lacks of %s candidates', (_, times) => {
    fc.assert(
      fc.property(sets, ({ common, here, there }) => {
        const shared = range(0, common * times)
        const ours = range(100_000, 100_000 + here * times)
        const theirs = range(200_000, 200_000 + there * times)
        const { wanted, unmatched } = reconcile([...shared, ...ours], [...shared, ...theirs])
        expect(wanted).toEqual(ours)
        expect(unmatched).toEqual(theirs)
      }),
      { numRuns: times === 1 ? 100 : 8 },
    )
  })

  it('want nothing that is on its way', () => {
    const { wanted, unmatched } = reconcile(range(0, 10), [], range(0, 4).map(idOf))
    expect(wanted).toEqual(range(4, 10))
    expect(unmatched).toEqual([])
  })
})

type Said = { [K in Kind]: { readonly kind: K; readonly body: Bodies[K] } }[Kind]

/** Lets both talk until they have nothing to say. */
function reconcile(here: readonly number[], there: readonly number[], underway: readonly Bytes[] = []) {
  const toMatcher: Said[] = []
  const toLister: Said[] = []
  const say =
    (queue: Said[]): Send =>
    (kind, body) =>
      queue.push({ kind, body } as Said)
  const lister = new Lister(ShortIds.of(KEY, here, idOf), say(toMatcher))
  const matcher = new Matcher(ShortIds.of(KEY, there, idOf, underway), say(toLister))
  for (let said = toMatcher.shift(); said; said = toMatcher.shift()) {
    if (said.kind === 'qdag_ranges') expect(matcher.compare(said.body)).toBe(true)
    if (said.kind === 'qdag_short_ids') expect(matcher.match(said.body)).toBe(true)
    for (const answer of toLister.splice(0)) {
      if (answer.kind === 'qdag_range_difference') expect(lister.differ(answer.body)).toBe(true)
      if (answer.kind === 'qdag_want') expect(lister.want(answer.body)).toBe(true)
    }
  }
  return { wanted: lister.wanted, unmatched: matcher.unmatched }
}
