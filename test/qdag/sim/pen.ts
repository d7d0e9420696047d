/** Makes entries that are as they should be, or as hostile peers would have them. */
import {
  encodeBody,
  entryId,
  receiptMessage,
  signedMessage,
  type Entry,
  type EntryBody,
} from '../../../client/qdag/entry.ts'
import { compareBytes, type Bytes } from '../../../protocol/bytes.ts'
import type { Random } from '../../sim/random.ts'
import { bytesOf, sha256, sign } from './crypto.ts'

/** An entry of this body, signed by its contributor. */
export function signedEntry(body: EntryBody, networkId: Bytes): Entry {
  const id = entryId(encodeBody(body), sha256)
  return { ...body, id, signature: sign(body.contributor, signedMessage(networkId, id)) }
}

/** With the word of some requester. */
export function attested(body: EntryBody, networkId: Bytes, requester: Bytes): EntryBody {
  const resultHash = bytesOf(`result of ${body.taskId}`)
  const message = receiptMessage(networkId, { ...body, resultHash })
  return { ...body, receipt: { requester, resultHash, signature: sign(requester, message) } }
}

export function randomBytes(random: Random, length: number): Bytes {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) bytes[at] = random.below(256)
  return bytes
}

/** In the order that entries want. */
export function ascending(ids: readonly Bytes[]): Bytes[] {
  return [...ids].toSorted(compareBytes)
}
