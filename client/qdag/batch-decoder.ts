/**
 * Batches decoded: see `batch.ts` for how they are laid out. A thousand entries are milliseconds of work, most of it for their
 * ids, so that whoever has other things to do takes them in parts.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import { KEY_BYTES, SIGNATURE_BYTES } from '../../protocol/limits.ts'
import type { Sha256 } from './api.ts'
import { ByteSink } from './byte-sink.ts'
import { ByteSource } from './byte-source.ts'
import { NO_CHAIN, takeChain, takeReceipt, takeShape, takeTask } from './entry-fields.ts'
import { ID_BYTES, MAX_BATCH_BYTES, MAX_BATCH_ENTRIES, MAX_PARENTS, WRITER_BYTES } from './entry-limits.ts'
import { isEntryBody } from './entry-rules.ts'
import { idOfBody, type Entry, type EntryBody } from './entry.ts'

export const BATCH_VERSION = 1
/** What an entry refers to: its parents and the one before it. */
const MAX_REFERENCES = MAX_PARENTS + 1
/** A byte in each of the columns that every entry has, one more for the task, and the signature. */
const MIN_ENTRY_BYTES = 7 + 1 + SIGNATURE_BYTES

interface Author {
  readonly contributor: Bytes
  readonly writer: Bytes
  /** The number that its next entry has, unless there is a gap. */
  nextSeq: number
}

/** The entries in these bytes, signatures unverified, or `undefined` when anything about them is malformed. */
export function decodeBatch(bytes: Bytes, sha256: Sha256): Entry[] | undefined {
  const decoder = BatchDecoder.begin(bytes, sha256)
  return decoder?.take(MAX_BATCH_ENTRIES) ? decoder.entries : undefined
}

/** How many entries a batch says it has; `undefined` when it is none, or cannot have so many. */
export function countOfBatch(bytes: Bytes): number | undefined {
  return takeCount(new ByteSource(bytes))
}

export class BatchDecoder {
  /** Those that have been decoded, signatures unverified. */
  readonly entries: Entry[] = []
  readonly #columns: Columns
  readonly #known: readonly Bytes[]
  readonly #sha256: Sha256
  readonly #sink = new ByteSink()

  private constructor(columns: Columns, known: readonly Bytes[], sha256: Sha256) {
    this.#columns = columns
    this.#known = known
    this.#sha256 = sha256
  }

  /** `undefined` when the layout is malformed: then nothing has been hashed. */
  static begin(bytes: Bytes, sha256: Sha256): BatchDecoder | undefined {
    const source = new ByteSource(bytes)
    const count = takeCount(source)
    if (bytes.length > MAX_BATCH_BYTES || count === undefined) return undefined
    const authorCount = source.varint()
    if (authorCount > count) return undefined
    const authors = times(authorCount, () => takeAuthor(source))
    const knownCount = source.varint()
    if (knownCount > count * MAX_REFERENCES) return undefined
    const known = times(knownCount, () => source.copy(ID_BYTES))
    const columns = takeColumns(source, count, authors)
    return source.hasFailed || source.remaining > 0 ? undefined : new BatchDecoder(columns, known, sha256)
  }

  get isDone(): boolean {
    return this.entries.length === this.#columns.author.length
  }

  /** Decodes so many more, if there are so many. False when one is malformed, and with it the whole batch. */
  take(count: number): boolean {
    const { entries } = this
    const end = Math.min(entries.length + count, this.#columns.author.length)
    while (entries.length < end) {
      const body = bodyAt(this.#columns, entries.length, this.#idAt)
      const signature = this.#columns.signature[entries.length]
      if (!body || !signature || !isEntryBody(body)) return false
      entries.push({ ...body, id: idOfBody(body, this.#sha256, this.#sink), signature })
    }
    return true
  }

  /** Even: how far back in this batch. Odd: one of the known ids. */
  readonly #idAt = (reference: number): Bytes | undefined =>
    reference % 2 === 0 ? this.entries[this.entries.length - 1 - reference / 2]?.id : this.#known[(reference - 1) / 2]
}

/** Version and count. What is claimed must have come: a few bytes do not make us take memory for a thousand entries. */
function takeCount(source: ByteSource): number | undefined {
  const version = source.uint8()
  const count = source.varint()
  const isCount = count >= 1 && count <= MAX_BATCH_ENTRIES && source.remaining >= count * MIN_ENTRY_BYTES
  return version === BATCH_VERSION && isCount ? count : undefined
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

function times<T>(count: number, make: () => T): T[] {
  return Array.from({ length: count }, make)
}
