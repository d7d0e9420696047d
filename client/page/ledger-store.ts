/** Opens the ledger that this browser keeps of a network. */
import type { Identity } from '../identity/identity.ts'
import type { SharedLedger } from '../qdag/api.ts'
import { networkIdOf } from '../qdag/network-id.ts'
import { openLedger } from '../qdag/open-ledger.ts'
import { IndexedDbStore } from '../qdag/stores/indexed-db-store.ts'

/**
 * The ledger of a room's network. Where the browser lets nothing be stored, or what is stored cannot be read, it begins empty
 * and lasts as long as the page: peers have the rest.
 *
 * @param confirmations as the network's founder has set it; the usual number behind a plain name
 * @param onNotKept called when it is so
 */
export async function openKeptLedger(
  roomUrl: string,
  identity: Identity,
  confirmations: number | undefined,
  onNotKept: (error: unknown) => void,
): Promise<SharedLedger> {
  const options = { network: roomUrl, identity, ...(confirmations !== undefined && { confirmations }) }
  try {
    const store = await IndexedDbStore.open(await networkIdOf(roomUrl))
    return await openLedger({ ...options, store })
  } catch (error) {
    onNotKept(error)
    return openLedger(options)
  }
}
