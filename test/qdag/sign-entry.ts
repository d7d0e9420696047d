/** Makes an entry of what it is to say: computes its id and signs it. */
import type { Bytes } from '../../protocol/bytes.ts'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import { idOfBody, signedMessage, type Entry, type EntryBody } from '../../client/qdag/entry.ts'
import type { Signer } from '../../client/qdag/receipt.ts'

/** The signer is the contributor. */
export async function signEntry(
  signer: Signer,
  networkId: Bytes,
  content: Omit<EntryBody, 'contributor'>,
): Promise<Entry> {
  const body = { ...content, contributor: signer.publicKey }
  const id = idOfBody(body, sha256)
  return { ...body, id, signature: await signer.sign(signedMessage(networkId, id)) }
}
