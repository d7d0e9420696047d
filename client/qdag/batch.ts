/**
 * Many entries together, parents first, column by column; they refer to each other by distance instead of by id, so that
 * an entry takes little more than its signature and its task. On the wire and, with a checksum, on disk.
 *
 *     version u8 = 1 · count varint · writers: count varint, (contributor 32 · writer 16) each · known ids: count varint,
 *     32 each · columns: writer, seq, shape, prev, ts, units, task, parents, receipts, chains, signatures
 *
 * A batch may have several encodings. The entries that it is decoded to have one each, and their ids are computed anew.
 */
import { concat, type Bytes } from '../../protocol/bytes.ts'
import { KEY_BYTES, SIGNATURE_BYTES } from '../../protocol/limits.ts'
import { BATCH_VERSION } from './batch-decoder.ts'
import { ByteSink } from './byte-sink.ts'
import type { Entry } from './entry.ts'
import { putChain, putReceipt, putShape, putTask } from './entry-fields.ts'
import {
  ID_BYTES,
  MAX_BATCH_BYTES,
  MAX_BATCH_ENTRIES,
  MAX_TASK_BYTES,
  RECEIPT_BYTES,
  WRITER_BYTES,
} from './entry-limits.ts'
import { mapKeyOf } from './map-key.ts'

export { BatchDecoder, countOfBatch, decodeBatch } from './batch-decoder.ts'

/** Version and three counts. */
const MAX_HEAD_BYTES = 1 + 3 * 2
/** Without the longest task, its references, receipt and chain: a writer of its own, and columns of the largest values. */
const MAX_PLAIN_ENTRY_BYTES = KEY_BYTES + WRITER_BYTES + 2 + 5 + 1 + 7 + 6 + 1 + MAX_TASK_BYTES + SIGNATURE_BYTES
/** An id of which only one entry knows, and the number that stands for it. */
const MAX_REFERENCE_BYTES = ID_BYTES + 2

/** The entries in as few batches as their limits allow, in the same order. */
export function* inBatches(entries: Iterable<Entry>, maxBytes = MAX_BATCH_BYTES): Generator<readonly Entry[], void> {
  let batch: Entry[] = []
  let bytes = MAX_HEAD_BYTES
  for (const entry of entries) {
    const more = encodedBytesAtMost(entry)
    if (batch.length === MAX_BATCH_ENTRIES || (bytes + more > maxBytes && batch.length > 0)) {
      yield batch
      batch = []
      bytes = MAX_HEAD_BYTES
    }
    batch.push(entry)
    bytes += more
  }
  if (batch.length > 0) yield batch
}

/** One to 1,024 entries, parents before their children: see {@link inBatches}. */
export function encodeBatch(entries: readonly Entry[]): Bytes {
  const authors = new Map<string, { readonly index: number; nextSeq: number }>()
  const places = new Map<string, number>()
  const known = new Map<string, number>()
  const [authorList, knownList] = [new ByteSink(), new ByteSink()]
  // In the order in which they are sent.
  const columns = {
    author: new ByteSink(),
    seq: new ByteSink(),
    shape: new ByteSink(),
    prev: new ByteSink(),
    ts: new ByteSink(),
    units: new ByteSink(),
    task: new ByteSink(),
    parents: new ByteSink(),
    receipt: new ByteSink(),
    chain: new ByteSink(),
    signature: new ByteSink(),
  }
  let lastTsMs = 0

  const authorOf = ({ contributor, writer }: Entry) => {
    const key = mapKeyOf(contributor) + mapKeyOf(writer)
    let author = authors.get(key)
    if (!author) {
      author = { index: authors.size, nextSeq: 0 }
      authors.set(key, author)
      authorList.bytes(contributor)
      authorList.bytes(writer)
    }
    return author
  }
  /** Even: how far back it is in this batch. Odd: which of the known ids it is. */
  const reference = (id: Bytes, from: number) => {
    const key = mapKeyOf(id)
    const place = places.get(key)
    if (place !== undefined) return 2 * (from - place - 1)
    let index = known.get(key)
    if (index === undefined) {
      index = known.size
      known.set(key, index)
      knownList.bytes(id)
    }
    return 2 * index + 1
  }

  for (const [i, entry] of entries.entries()) {
    const { seq, prev, tsMs, receipt, chain } = entry
    const author = authorOf(entry)
    columns.author.varint(author.index)
    columns.seq.signedVarint(seq - author.nextSeq)
    putShape(columns.shape, entry)
    if (prev) columns.prev.varint(reference(prev, i))
    columns.ts.signedVarint(tsMs - lastTsMs)
    columns.units.varint(entry.computeUnits)
    putTask(columns.task, entry.taskId)
    for (const parent of entry.parents) columns.parents.varint(reference(parent, i))
    if (receipt) putReceipt(columns.receipt, receipt)
    if (chain.length > 0) putChain(columns.chain, chain)
    columns.signature.bytes(entry.signature)
    author.nextSeq = seq + 1
    lastTsMs = tsMs
    places.set(mapKeyOf(entry.id), i)
  }
  const head = new ByteSink()
  head.uint8(BATCH_VERSION)
  head.varint(entries.length)
  head.varint(authors.size)
  head.bytes(authorList.view())
  head.varint(known.size)
  head.bytes(knownList.view())
  return concat(head.view(), ...Object.values(columns).map((sink) => sink.view()))
}

/** As many bytes as an entry adds to a batch in the worst case: with a writer of its own, and ids that nobody else refers to. */
function encodedBytesAtMost({ parents, prev, receipt, chain }: Entry): number {
  const references = parents.length + (prev ? 1 : 0)
  return (
    MAX_PLAIN_ENTRY_BYTES +
    references * MAX_REFERENCE_BYTES +
    (receipt ? RECEIPT_BYTES : 0) +
    (chain.length > 0 ? 2 + chain.length : 0)
  )
}
