/** Where the ledger of a room is within a data folder. */
import { fromBase64Url, toBase64Url } from '../../protocol/bytes.ts'
import { proveGenesis, type Genesis } from '../../protocol/genesis.ts'
import { networkIdOfKey, networkIdText } from '../../protocol/network.ts'
import { proveRevocations } from '../../protocol/revocations.ts'
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
  /** `siteId`s of members whom the founder has removed, as far as this folder has heard. */
  readonly removed: ReadonlySet<string>
}

const NOBODY: ReadonlySet<string> = new Set()

/** @throws EdgeNetError `invalid-argument` for what is no room URL; UsageError when what is kept cannot be read */
export async function ledgerPlace(roomUrl: string, folder: string): Promise<LedgerPlace> {
  const { network: key } = parseRoomUrl(roomUrl)
  const id = networkIdText(await networkIdOfKey(key))
  const place = { name: key, id, folder, path: ledgerPath(folder, id), membership: undefined, removed: NOBODY }
  const kept = id === key ? await new KeptNetworks(folder).network(id) : undefined
  const text = kept?.genesis
  const bytes = text === undefined ? undefined : fromBase64Url(text)
  const genesis = bytes && (await proveGenesis(bytes))
  // What is kept is believed when it hashes to what the URL says.
  if (typeof genesis !== 'object' || networkIdText(genesis.id) !== id) return place
  const removed = await removedBy(genesis, kept?.revocations)
  return { ...place, name: genesis.name, removed, membership: { genesis: text, chainBytes: new Uint8Array(0) } }
}

async function removedBy(genesis: Genesis, revocations: string | undefined): Promise<ReadonlySet<string>> {
  const bytes = revocations === undefined ? undefined : fromBase64Url(revocations)
  const list = bytes && (await proveRevocations(genesis, bytes))
  return typeof list === 'object' ? new Set(list.keys.map(toBase64Url)) : NOBODY
}
