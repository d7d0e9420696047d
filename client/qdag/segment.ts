/**
 * A segment: some entries as they are kept, in the order in which they became solid. A batch with a checksum behind it, since
 * what a disk gives back is not always what was written.
 */
import { compareBytes, concat, type Bytes } from '../../protocol/bytes.ts'
import type { Sha256 } from './api.ts'
import { decodeBatch, encodeBatch } from './batch.ts'
import type { Entry } from './entry.ts'
import { MAX_BATCH_BYTES, MAX_BATCH_ENTRIES } from './entry-limits.ts'

/** Larger ones gain little; smaller ones cost a write each: a put takes as long as encoding a hundred entries. */
export const MAX_SEGMENT_ENTRIES = MAX_BATCH_ENTRIES
/** Against accidents, not against people: whoever can write here can also compute it. One in 2^64 goes unnoticed. */
const CHECKSUM_BYTES = 8
/** What entries without a chain may take, however long their other parts are, so that a full segment of them fits. */
const ENTRY_SHARE_BYTES = MAX_BATCH_BYTES / MAX_BATCH_ENTRIES

/** One to {@link MAX_SEGMENT_ENTRIES} entries of which {@link segmentCost} allows no more. */
export function encodeSegment(entries: readonly Entry[], sha256: Sha256): Bytes {
  const batch = encodeBatch(entries)
  return concat(batch, checksumOf(batch, sha256))
}

/** The entries of a segment, or `undefined` when it is damaged. */
export function decodeSegment(bytes: Bytes, sha256: Sha256): Entry[] | undefined {
  const batch = batchIn(bytes, sha256)
  return batch && decodeBatch(batch, sha256)
}

/** The batch that a segment is, a view of it, or `undefined` when it is damaged. */
export function batchIn(bytes: Bytes, sha256: Sha256): Bytes | undefined {
  const batch = bytes.subarray(0, -CHECKSUM_BYTES)
  const isWhole = compareBytes(checksumOf(batch, sha256), bytes.subarray(-CHECKSUM_BYTES)) === 0
  return isWhole ? batch : undefined
}

/** How much of a segment an entry fills: they have room together while the sum is at most 1. */
export function segmentCost({ chain }: Entry): number {
  return (ENTRY_SHARE_BYTES + (chain.length > 0 ? 2 + chain.length : 0)) / MAX_BATCH_BYTES
}

function checksumOf(batch: Bytes, sha256: Sha256): Bytes {
  return sha256(batch).subarray(0, CHECKSUM_BYTES)
}
