/** Where the ledger of a room is within a data folder. */
import { fromBase64Url } from '../../protocol/bytes.ts'
import { proveGenesis } from '../../protocol/genesis.ts'
import { networkIdOfKey, networkIdText } from '../../protocol/network.ts'
import { parseRoomUrl } from '../room-url.ts'
import { KeptNetworks } from './kept-network.ts'
import { ledgerPath } from './ledger/ledger-file.ts'

export interface LedgerPlace {
  /** The network's plain name or, once it has been joined, its founder's label; otherwise its id. */
  readonly name: string
  readonly id: string
  readonly folder: string
  readonly path: string
  /** How many others confirm an entry, as far as a founded network is known here; `undefined` for the usual number. */
  readonly confirmations: number | undefined
}

/** @throws EdgeNetError `invalid-argument` for what is no room URL; UsageError when what is kept cannot be read */
export async function ledgerPlace(roomUrl: string, folder: string): Promise<LedgerPlace> {
  const { network: key } = parseRoomUrl(roomUrl)
  const id = networkIdText(await networkIdOfKey(key))
  const place = { name: key, id, folder, path: ledgerPath(folder, id), confirmations: undefined }
  const kept = id === key ? await new KeptNetworks(folder).network(id) : undefined
  const bytes = kept?.genesis === undefined ? undefined : fromBase64Url(kept.genesis)
  const genesis = bytes && (await proveGenesis(bytes))
  // What is kept is believed when it hashes to what the URL says.
  if (typeof genesis !== 'object' || networkIdText(genesis.id) !== id) return place
  return { ...place, name: genesis.name, confirmations: genesis.parameters.confirmations }
}
