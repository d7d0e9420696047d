/**
 * An entry: one signed contribution. Its bytes are canonical by construction, so that every peer computes the same id.
 *
 *     version u8 = 1 · shape u8 · contributor 32 · writer 16 · seq varint · [prev 32] · ts varint · units varint
 *     · task u8+UTF-8 · parents 32 each · [requester 32 · result hash 32 · signature 64] · [chain u16+bytes] · signature 64
 *
 * The shape says which of the optional fields there are. The id is the SHA-256 of everything but the last signature;
 * that one covers the network's id and it, so that an entry means nothing in another network.
 */
import { concat, utf8, type Bytes } from '../../protocol/bytes.ts'
import { SIGNATURE_BYTES } from '../../protocol/limits.ts'
import type { Sha256 } from './api.ts'
import { ByteSink } from './byte-sink.ts'
import { ByteSource } from './byte-source.ts'
import { putBody, putTask, takeBody } from './entry-fields.ts'
import { MAX_ENTRY_BYTES, UNITS_PER_CREDIT } from './entry-limits.ts'
import { isEntryBody } from './entry-rules.ts'

/** What the requester of a task signed about its result: it turns a claim into an attested one. */
export interface Receipt {
  /** The requester's identity key. */
  readonly requester: Bytes
  /** SHA-256 of the result that the requester accepted. */
  readonly resultHash: Bytes
  readonly signature: Bytes
}

export interface EntryBody {
  /** The identity key whose contribution this is. */
  readonly contributor: Bytes
  /** Which of the contributor's stores wrote it: 16 random bytes, born with the store. */
  readonly writer: Bytes
  /** Counts the writer's entries from 0, without gaps. */
  readonly seq: number
  /** Id of the writer's entry before this one; `undefined` exactly when `seq` is 0. */
  readonly prev: Bytes | undefined
  /** Hybrid logical time in milliseconds: above that of `prev` and of every parent. */
  readonly tsMs: number
  readonly computeUnits: number
  readonly taskId: string
  /** One or two ids, ascending; the network id alone in an entry that builds on none. */
  readonly parents: readonly Bytes[]
  readonly receipt: Receipt | undefined
  /** Certificates for closed networks, in a writer's first entry; otherwise empty. */
  readonly chain: Bytes
}

export interface Entry extends EntryBody {
  readonly id: Bytes
  /** The contributor's, over the network id and the id. */
  readonly signature: Bytes
}

/** What a receipt is about. */
export type ReceiptSubject = Pick<EntryBody, 'contributor' | 'computeUnits' | 'taskId'> & Pick<Receipt, 'resultHash'>

const ID_DOMAIN = utf8('edge-net/qdag/entry/1\0')
const SIGNATURE_DOMAIN = utf8('edge-net/qdag/1\0')
const RECEIPT_DOMAIN = utf8('edge-net/qdag/receipt/1\0')

/** Everything but the entry's own signature. The body must be one that `isEntryBody` holds of. */
export function encodeBody(body: EntryBody): Bytes {
  const sink = new ByteSink()
  putBody(sink, body)
  return sink.copy()
}

/** An entry by itself: body and signature. */
export function encodeEntry(entry: Entry): Bytes {
  const sink = new ByteSink()
  putBody(sink, entry)
  sink.bytes(entry.signature)
  return sink.copy()
}

/** The entry in these bytes, its signatures unverified, or `undefined` when they are not the one encoding of one. */
export function decodeEntry(bytes: Bytes, sha256: Sha256): Entry | undefined {
  if (bytes.length > MAX_ENTRY_BYTES) return undefined
  const source = new ByteSource(bytes)
  const body = takeBody(source)
  const bodyBytes = bytes.subarray(0, source.at)
  const signature = source.copy(SIGNATURE_BYTES)
  if (!body || source.hasFailed || source.remaining > 0 || !isEntryBody(body)) return undefined
  return { ...body, id: entryId(bodyBytes, sha256), signature }
}

/** The id of an entry with this encoded body. */
export function entryId(bodyBytes: Bytes, sha256: Sha256): Bytes {
  return sha256(concat(ID_DOMAIN, bodyBytes))
}

/** The same of a body that is not encoded yet. Whoever needs many gives a sink to use again. */
export function idOfBody(body: EntryBody, sha256: Sha256, sink: ByteSink = new ByteSink()): Bytes {
  sink.clear()
  sink.bytes(ID_DOMAIN)
  putBody(sink, body)
  return sha256(sink.view())
}

/** What the contributor of an entry signs. */
export function signedMessage(networkId: Bytes, id: Bytes): Bytes {
  return concat(SIGNATURE_DOMAIN, networkId, id)
}

/** What the requester of a task signs. */
export function receiptMessage(networkId: Bytes, subject: ReceiptSubject): Bytes {
  const sink = new ByteSink()
  sink.bytes(RECEIPT_DOMAIN)
  sink.bytes(networkId)
  sink.bytes(subject.contributor)
  sink.varint(subject.computeUnits)
  putTask(sink, subject.taskId)
  sink.bytes(subject.resultHash)
  return sink.copy()
}

/** What an entry claims. Never sent, so that nobody can claim at another rate. */
export function creditsOf(computeUnits: number): number {
  return Math.floor(computeUnits / UNITS_PER_CREDIT)
}
