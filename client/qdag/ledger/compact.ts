/** Entries that wait, cut loose from the messages they came in: a small one must not keep half a mebibyte alive. */
import type { Bytes } from '../../../protocol/bytes.ts'
import type { Entry, Receipt } from '../entry.ts'

/** What an entry's fields take: about what it has on the wire, and what it is counted as. */
export function sizeOf(entry: Entry): number {
  return bytesOf(entry).reduce((sum, { length }) => sum + length, entry.taskId.length)
}

/** A copy of an entry whose bytes have one small buffer of their own. */
export function compact(entry: Entry): Entry {
  const parts = bytesOf(entry)
  const buffer = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let end = 0
  const take = (bytes: Bytes): Bytes => {
    buffer.set(bytes, end)
    end += bytes.length
    return buffer.subarray(end - bytes.length, end)
  }
  return {
    ...entry,
    id: take(entry.id),
    contributor: take(entry.contributor),
    writer: take(entry.writer),
    prev: entry.prev && take(entry.prev),
    parents: entry.parents.map(take),
    receipt: entry.receipt && takeReceipt(entry.receipt, take),
    chain: take(entry.chain),
    signature: take(entry.signature),
  }
}

function takeReceipt({ requester, resultHash, signature }: Receipt, take: (bytes: Bytes) => Bytes): Receipt {
  return { requester: take(requester), resultHash: take(resultHash), signature: take(signature) }
}

function bytesOf({ id, contributor, writer, prev, parents, receipt, chain, signature }: Entry): Bytes[] {
  const parts = [id, contributor, writer, ...parents, chain, signature]
  if (prev) parts.push(prev)
  if (receipt) parts.push(receipt.requester, receipt.resultHash, receipt.signature)
  return parts
}
