/**
 * What joining takes and the first paint does not: the ledger that this browser keeps of a network, and the mesh. One file, fetched
 * at once.
 */
import type { Identity } from '../identity/identity.ts'
import type { SharedLedger } from '../qdag/api.ts'
import { networkIdOf } from '../qdag/network-id.ts'
import { openLedger, type LedgerMembership } from '../qdag/open-ledger.ts'
import { IndexedDbStore } from '../qdag/stores/indexed-db-store.ts'

export { createMesh } from '../mesh/index.ts'

/**
 * The ledger of a room's network. Where the browser lets nothing be stored, or what is stored cannot be read, it begins empty
 * and lasts as long as the page: peers have the rest.
 *
 * @param membership of a founded network
 * @param onNotKept called when it is so
 */
export async function openKeptLedger(
  roomUrl: string,
  identity: Identity,
  membership: LedgerMembership | undefined,
  onNotKept: (error: unknown) => void,
): Promise<SharedLedger> {
  const options = { network: roomUrl, identity, ...(membership && { membership }) }
  try {
    const store = await IndexedDbStore.open(await networkIdOf(roomUrl))
    return await openLedger({ ...options, store })
  } catch (error) {
    onNotKept(error)
    return openLedger(options)
  }
}
