/** The file of one network's ledger: made for its owner's eyes, and recognised when it is a copy of another one. */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { storeFailed } from '../../qdag/store-failure.ts'
import { inTransaction, isBusy, whatFails } from './sqlite.ts'

/** Where the ledger of a network is within a data folder. @param networkId text form: `net-…`, or a plain name */
export function ledgerPath(folder: string, networkId: string): string {
  return join(folder, 'ledgers', `${networkId}.sqlite`)
}

/** The other one needs a few milliseconds, and a second on a slow disk. We block meanwhile. */
const TRY_AGAIN_MS = 20
const MAX_TRIES = 100
const FILE_MODE = 0o600
const FOLDER_MODE = 0o700
/** "EdgN", so that `file` and others can tell what it is: https://sqlite.org/pragma.html#pragma_application_id */
const APPLICATION_ID = 0x4564674e
/** Changes when an older program could not read the file, or would damage it. */
const VERSION = 1

const SCHEMA = `
  CREATE TABLE place (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE writers (contributor BLOB PRIMARY KEY, writer BLOB NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE segments (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
  CREATE TABLE own (
    writer BLOB NOT NULL, seq INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (writer, seq)
  ) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${VERSION};
`

/** Makes an empty file unless there is one; in any case nobody else can read it from now on. */
export function makePrivateFile(path: string): void {
  whatFails(path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE })
    // One that is there is not opened: closing it again would let go of the locks that this process has on it.
    if (!existsSync(path)) makeFile(path)
    // SQLite gives the files beside it the same mode.
    chmodSync(path, FILE_MODE)
  })
}

function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', FILE_MODE))
  } catch (error) {
    // Another process has been faster.
    if (!existsSync(path)) throw error
  }
}

/**
 * Readers and a writer at once, and one flush for each transaction that needs it: https://sqlite.org/wal.html. Of two processes
 * that do it to a new file at once, SQLite has one fail at once, however long it may wait, so that they do not wait for each other.
 */
function keepLog(database: DatabaseSync): void {
  for (let tries = 1; ; tries++) {
    try {
      return database.exec('PRAGMA journal_mode = WAL')
    } catch (error) {
      if (!isBusy(error) || tries === MAX_TRIES) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TRY_AGAIN_MS)
    }
  }
}

/** Gives a new file its tables, and a copied one no writer. */
export function prepare(database: DatabaseSync, path: string): void {
  whatFails(path, () => {
    keepLog(database)
    inTransaction(database, () => {
      const version = numberOf(database.prepare('PRAGMA user_version').get()?.['user_version'])
      if (version > VERSION) throw storeFailed('outdated', `${path} was made by a newer version.`)
      const isForeign =
        version === 0 && numberOf(database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']) > 0
      if (isForeign || (version > 0 && !hasTables(database)))
        throw storeFailed('damaged', `${path} holds something else.`)
      if (version === 0) database.exec(SCHEMA)
      recognise(database, path)
    })
  })
}

/**
 * Two places that write under one writer fork their contributor. A copy has another inode, or was born at another time, than
 * is written in it. Left alone: what was moved within its file system, and where files have no time of birth, whose place
 * Node fills with the time of the last change.
 */
function recognise(database: DatabaseSync, path: string): void {
  const { ino, birthtimeNs, ctimeNs } = statSync(path, { bigint: true })
  const recorded = new Map(
    database
      .prepare('SELECT name, value FROM place')
      .all()
      .map(({ name, value }) => [String(name), String(value)]),
  )
  const born = birthtimeNs === 0n || birthtimeNs >= ctimeNs ? recorded.get('born') : String(birthtimeNs)
  const isCopy =
    recorded.has('inode') &&
    (recorded.get('inode') !== String(ino) || (recorded.has('born') && recorded.get('born') !== born))
  if (isCopy) database.exec('DELETE FROM writers')
  const record = database.prepare('INSERT OR REPLACE INTO place (name, value) VALUES (?, ?)')
  if (recorded.get('inode') !== String(ino)) record.run('inode', String(ino))
  if (born !== undefined && recorded.get('born') !== born) record.run('born', born)
}

function hasTables(database: DatabaseSync): boolean {
  const names = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .all()
    .map(({ name }) => name)
  return ['place', 'writers', 'segments', 'own'].every((name) => names.includes(name))
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
