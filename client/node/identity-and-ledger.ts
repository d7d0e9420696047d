/** What a stay begins with: an identity, and the ledger as it was left. */
import { EdgeNetError } from '../errors.ts'
import { createIdentity, type Identity } from '../identity/identity.ts'
import { parseRoomUrl } from '../room-url.ts'
import { FOLDER_HINT } from './data-folder.ts'
import { loadIdentity } from './identity-file.ts'
import { openKeptLedger, type KeptLedger } from './kept-ledger.ts'
import { ledgerPlace } from './ledger-place.ts'
import { openLedger, type LedgerMembership } from './ledger/index.ts'
import { SqliteStore } from './ledger/sqlite-store.ts'
import type { StayOptions } from './options.ts'

/**
 * The identity of the data folder, made on first use; or one of the moment.
 *
 * @throws UsageError for a folder or an identity that cannot be used
 */
export function identityOfStay({ folder }: Pick<StayOptions, 'folder'>): Promise<Identity> {
  return folder === undefined ? createIdentity() : loadIdentity(folder)
}

/**
 * The ledger of the data folder, made on first use; or one of the moment; or none.
 *
 * @param membership of a founded network
 * @throws EdgeNetError `invalid-argument` for what is no room URL, `ledger-failed`, `unsupported`
 */
export async function ledgerOfStay(
  roomUrl: string,
  identity: Identity,
  { folder, ledger: isWanted }: Pick<StayOptions, 'folder' | 'ledger'>,
  membership?: LedgerMembership,
): Promise<KeptLedger | undefined> {
  if (!isWanted) return undefined
  if (folder === undefined) {
    const { network } = parseRoomUrl(roomUrl)
    const ledger = await openLedger({ network, identity, ...(membership && { membership }) })
    return { ledger, isWhole: true }
  }
  try {
    const { id, path } = await ledgerPlace(roomUrl, folder)
    return await openKeptLedger(new SqliteStore(path), { id, membership }, identity)
  } catch (error) {
    throw hinted(error)
  }
}

/** The options that help where the ledger cannot be kept. */
function hinted(error: unknown): unknown {
  if (!(error instanceof EdgeNetError)) return error
  const { code, reason, message } = error
  const hint = HINTS[`${code} ${reason}`]
  return hint ? new EdgeNetError(code, reason, message, hint, { cause: error }) : error
}

const HINTS: Readonly<Record<string, string>> = {
  'unsupported sqlite':
    'Use Node 22.13 or newer; or do without a ledger (--no-ledger), or without keeping it (--ephemeral).',
  'ledger-failed denied': FOLDER_HINT,
}
