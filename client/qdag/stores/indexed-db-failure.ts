/** What the errors of a browser's database mean for a store. */
import { EdgeNetError } from '../../errors.ts'
import { storeFailed, type StoreFailure } from '../store-failure.ts'

/** A failure that says which database it is about. */
export function failureOf(error: unknown, name: string): EdgeNetError {
  if (error instanceof EdgeNetError) return error
  const [kind, message] = error instanceof DOMException ? [error.name, error.message] : ['', String(error)]
  return storeFailed(REASONS[kind] ?? 'failed', `${name}: ${message}`, error)
}

/** https://w3c.github.io/IndexedDB/#exceptions */
const REASONS: Readonly<Record<string, StoreFailure>> = {
  ConstraintError: 'number-taken',
  DataError: 'damaged',
  InvalidStateError: 'closed',
  NotFoundError: 'damaged',
  NotReadableError: 'damaged',
  QuotaExceededError: 'no-space',
  SecurityError: 'denied',
  VersionError: 'outdated',
}
