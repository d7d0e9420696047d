/**
 * What an entry may hold, whatever is around it. Each content that keeps these rules has exactly one encoding, and nothing
 * else has any; the ledger has further rules about an entry and its ancestors.
 */
import { compareBytes, type Bytes } from '../../protocol/bytes.ts'
import { KEY_BYTES, MAX_CHAIN_BYTES, SIGNATURE_BYTES } from '../../protocol/limits.ts'
import type { EntryBody, Receipt } from './entry.ts'
import {
  ID_BYTES,
  MAX_COMPUTE_UNITS,
  MAX_PARENTS,
  MAX_TASK_BYTES,
  SEQ_LIMIT,
  TS_LIMIT_MS,
  WRITER_BYTES,
} from './entry-limits.ts'
import { shortUtf8 } from './short-text.ts'

export function isEntryBody(body: EntryBody): boolean {
  const { contributor, writer, tsMs, computeUnits, taskId, receipt } = body
  return (
    contributor.length === KEY_BYTES &&
    writer.length === WRITER_BYTES &&
    isWhole(tsMs, 1, TS_LIMIT_MS - 1) &&
    isComputeUnits(computeUnits) &&
    isTaskId(taskId) &&
    hasPlace(body) &&
    hasParents(body) &&
    (receipt === undefined || isReceipt(receipt, contributor))
  )
}

/** UTF-8 of 1 to 64 bytes. */
export function isTaskId(taskId: string): boolean {
  // Half of a surrogate pair has no UTF-8: it would come back as another text.
  if (taskId.length === 0 || taskId.length > MAX_TASK_BYTES || !taskId.isWellFormed()) return false
  // Three bytes at most for each: mostly there is no need to encode it.
  return taskId.length * 3 <= MAX_TASK_BYTES || shortUtf8(taskId).length <= MAX_TASK_BYTES
}

export function isComputeUnits(units: number): boolean {
  return isWhole(units, 0, MAX_COMPUTE_UNITS)
}

/** Its number, the entry that it follows, and the chain agree. */
function hasPlace({ seq, prev, chain }: EntryBody): boolean {
  if (!isWhole(seq, 0, SEQ_LIMIT - 1)) return false
  return seq === 0
    ? prev === undefined && chain.length <= MAX_CHAIN_BYTES
    : prev?.length === ID_BYTES && chain.length === 0
}

/** They have one order. `prev` is an edge already: it is a parent only of an entry that has nothing else to build on. */
function hasParents({ parents, prev }: EntryBody): boolean {
  const [first, second] = parents
  if (first?.length !== ID_BYTES || parents.length > MAX_PARENTS) return false
  if (second === undefined) return true
  if (second.length !== ID_BYTES || compareBytes(first, second) >= 0) return false
  return prev === undefined || (compareBytes(first, prev) !== 0 && compareBytes(second, prev) !== 0)
}

/** Nobody attests to their own work. */
function isReceipt({ requester, resultHash, signature }: Receipt, contributor: Bytes): boolean {
  return (
    requester.length === KEY_BYTES &&
    resultHash.length === ID_BYTES &&
    signature.length === SIGNATURE_BYTES &&
    compareBytes(requester, contributor) !== 0
  )
}

function isWhole(value: number, lowest: number, highest: number): boolean {
  // JSON has a negative zero, too.
  return Number.isInteger(value) && value >= lowest && value <= highest && !Object.is(value, -0)
}
