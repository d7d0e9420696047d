/** Opens a ledger that is kept, and finds out whether everything is there. */
import { toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import type { Identity } from '../identity/identity.ts'
import type { SharedLedger } from '../qdag/api.ts'
import { readEntries } from '../qdag/log-loading.ts'
import type { LedgerStore } from '../qdag/store.ts'
import type { LedgerPlace } from './ledger-place.ts'
import { openLedger } from './ledger/index.ts'
import { sha256 } from './ledger/sha256.ts'

export interface KeptLedger {
  readonly ledger: SharedLedger
  /** False when a part of what was kept is damaged: it was left out, and what stands behind it, too. Peers have it. */
  readonly isWhole: boolean
}

/** @throws EdgeNetError `ledger-failed` when it cannot be read at all */
export async function openKeptLedger(
  store: LedgerStore,
  { id: network, membership }: Pick<LedgerPlace, 'id' | 'membership'>,
  identity: Identity | undefined,
): Promise<KeptLedger> {
  // Before: others may be writing.
  const last = await lastKept(store)
  const ledger = await openLedger({
    network,
    store,
    ...(identity && { identity }),
    ...(membership && { membership }),
  })
  // Loading ends at the first damage, so the last one is there only when all are.
  const isWhole = last !== 'damaged' && (last === undefined || (await ledger.entry(toBase64Url(last))) !== undefined)
  return { ledger, isWhole }
}

/** The id of the last entry in the store, if there is one. */
async function lastKept(store: LedgerStore): Promise<Bytes | 'damaged' | undefined> {
  const count = await store.segmentCount()
  if (count === 0) return undefined
  const entries = await readEntries(store, count - 1, sha256)
  return entries?.at(-1)?.id ?? 'damaged'
}
