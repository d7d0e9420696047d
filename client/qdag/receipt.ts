/** A requester's word on a result: signed by whoever asked for the work, borne by the entry of whoever did it. */
import { compareBytes, toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { KEY_BYTES, SIGNATURE_BYTES } from '../../protocol/limits.ts'
import { EdgeNetError } from '../errors.ts'
import type { Contribution, ReceiptText } from './api.ts'
import { receiptMessage, type Receipt } from './entry.ts'
import { ID_BYTES } from './entry-limits.ts'
import { isComputeUnits, isTaskId } from './entry-rules.ts'
import { bytesOfText } from './text-fields.ts'

/** What signs: an identity, or a part of one. */
export interface Signer {
  /** Ed25519. */
  readonly publicKey: Bytes
  sign(message: Bytes): Promise<Bytes>
}

/** Work that was done for somebody, and that they accept. */
export interface AcceptedWork extends Pick<Contribution, 'taskId' | 'computeUnits'> {
  /** The `siteId` of who did it. */
  readonly contributor: string
  /** SHA-256 of the result, base64url. */
  readonly resultHash: string
}

/**
 * A receipt for work that `requester` asked for. It is good for an entry of this contributor, with exactly this task and
 * these units, in this network.
 *
 * @throws EdgeNetError `invalid-argument` for what no entry can be about; `reason` names the field
 */
export async function signReceipt(requester: Signer, networkId: Bytes, work: AcceptedWork): Promise<ReceiptText> {
  const contributor = bytesOfText(work.contributor, KEY_BYTES)
  const resultHash = bytesOfText(work.resultHash, ID_BYTES)
  if (!contributor) throw unusable('contributor', 'It is a siteId: 43 base64url characters.')
  if (compareBytes(contributor, requester.publicKey) === 0) {
    throw unusable('contributor', 'A receipt is for the work of somebody else.')
  }
  if (!resultHash) throw unusable('resultHash', 'It is a SHA-256: 43 base64url characters.')
  if (!isTaskId(work.taskId)) throw unusable('taskId', 'It is a text of 1 to 64 bytes in UTF-8.')
  if (!isComputeUnits(work.computeUnits)) throw unusable('computeUnits', 'They are a whole number from 0 to 2^40.')
  const signature = await requester.sign(receiptMessage(networkId, { ...work, contributor, resultHash }))
  return textOfReceipt({ requester: requester.publicKey, resultHash, signature })
}

/** The receipt in a text form, unverified, or `undefined` when it is not one. */
export function receiptOfText({ requester, resultHash, signature }: ReceiptText): Receipt | undefined {
  const receipt = {
    requester: bytesOfText(requester, KEY_BYTES),
    resultHash: bytesOfText(resultHash, ID_BYTES),
    signature: bytesOfText(signature, SIGNATURE_BYTES),
  }
  return isWhole(receipt) ? receipt : undefined
}

export function textOfReceipt({ requester, resultHash, signature }: Receipt): ReceiptText {
  return {
    requester: toBase64Url(requester),
    resultHash: toBase64Url(resultHash),
    signature: toBase64Url(signature),
  }
}

function isWhole(receipt: { [K in keyof Receipt]: Receipt[K] | undefined }): receipt is Receipt {
  return Object.values(receipt).every((bytes) => bytes !== undefined)
}

function unusable(field: keyof AcceptedWork, hint: string): EdgeNetError {
  return new EdgeNetError('invalid-argument', field, `The ${field} of a receipt cannot be this.`, hint)
}
