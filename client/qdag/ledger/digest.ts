/** What two peers compare: the same for the same entries, in whatever order they came. */
import { concat, utf8, type Bytes } from '../../../protocol/bytes.ts'
import type { Sha256 } from '../api.ts'
import { ID_BYTES } from '../entry-limits.ts'
import { FLAG, type Entries } from './entries.ts'
import type { State } from './state.ts'

/** Hashed at a time: all of a large ledger would be another copy of it. */
const PIECE_ROWS = 4_096

/**
 * SHA-256 over the sorted ids of the tips. A ledger has everything that its entries build on, so the tips stand for all of
 * it: the digests of two ledgers are equal exactly when the ledgers are.
 */
export function digestOfTips(entries: Entries, tips: readonly number[], sha256: Sha256): Bytes {
  const sorted = tips.toSorted((a, b) => entries.ids.compare(a, b))
  const ids = new Uint8Array(sorted.length * ID_BYTES)
  for (const [at, tip] of sorted.entries()) ids.set(entries.ids.at(tip), at * ID_BYTES)
  return sha256(ids)
}

/** SHA-256 over all that the rules derive from the entries, too. */
export function digestOfState({ entries, contributors }: State, sha256: Sha256): Bytes {
  const byId = sortedIndexes(entries.length, (a, b) => entries.ids.compare(a, b))
  const byKey = sortedIndexes(contributors.keys.length, (a, b) => contributors.keys.compare(a, b))
  const ofEntries = chained(byId, sha256, (index) => {
    const flags = [FLAG.tip, FLAG.confirmed, FLAG.forked].map((flag) => Number(entries.has(index, flag)))
    return concat(entries.ids.at(index), Uint8Array.from(flags))
  })
  const ofContributors = chained(byKey, sha256, (number) => utf8(JSON.stringify(contributors.statistics(number))))
  return sha256(concat(ofEntries, ofContributors))
}

function sortedIndexes(count: number, compare: (a: number, b: number) => number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, index) => index).toSorted(compare)
}

/** A digest of rows, each piece of them hashed with the digest of all before. */
function chained(indexes: Uint32Array, sha256: Sha256, rowOf: (index: number) => Bytes): Bytes {
  let digest = sha256(new Uint8Array(0))
  for (let start = 0; start < indexes.length; start += PIECE_ROWS) {
    digest = sha256(concat(digest, ...Array.from(indexes.subarray(start, start + PIECE_ROWS), rowOf)))
  }
  return digest
}
