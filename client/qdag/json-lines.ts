/**
 * Entries as lines of JSON, to look at, to keep, and to carry elsewhere. Byte strings are base64url. A line says no more
 * than the binary form does, so that whoever reads one computes the id anew.
 */
import { compareBytes, fromBase64Url, toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { KEY_BYTES, SIGNATURE_BYTES } from '../../protocol/limits.ts'
import type { ReceiptText, Sha256 } from './api.ts'
import { idOfBody, type Entry, type EntryBody, type Receipt } from './entry.ts'
import { NO_CHAIN } from './entry-fields.ts'
import { ID_BYTES, MAX_JSON_LINE_CHARACTERS, WRITER_BYTES } from './entry-limits.ts'
import { isEntryBody } from './entry-rules.ts'
import { receiptOfText, textOfReceipt } from './receipt.ts'
import { bytesOfText } from './text-fields.ts'

/**
 * - `line-length`: longer than the line of any entry.
 * - `line-json`: no JSON.
 * - `line-fields`: not exactly the fields of an entry, each in its form.
 * - `entry-rules`: a number, text or combination that no entry has.
 * - `entry-id`: the id is not that of the rest.
 */
export type JsonLineFault = 'line-length' | 'line-json' | 'line-fields' | 'entry-rules' | 'entry-id'

const VERSION = 1
const REQUIRED = [
  'version',
  'id',
  'contributor',
  'writer',
  'seq',
  'tsMs',
  'taskId',
  'computeUnits',
  'parents',
  'signature',
] as const
const OPTIONAL = ['prev', 'receipt', 'chain'] as const
const RECEIPT_FIELDS = ['requester', 'resultHash', 'signature'] as const

/** Without a line break. */
export function toJsonLine(entry: Entry): string {
  const { seq, prev, tsMs, taskId, computeUnits, receipt, chain } = entry
  return JSON.stringify({
    version: VERSION,
    id: toBase64Url(entry.id),
    contributor: toBase64Url(entry.contributor),
    writer: toBase64Url(entry.writer),
    seq,
    prev: prev && toBase64Url(prev),
    tsMs,
    taskId,
    computeUnits,
    parents: entry.parents.map(toBase64Url),
    receipt: receipt && textOfReceipt(receipt),
    chain: chain.length > 0 ? toBase64Url(chain) : undefined,
    signature: toBase64Url(entry.signature),
  })
}

/** The entry in a line, its signatures unverified, or what is wrong with the line. Never throws. */
export function fromJsonLine(line: string, sha256: Sha256): Entry | JsonLineFault {
  if (line.length > MAX_JSON_LINE_CHARACTERS) return 'line-length'
  const fields = parse(line)
  if (fields === undefined) return 'line-json'
  if (!hasFields(fields, REQUIRED, OPTIONAL) || fields.version !== VERSION) return 'line-fields'
  const id = bytesOfText(fields.id, ID_BYTES)
  const signature = bytesOfText(fields.signature, SIGNATURE_BYTES)
  const body = bodyOf(fields)
  if (!id || !signature || !body) return 'line-fields'
  if (!isEntryBody(body)) return 'entry-rules'
  return compareBytes(idOfBody(body, sha256), id) === 0 ? { ...body, id, signature } : 'entry-id'
}

/** `undefined` for what has a field of another form than it must have. */
function bodyOf(fields: Fields<(typeof REQUIRED)[number], (typeof OPTIONAL)[number]>): EntryBody | undefined {
  const { seq, tsMs, taskId, computeUnits } = fields
  const contributor = bytesOfText(fields.contributor, KEY_BYTES)
  const writer = bytesOfText(fields.writer, WRITER_BYTES)
  const parents = idsOf(fields.parents)
  const prev = 'prev' in fields ? bytesOfText(fields.prev, ID_BYTES) : undefined
  const receipt = 'receipt' in fields ? receiptOf(fields.receipt) : undefined
  const chain = 'chain' in fields ? chainOf(fields.chain) : NO_CHAIN
  if (typeof seq !== 'number' || typeof tsMs !== 'number' || typeof computeUnits !== 'number') return undefined
  if (!contributor || !writer || !parents || !chain || typeof taskId !== 'string') return undefined
  if (('prev' in fields && !prev) || ('receipt' in fields && !receipt)) return undefined
  return { contributor, writer, seq, prev, tsMs, computeUnits, taskId, parents, receipt, chain }
}

function idsOf(texts: unknown): Bytes[] | undefined {
  if (!Array.isArray(texts)) return undefined
  const ids = texts.map((text) => bytesOfText(text, ID_BYTES))
  return ids.every((id) => id !== undefined) ? ids : undefined
}

function receiptOf(value: unknown): Receipt | undefined {
  if (typeof value !== 'object' || value === null || !hasFields(value, RECEIPT_FIELDS, [])) return undefined
  return receiptOfText(value as ReceiptText)
}

/** One without content is written by leaving it out. */
function chainOf(text: unknown): Bytes | undefined {
  return typeof text === 'string' && text !== '' ? fromBase64Url(text) : undefined
}

type Fields<Required extends string, Optional extends string> = Record<Required, unknown> &
  Partial<Record<Optional, unknown>>

/** All that are required, and no others than these. */
function hasFields<Required extends string, Optional extends string>(
  value: object,
  required: readonly Required[],
  optional: readonly Optional[],
): value is Fields<Required, Optional> {
  const names = Object.keys(value)
  const known: readonly string[] = [...required, ...optional]
  return required.every((name) => names.includes(name)) && names.every((name) => known.includes(name))
}

function parse(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
