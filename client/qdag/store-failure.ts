/** How keeping a ledger fails. */
import { EdgeNetError } from '../errors.ts'

/**
 * - `no-space`: the disk is full, or the browser's quota is used up.
 * - `denied`: this page or process may not keep anything there.
 * - `damaged`: what is kept is not what was written.
 * - `outdated`: a newer version of this software has taken the place over.
 * - `busy`: somebody else has held on to the place for too long.
 * - `gone`: what was kept has been deleted meanwhile.
 * - `closed`: the store was closed before.
 * - `number-taken`: the writer has an own entry with this number already, or has been replaced.
 * - `failed`: anything else; the cause says more.
 */
export type StoreFailure = keyof typeof HINTS

const HINTS = {
  'no-space': 'Free some space. Until then the ledger is kept in memory, and own entries cannot be recorded.',
  denied: 'Allow this site, or this user, to keep data there; or choose another place, or keep the ledger in memory.',
  damaged: 'Move what is kept away and start again: other peers send what they have, and this one gets a new writer.',
  outdated: 'Load the page again, or start the newer version.',
  busy: 'End the other process or tab that uses the same ledger, or wait until it answers again.',
  gone: 'Load the page again, or start again: other peers send what they have.',
  closed: 'Open the store again, or join again.',
  'number-taken': 'Look which own entry is the last one, and number the next one anew.',
  failed: 'See the cause; start again, or keep the ledger in memory.',
} as const

/** The error that a store, or whoever reads from one, reports. */
export function storeFailed(reason: StoreFailure, message: string, cause?: unknown): EdgeNetError {
  return new EdgeNetError('ledger-failed', reason, message, HINTS[reason], { cause })
}

/** Whether an error is that failure of a store. */
export function isStoreFailure(error: unknown, reason: StoreFailure): boolean {
  return error instanceof EdgeNetError && error.code === 'ledger-failed' && error.reason === reason
}
