/** An entry as applications see it: plain data. */
import { compareBytes, toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import type { LedgerEntry } from './api.ts'
import { creditsOf, type Entry } from './entry.ts'
import { textOfReceipt } from './receipt.ts'

export function ledgerEntryOf(entry: Entry, networkId: Bytes, isConfirmed: boolean): LedgerEntry {
  const { prev, receipt } = entry
  return {
    id: toBase64Url(entry.id),
    contributor: toBase64Url(entry.contributor),
    writer: toBase64Url(entry.writer),
    seq: entry.seq,
    tsMs: entry.tsMs,
    taskId: entry.taskId,
    computeUnits: entry.computeUnits,
    credits: creditsOf(entry.computeUnits),
    // The network itself stands for the beginning; it is no entry.
    parents: entry.parents.filter((parent) => compareBytes(parent, networkId) !== 0).map(toBase64Url),
    ...(prev && { prev: toBase64Url(prev) }),
    ...(receipt && { receipt: textOfReceipt(receipt) }),
    isConfirmed,
  }
}
