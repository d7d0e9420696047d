/** What a stay begins with: an identity, and the ledger as it was left. */
import { EdgeNetError } from '../errors.ts'
import { createIdentity, type Identity } from '../identity/identity.ts'
import { parseRoomUrl } from '../room-url.ts'
import { FOLDER_HINT } from './data-folder.ts'
import { loadIdentity } from './identity-file.ts'
import { openKeptLedger, type KeptLedger } from './kept-ledger.ts'
import { ledgerPlace } from './ledger-place.ts'
import { openLedger } from './ledger/index.ts'
import { SqliteStore } from './ledger/sqlite-store.ts'
import type { StayOptions } from './options.ts'

export interface Kept {
  readonly identity: Identity
  readonly kept: KeptLedger | undefined
}

/**
 * The identity and the ledger of the data folder, made on first use; or both of the moment.
 *
 * @throws UsageError for a folder or an identity that cannot be used; EdgeNetError `invalid-argument` for what is no room
 *   URL, `ledger-failed`, `unsupported`
 */
export async function identityAndLedger(
  roomUrl: string,
  { folder, ledger: isWanted }: Pick<StayOptions, 'folder' | 'ledger'>,
): Promise<Kept> {
  // Nothing is made for a room that cannot be.
  const { network } = parseRoomUrl(roomUrl)
  const identity = folder === undefined ? await createIdentity() : await loadIdentity(folder)
  if (!isWanted) return { identity, kept: undefined }
  if (folder === undefined)
    return { identity, kept: { ledger: await openLedger({ network, identity }), isWhole: true } }
  try {
    const { id, path } = await ledgerPlace(roomUrl, folder)
    return { identity, kept: await openKeptLedger(new SqliteStore(path), id, identity) }
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
