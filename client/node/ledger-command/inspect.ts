/**
 * Looks at what is kept below the ledger: is it as it was written? Opening a ledger leaves out what is damaged, so whoever
 * wants to know has to look before.
 */
import { decodeEntry } from '../../qdag/entry.ts'
import { readEntries } from '../../qdag/log-loading.ts'
import type { LedgerStore } from '../../qdag/store.ts'
import { sha256 } from '../ledger/sha256.ts'

export interface Inspection {
  /** Entries in segments that can be read. */
  readonly entries: number
  /** What is damaged, as faults: what it is stands in the place of an entry's id. */
  readonly faults: readonly { readonly id: string; readonly reason: string }[]
}

export async function inspect(store: LedgerStore): Promise<Inspection> {
  const faults: { id: string; reason: string }[] = []
  let entries = 0
  const count = await store.segmentCount()
  for (let number = 0; number < count; number++) {
    const read = await readEntries(store, number, sha256)
    entries += read?.length ?? 0
    if (!read) faults.push({ id: `segment ${number} of ${count}`, reason: 'damaged' })
  }
  for (const { seq, bytes } of await store.allOwn()) {
    if (!decodeEntry(bytes, sha256)) faults.push({ id: `own entry ${seq}`, reason: 'damaged' })
  }
  return { entries, faults }
}
