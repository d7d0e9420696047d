/**
 * Short ids by their top bits, and the sum of each such range: where two sums are equal, so are the ids. The key belongs to
 * the comparison, so nobody can have made sets of entries whose sums agree. Worth its bytes when most candidates are common.
 */
import type { Bytes } from '../../../protocol/bytes.ts'
import { bitmapOf, hasBit } from './bitmap.ts'
import { MAX_RANGE_EXPONENT, SHORT_ID_BYTES } from './limits.ts'
import type { ShortIds } from './short-ids.ts'

/** A range that differs in one id costs all of its ids: fewer would cost more sums. */
const IDS_PER_RANGE = 32

/** Into two to this power ranges. */
export function exponentFor(count: number): number {
  const exponent = Math.round(Math.log2(count / IDS_PER_RANGE))
  return Math.min(MAX_RANGE_EXPONENT, Math.max(1, exponent))
}

/** A u64 for each range: the sum of its short ids mod 2^64. */
export function sumsOf(ids: ShortIds, exponent: number): Bytes {
  const bytes = new Uint8Array(SHORT_ID_BYTES * 2 ** exponent)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < ids.length; i++) {
    const at = SHORT_ID_BYTES * rangeOf(ids, i, exponent)
    const low = view.getUint32(at + 4) + (ids.low[i] ?? 0)
    const carry = low >= 2 ** 32 ? 1 : 0
    view.setUint32(at + 4, low)
    view.setUint32(at, view.getUint32(at) + (ids.high[i] ?? 0) + carry)
  }
  return bytes
}

/** A bit for each range: whether the sums differ. */
export function differenceOf(ours: Bytes, theirs: Bytes): Bytes {
  return bitmapOf(ours.length / SHORT_ID_BYTES, (range) => {
    const at = range * SHORT_ID_BYTES
    for (let i = at; i < at + SHORT_ID_BYTES; i++) if (ours[i] !== theirs[i]) return true
    return false
  })
}

/** Of the ids, those in ranges that differ. */
export function inRanges(ids: ShortIds, bits: Bytes, exponent: number): ShortIds {
  return ids.filter((i) => hasBit(bits, rangeOf(ids, i, exponent)))
}

function rangeOf(ids: ShortIds, i: number, exponent: number): number {
  return (ids.high[i] ?? 0) >>> (32 - exponent)
}
