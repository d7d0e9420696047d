/** Who says whether signatures hold: the platform's Ed25519 behind our own signature rule. */
import type { Bytes } from '../../protocol/bytes.ts'
import { receiptMessage, signedMessage, type Entry } from './entry.ts'

export interface SignatureCheck {
  readonly publicKey: Bytes
  readonly signature: Bytes
  readonly message: Bytes
}

export interface Verifier {
  /** For each check, whether the signature holds. Never rejects: what cannot be checked does not hold. */
  verify(checks: readonly SignatureCheck[]): Promise<readonly boolean[]>
  close(): void
}

/** What must hold for an entry to be one: its own signature, and its receipt's. */
export function entryChecks(entry: Entry, networkId: Bytes): SignatureCheck[] {
  const { contributor: publicKey, id, signature, receipt } = entry
  const own = { publicKey, signature, message: signedMessage(networkId, id) }
  if (!receipt) return [own]
  const message = receiptMessage(networkId, { ...entry, resultHash: receipt.resultHash })
  return [own, { publicKey: receipt.requester, signature: receipt.signature, message }]
}
