/** The SQLite that Node brings along, and what its errors mean for a store. */
import type * as sqliteModule from 'node:sqlite'
import type { DatabaseSync } from 'node:sqlite'
import { EdgeNetError } from '../../errors.ts'
import { storeFailed, type StoreFailure } from '../../qdag/store-failure.ts'

export type Sqlite = typeof sqliteModule

/**
 * Node's SQLite.
 *
 * @throws EdgeNetError `unsupported`, `sqlite` where there is none: before Node 22.13, or without it on purpose
 */
export function nodeSqlite(): Sqlite {
  // Not by an import: that would end the whole program where there is none.
  const sqlite = process.getBuiltinModule?.('node:sqlite')
  if (sqlite) return sqlite
  throw new EdgeNetError(
    'unsupported',
    'sqlite',
    `Node ${process.version} has no node:sqlite, which ledgers are kept with.`,
    'Use Node 22.13 or newer, or keep the ledger in memory.',
  )
}

/** How long another process may take for a transaction of its own: milliseconds, unless its disk is slow. We block meanwhile. */
const BUSY_MS = 2_000

/** Opens a database that exists. */
export function openDatabase(sqlite: Sqlite, path: string, busyMs = BUSY_MS): DatabaseSync {
  return whatFails(path, () => {
    const database = new sqlite.DatabaseSync(path)
    database.exec(`PRAGMA busy_timeout = ${busyMs}`)
    return database
  })
}

/** Runs `act` in a transaction that nobody else can write in between. */
export function inTransaction<T>(database: DatabaseSync, act: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = act()
    database.exec('COMMIT')
    return result
  } catch (error) {
    // A full disk ends a transaction by itself; the first versions of Node that have SQLite do not tell.
    if (!('isTransaction' in database) || database.isTransaction) attempt(() => database.exec('ROLLBACK'))
    throw error
  }
}

/** Runs `act`; what SQLite or the file system throws becomes a failure of the store. */
export function whatFails<T>(path: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    if (error instanceof EdgeNetError) throw error
    const reason = reasonOf(error)
    throw storeFailed(reason, `${path}: ${error instanceof Error ? error.message : String(error)}.`, error)
  }
}

/** Does what may fail without consequence. */
export function attempt(act: () => void): void {
  try {
    act()
  } catch {
    // There is nothing left to undo or to end.
  }
}

/** Whether somebody else has locked what was wanted. */
export function isBusy(error: unknown): boolean {
  return reasonOf(error) === 'busy'
}

function reasonOf(error: unknown): StoreFailure {
  if (!(error instanceof Error)) return 'failed'
  // Extended codes have more in the higher bits: https://sqlite.org/rescode.html
  if ('errcode' in error && typeof error.errcode === 'number') return REASONS[error.errcode & 255] ?? 'failed'
  return 'code' in error && typeof error.code === 'string' ? (SYSTEM_REASONS[error.code] ?? 'failed') : 'failed'
}

const REASONS: Readonly<Record<number, StoreFailure>> = {
  3: 'denied',
  5: 'busy',
  6: 'busy',
  8: 'denied',
  11: 'damaged',
  13: 'no-space',
  14: 'denied',
  23: 'denied',
  26: 'damaged',
}

const SYSTEM_REASONS: Readonly<Record<string, StoreFailure>> = {
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  ENOTDIR: 'denied',
  EISDIR: 'denied',
  EEXIST: 'denied',
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
}
