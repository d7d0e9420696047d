/** Where the ledger of a room is within a data folder. */
import { networkIdOfName, networkIdText } from '../../protocol/network.ts'
import { parseRoomUrl } from '../room-url.ts'
import { ledgerPath } from './ledger/ledger-file.ts'

export interface LedgerPlace {
  /** The network's plain name. */
  readonly name: string
  readonly id: string
  readonly folder: string
  readonly path: string
}

/** @throws EdgeNetError `invalid-argument` for what is no room URL */
export async function ledgerPlace(roomUrl: string, folder: string): Promise<LedgerPlace> {
  const { network: name } = parseRoomUrl(roomUrl)
  const id = networkIdText(await networkIdOfName(name))
  return { name, id, folder, path: ledgerPath(folder, id) }
}
