/**
 * Signatures as all peers judge them alike, by the ledger's rule: whoever founds or invites could otherwise make a signature
 * that one runtime accepts and another does not, and split the network by it.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import { verifySignature } from '../../protocol/hash.ts'
import { isPermittedKey, isPermittedSignature } from '../qdag/signature-rule.ts'

export async function verifyStrictly(key: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
  return isPermittedKey(key) && isPermittedSignature(signature) && (await verifySignature(key, signature, message))
}
