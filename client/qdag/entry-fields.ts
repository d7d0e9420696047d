/** The fields of an entry as they are written and read, for entries by themselves and in batches. */
import type { Bytes } from '../../protocol/bytes.ts'
import { KEY_BYTES, SIGNATURE_BYTES } from '../../protocol/limits.ts'
import type { ByteSink } from './byte-sink.ts'
import type { ByteSource } from './byte-source.ts'
import type { EntryBody, Receipt } from './entry.ts'
import { ID_BYTES, WRITER_BYTES } from './entry-limits.ts'
import { shortTextOf, shortUtf8 } from './short-text.ts'

const VERSION = 1

/** Of a shape: how many parents there are, and which of the fields that may be missing. Other bits are 0. */
const PARENT_COUNT_BITS = 3
const PREV_BIT = 4
const RECEIPT_BIT = 8
const CHAIN_BIT = 16
const ALL_BITS = PARENT_COUNT_BITS | PREV_BIT | RECEIPT_BIT | CHAIN_BIT

/** Shared by all entries without a chain. */
export const NO_CHAIN: Bytes = new Uint8Array(0)

export interface Shape {
  readonly parentCount: number
  readonly hasPrev: boolean
  readonly hasReceipt: boolean
  readonly hasChain: boolean
}

export function putShape(sink: ByteSink, { parents, prev, receipt, chain }: EntryBody): void {
  const chainBit = chain.length > 0 ? CHAIN_BIT : 0
  sink.uint8(parents.length | (prev ? PREV_BIT : 0) | (receipt ? RECEIPT_BIT : 0) | chainBit)
}

/** All the shapes, by their byte; `undefined` for one that nothing has. */
const SHAPES: readonly (Shape | undefined)[] = Array.from({ length: 256 }, (_, byte) => {
  const parentCount = byte & PARENT_COUNT_BITS
  if (parentCount === 0 || parentCount > 2 || (byte & ~ALL_BITS) !== 0) return undefined
  const [hasPrev, hasReceipt, hasChain] = [PREV_BIT, RECEIPT_BIT, CHAIN_BIT].map((bit) => (byte & bit) !== 0)
  return { parentCount, hasPrev: hasPrev === true, hasReceipt: hasReceipt === true, hasChain: hasChain === true }
})

export function takeShape(source: ByteSource): Shape | undefined {
  return SHAPES[source.uint8()]
}

export function putTask(sink: ByteSink, taskId: string): void {
  const bytes = shortUtf8(taskId)
  sink.uint8(bytes.length)
  sink.bytes(bytes)
}

/** `undefined` when it is not UTF-8. */
export function takeTask(source: ByteSource): string | undefined {
  return shortTextOf(source.view(source.uint8()))
}

export function putReceipt(sink: ByteSink, { requester, resultHash, signature }: Receipt): void {
  sink.bytes(requester)
  sink.bytes(resultHash)
  sink.bytes(signature)
}

export function takeReceipt(source: ByteSource): Receipt {
  return {
    requester: source.copy(KEY_BYTES),
    resultHash: source.copy(ID_BYTES),
    signature: source.copy(SIGNATURE_BYTES),
  }
}

export function putChain(sink: ByteSink, chain: Bytes): void {
  sink.uint16(chain.length)
  sink.bytes(chain)
}

/** `undefined` for one without content, which is written by leaving it out. */
export function takeChain(source: ByteSource): Bytes | undefined {
  const length = source.uint16()
  return length === 0 ? undefined : source.copy(length)
}

/** Everything but the entry's own signature. */
export function putBody(sink: ByteSink, body: EntryBody): void {
  sink.uint8(VERSION)
  putShape(sink, body)
  sink.bytes(body.contributor)
  sink.bytes(body.writer)
  sink.varint(body.seq)
  if (body.prev) sink.bytes(body.prev)
  sink.varint(body.tsMs)
  sink.varint(body.computeUnits)
  putTask(sink, body.taskId)
  for (const parent of body.parents) sink.bytes(parent)
  if (body.receipt) putReceipt(sink, body.receipt)
  if (body.chain.length > 0) putChain(sink, body.chain)
}

/** A body whose layout is right, as far as the source has not failed; its values may still break the rules. */
export function takeBody(source: ByteSource): EntryBody | undefined {
  const version = source.uint8()
  const shape = takeShape(source)
  if (version !== VERSION || !shape) return undefined
  const contributor = source.copy(KEY_BYTES)
  const writer = source.copy(WRITER_BYTES)
  const seq = source.varint()
  const prev = shape.hasPrev ? source.copy(ID_BYTES) : undefined
  const tsMs = source.varint()
  const computeUnits = source.varint()
  const taskId = takeTask(source)
  const parents = Array.from({ length: shape.parentCount }, () => source.copy(ID_BYTES))
  const receipt = shape.hasReceipt ? takeReceipt(source) : undefined
  const chain = shape.hasChain ? takeChain(source) : NO_CHAIN
  if (taskId === undefined || !chain) return undefined
  return { contributor, writer, seq, prev, tsMs, computeUnits, taskId, parents, receipt, chain }
}
