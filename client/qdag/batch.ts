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
import type { Sha256 } from './api.ts'
import { ByteSink } from './byte-sink.ts'
import { ByteSource } from './byte-source.ts'
import { idOfBody, type Entry, type EntryBody } from './entry.ts'
import {
  NO_CHAIN,
  putChain,
  putReceipt,
  putShape,
  putTask,
  takeChain,
  takeReceipt,
  takeShape,
  takeTask,
} from './entry-fields.ts'
import {
  ID_BYTES,
  MAX_BATCH_BYTES,
  MAX_BATCH_ENTRIES,
  MAX_PARENTS,
  MAX_TASK_BYTES,
  RECEIPT_BYTES,
  WRITER_BYTES,
} from './entry-limits.ts'
import { isEntryBody } from './entry-rules.ts'
import { mapKeyOf } from './map-key.ts'

const VERSION = 1
/** What an entry refers to: its parents and the one before it. */
const MAX_REFERENCES = MAX_PARENTS + 1
/** A byte in each of the columns that every entry has, one more for the task, and the signature. */
const MIN_ENTRY_BYTES = 7 + 1 + SIGNATURE_BYTES
/** Version and three counts. */
const MAX_HEAD_BYTES = 1 + 3 * 2
/** Without the longest task, its references, receipt and chain: a writer of its own, and columns of the largest values. */
const MAX_PLAIN_ENTRY_BYTES = KEY_BYTES + WRITER_BYTES + 2 + 5 + 1 + 7 + 6 + 1 + MAX_TASK_BYTES + SIGNATURE_BYTES
/** An id of which only one entry knows, and the number that stands for it. */
const MAX_REFERENCE_BYTES = ID_BYTES + 2

interface Author {
  readonly contributor: Bytes
  readonly writer: Bytes
  /** The number that its next entry has, unless there is a gap. */
  nextSeq: number
}

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
  head.uint8(VERSION)
  head.varint(entries.length)
  head.varint(authors.size)
  head.bytes(authorList.view())
  head.varint(known.size)
  head.bytes(knownList.view())
  return concat(head.view(), ...Object.values(columns).map((sink) => sink.view()))
}

/** The entries in these bytes, signatures unverified, or `undefined` when anything about them is malformed. */
export function decodeBatch(bytes: Bytes, sha256: Sha256): Entry[] | undefined {
  const source = new ByteSource(bytes)
  if (bytes.length > MAX_BATCH_BYTES || source.uint8() !== VERSION) return undefined
  const count = source.varint()
  // What is claimed must have come: a few bytes do not make us take memory for a thousand entries.
  if (count < 1 || count > MAX_BATCH_ENTRIES || source.remaining < count * MIN_ENTRY_BYTES) return undefined
  const authorCount = source.varint()
  if (authorCount > count) return undefined
  const authors = times(authorCount, () => takeAuthor(source))
  const knownCount = source.varint()
  if (knownCount > count * MAX_REFERENCES) return undefined
  const known = times(knownCount, () => source.copy(ID_BYTES))
  const columns = takeColumns(source, count, authors)
  if (source.hasFailed || source.remaining > 0) return undefined

  const entries: Entry[] = []
  const sink = new ByteSink()
  const idAt = (reference: number) =>
    reference % 2 === 0 ? entries[entries.length - 1 - reference / 2]?.id : known[(reference - 1) / 2]
  for (let i = 0; i < count; i++) {
    const body = bodyAt(columns, i, idAt)
    const signature = columns.signature[i]
    if (!body || !signature || !isEntryBody(body)) return undefined
    entries.push({ ...body, id: idOfBody(body, sha256, sink), signature })
  }
  return entries
}

/** How many entries a batch says it has; `undefined` when it is none. */
export function countOfBatch(bytes: Bytes): number | undefined {
  const source = new ByteSource(bytes)
  const version = source.uint8()
  const count = source.varint()
  return source.hasFailed || version !== VERSION ? undefined : count
}

type Columns = ReturnType<typeof takeColumns>

function takeColumns(source: ByteSource, count: number, authors: readonly Author[]) {
  const author = times(count, () => authors[source.varint()])
  const seq = author.map((of) => takeSeq(source, of))
  const shape = times(count, () => takeShape(source))
  let lastTsMs = 0
  // In the order in which they stand, which is that in which an object is written down.
  return {
    author,
    seq,
    prev: shape.map((of) => (of?.hasPrev ? source.varint() : undefined)),
    tsMs: times(count, () => (lastTsMs += source.signedVarint())),
    computeUnits: times(count, () => source.varint()),
    taskId: times(count, () => takeTask(source)),
    parents: shape.map((of) => times(of?.parentCount ?? 0, () => source.varint())),
    receipt: shape.map((of) => (of?.hasReceipt ? takeReceipt(source) : undefined)),
    chain: shape.map((of) => (of?.hasChain ? takeChain(source) : NO_CHAIN)),
    signature: times(count, () => source.copy(SIGNATURE_BYTES)),
  }
}

/** A row, with ids in the place of references; `undefined` when one leads nowhere. */
function bodyAt(columns: Columns, i: number, idAt: (reference: number) => Bytes | undefined): EntryBody | undefined {
  const author = columns.author[i]
  const taskId = columns.taskId[i]
  const chain = columns.chain[i]
  const prevReference = columns.prev[i]
  const prev = prevReference === undefined ? undefined : idAt(prevReference)
  const parents = columns.parents[i]?.map(idAt).filter((id) => id !== undefined) ?? []
  const isWhole =
    parents.length === columns.parents[i]?.length && (prev === undefined) === (prevReference === undefined)
  if (!author || taskId === undefined || !chain || !isWhole) return undefined
  return {
    contributor: author.contributor,
    writer: author.writer,
    seq: columns.seq[i] ?? 0,
    prev,
    tsMs: columns.tsMs[i] ?? 0,
    computeUnits: columns.computeUnits[i] ?? 0,
    taskId,
    parents,
    receipt: columns.receipt[i],
    chain,
  }
}

function takeAuthor(source: ByteSource): Author {
  return { contributor: source.copy(KEY_BYTES), writer: source.copy(WRITER_BYTES), nextSeq: 0 }
}

function takeSeq(source: ByteSource, author: Author | undefined): number {
  const difference = source.signedVarint()
  if (!author) return source.fail()
  const seq = author.nextSeq + difference
  author.nextSeq = seq + 1
  return seq
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

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make)
}
