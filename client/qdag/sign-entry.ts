/** Makes an entry of what it is to say: computes its id and signs it. */
import type { Bytes } from '../../protocol/bytes.ts'
import type { Sha256 } from './api.ts'
import { idOfBody, signedMessage, type Entry, type EntryBody } from './entry.ts'

/** What signs: an identity, or a part of one. */
export interface Signer {
  /** Ed25519. */
  readonly publicKey: Bytes
  sign(message: Bytes): Promise<Bytes>
}

/** The signer is the contributor; the rest must be such that `isEntryBody` holds of the whole. */
export async function signEntry(
  signer: Signer,
  networkId: Bytes,
  content: Omit<EntryBody, 'contributor'>,
  sha256: Sha256,
): Promise<Entry> {
  const body = { ...content, contributor: signer.publicKey }
  const id = idOfBody(body, sha256)
  return { ...body, id, signature: await signer.sign(signedMessage(networkId, id)) }
}
