/**
 * A lock that processes share, by means of a file, and that a killed process lets go of. Node has no lock of files; SQLite
 * has, for its databases: so the file is an empty one, and whoever has an exclusive transaction open in it has the lock.
 */
import type { DatabaseSync } from 'node:sqlite'
import { attempt, isBusy, openDatabase, whatFails, type Sqlite } from './sqlite.ts'

export class FileLock {
  readonly #path: string
  readonly #database: DatabaseSync
  #isOpen = true

  constructor(sqlite: Sqlite, path: string) {
    this.#path = path
    // It asks and is answered at once: waiting would stop everything else.
    this.#database = openDatabase(sqlite, path, 0)
  }

  /** False when somebody else has it. */
  tryTake(): boolean {
    return whatFails(this.#path, () => {
      try {
        this.#database.exec('BEGIN EXCLUSIVE')
        return true
      } catch (error) {
        if (isBusy(error)) return false
        throw error
      }
    })
  }

  release(): void {
    if (this.#isOpen) attempt(() => this.#database.exec('ROLLBACK'))
  }

  /** Releases it, too. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    attempt(() => this.#database.close())
  }
}
