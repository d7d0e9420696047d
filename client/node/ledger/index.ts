/** The ledger for Node: the same as in browsers, with signatures checked on threads of their own and SQLite to keep it in. */
import type { SharedLedger } from '../../qdag/api.ts'
import { openLedger as openWith, type OpenLedgerOptions } from '../../qdag/open-ledger.ts'
import { sha256 } from './sha256.ts'
import { workerVerifier } from './worker-verifier.ts'

export type * from '../../qdag/api.ts'
export type { LedgerStore, OwnRecord } from '../../qdag/store.ts'
export type { SignatureCheck, Verifier } from '../../qdag/verifier.ts'
export { verifyForkProof } from '../../qdag/fork-proof.ts'
export { networkIdOf } from '../../qdag/network-id.ts'
export type { LedgerMembership, OpenLedgerOptions } from '../../qdag/open-ledger.ts'
export { signReceipt, type AcceptedWork } from '../../qdag/receipt.ts'
export { MemoryStore } from '../../qdag/stores/memory-store.ts'
export { webCryptoVerifier } from '../../qdag/verifier.ts'
export { sha256 } from './sha256.ts'
export { SqliteStore } from './sqlite-store.ts'
export { workerVerifier } from './worker-verifier.ts'

/** The same as `openLedger` in browsers; see there. */
export function openLedger(options: OpenLedgerOptions): Promise<SharedLedger> {
  const { verifier = workerVerifier() } = options
  return openWith({ sha256, ...options, verifier })
}
