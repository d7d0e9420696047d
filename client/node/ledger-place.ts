/** Where the ledger of a room is within a data folder. */
import { fromBase64Url } from '../../protocol/bytes.ts'
import { proveGenesis } from '../../protocol/genesis.ts'
import { networkIdOfKey, networkIdText } from '../../protocol/network.ts'
import { parseRoomUrl } from '../room-url.ts'
import { KeptNetworks } from './kept-network.ts'
import { ledgerPath } from './ledger/ledger-file.ts'
import type { LedgerMembership } from './ledger/index.ts'

export interface LedgerPlace {
  /** The network's plain name or, once it has been joined, its founder's label; otherwise its id. */
  readonly name: string
  readonly id: string
  readonly folder: string
  readonly path: string
  /** What a founded network's genesis says of its ledger, as far as it is known here. */
  readonly membership: LedgerMembership | undefined
}

/** @throws EdgeNetError `invalid-argument` for what is no room URL; UsageError when what is kept cannot be read */
export async function ledgerPlace(roomUrl: string, folder: string): Promise<LedgerPlace> {
  const { network: key } = parseRoomUrl(roomUrl)
  const id = networkIdText(await networkIdOfKey(key))
  const place = { name: key, id, folder, path: ledgerPath(folder, id), membership: undefined }
  const kept = id === key ? await new KeptNetworks(folder).network(id) : undefined
  const text = kept?.genesis
  const bytes = text === undefined ? undefined : fromBase64Url(text)
  const genesis = bytes && (await proveGenesis(bytes))
  // What is kept is believed when it hashes to what the URL says.
  if (typeof genesis !== 'object' || networkIdText(genesis.id) !== id) return place
  return { ...place, name: genesis.name, membership: { genesis: text, chainBytes: new Uint8Array(0) } }
}
