/**
 * A ledger in a file, by Node's SQLite. Own entries go through a connection that waits for the disk (`synchronous = FULL`),
 * segments through one that does not (`NORMAL`): https://sqlite.org/pragma.html#pragma_synchronous. Both write one journal,
 * so that what waits for the disk takes along what was written before.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Bytes } from '../../../protocol/bytes.ts'
import { WRITER_BYTES } from '../../qdag/entry-limits.ts'
import { storeFailed } from '../../qdag/store-failure.ts'
import type { LedgerStore, OwnRecord } from '../../qdag/store.ts'
import { Turns } from '../../qdag/stores/turns.ts'
import { FileLock } from './file-lock.ts'
import { makePrivateFile, prepare } from './ledger-file.ts'
import { attempt, inTransaction, nodeSqlite, openDatabase, whatFails } from './sqlite.ts'

/** How often somebody looks whether the keeper has gone. What came meanwhile is in memory; nobody waits for it. */
const KEEPER_LOOK_MS = 1_000
/** How often whoever wants to write an own entry looks whether another process is done with it. */
const TURN_LOOK_MS = 5
/** A signature and a write take milliseconds. Whoever has the turn for so long is stopped, or its disk is. */
const TURN_WAIT_MS = 15_000
const TURN_SUFFIX = '.turn'
const KEEPER_SUFFIX = '.keeper'

export class SqliteStore implements LedgerStore {
  readonly #path: string
  readonly #segments: DatabaseSync
  readonly #own: DatabaseSync
  readonly #statements: Statements
  readonly #turn: FileLock
  /** Within this process; the lock is for others. */
  readonly #turns = new Turns()
  readonly #keeping: FileLock
  /** Ends the present wish to be the keeper. */
  #resigning = new AbortController()
  #isClosed = false

  /**
   * Opens the ledger in this file, and makes it on first use, folders included. Everything in it is for its owner alone.
   * Beside it come two files that are locked, and SQLite's own.
   *
   * @throws EdgeNetError `ledger-failed` when that is not possible or the file is damaged; `unsupported`, `sqlite` when this
   *   Node has no SQLite
   */
  constructor(path: string) {
    const sqlite = nodeSqlite()
    this.#path = path
    const opened: { close(): void }[] = []
    const opening = <T extends { close(): void }>(what: T): T => {
      opened.push(what)
      return what
    }
    try {
      for (const suffix of ['', TURN_SUFFIX, KEEPER_SUFFIX]) makePrivateFile(path + suffix)
      this.#own = opening(openDatabase(sqlite, path))
      prepare(this.#own, path)
      this.#segments = opening(openDatabase(sqlite, path))
      this.#statements = whatFails(path, () => {
        // Without the second, macOS hands what it is to write to a disk that may forget it.
        this.#own.exec('PRAGMA synchronous = FULL; PRAGMA fullfsync = 1')
        this.#segments.exec('PRAGMA synchronous = NORMAL')
        return statementsOf(this.#segments, this.#own)
      })
      this.#turn = opening(new FileLock(sqlite, path + TURN_SUFFIX))
      this.#keeping = opening(new FileLock(sqlite, path + KEEPER_SUFFIX))
    } catch (error) {
      for (const one of opened) attempt(() => one.close())
      throw error
    }
  }

  async writer(contributor: Bytes): Promise<Bytes> {
    return this.#do(({ writer, addWriter }) => {
      const known = () => bytesOf(writer.get(contributor)?.['writer'])
      // Another process may make one at the same time.
      const make = () => known() ?? added(addWriter, contributor)
      return known() ?? inTransaction(this.#own, make)
    })
  }

  async renewWriter(contributor: Bytes): Promise<Bytes> {
    return this.#do(({ addWriter }) => added(addWriter, contributor))
  }

  async segmentCount(): Promise<number> {
    return this.#do(({ segmentCount }) => numberOf(segmentCount.get()?.['count']))
  }

  async readSegment(number: number): Promise<Bytes | undefined> {
    return this.#do(({ segment }) => bytesOf(segment.get(number)?.['bytes']))
  }

  async writeSegments(from: number, segments: readonly Bytes[]): Promise<void> {
    this.#do(({ segmentCount, dropSegments, addSegment }) =>
      inTransaction(this.#segments, () => {
        const count = numberOf(segmentCount.get()?.['count'])
        if (from > count) throw storeFailed('gone', `${this.#path}: segment ${count} is missing.`)
        dropSegments.run(from)
        for (const [i, bytes] of segments.entries()) addSegment.run(from + i, bytes)
      }),
    )
  }

  async lastOwn(writer: Bytes): Promise<OwnRecord | undefined> {
    return this.#do(({ lastOwn }) => recordOf(lastOwn.get(writer)))
  }

  async allOwn(): Promise<readonly OwnRecord[]> {
    return this.#do(({ allOwn }) => allOwn.all().flatMap((row) => recordOf(row) ?? []))
  }

  async writeOwn(contributor: Bytes, { writer, seq, bytes }: OwnRecord): Promise<void> {
    this.#do(({ addOwn }) => {
      const { changes } = addOwn.run(writer, seq, bytes, contributor, writer)
      const trouble = `${this.#path}: there is an own entry ${seq}, or another writer now.`
      if (Number(changes) === 0) throw storeFailed('number-taken', trouble)
    })
  }

  async forgetOwn(writer: Bytes, below: number): Promise<void> {
    this.#do(({ forgetOwn }) => forgetOwn.run(writer, below, writer))
  }

  async exclusively<T>(act: () => Promise<T>): Promise<T> {
    return this.#turns.take(async () => {
      await this.#takeTurn()
      try {
        return await act()
      } finally {
        this.#turn.release()
      }
    })
  }

  async becomeKeeper(): Promise<boolean> {
    const { signal } = this.#resigning
    while (!this.#isClosed && !signal.aborted) {
      if (this.#keeping.tryTake()) return true
      // It keeps no process running, and is over at once when it is aborted.
      await sleep(KEEPER_LOOK_MS, undefined, { ref: false, signal }).catch(() => undefined)
    }
    return false
  }

  resign(): void {
    this.#resigning.abort()
    this.#resigning = new AbortController()
    this.#keeping.release()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.resign()
    for (const one of [this.#turn, this.#keeping, this.#segments, this.#own]) attempt(() => one.close())
  }

  async #takeTurn(): Promise<void> {
    const untilMs = performance.now() + TURN_WAIT_MS
    while (!this.#do(() => this.#turn.tryTake())) {
      if (performance.now() > untilMs)
        throw storeFailed('busy', `${this.#path} has been locked for ${TURN_WAIT_MS} ms.`)
      await sleep(TURN_LOOK_MS)
    }
  }

  #do<T>(act: (statements: Statements) => T): T {
    if (this.#isClosed) throw storeFailed('closed', `${this.#path} is closed.`)
    return whatFails(this.#path, () => act(this.#statements))
  }
}

type Statements = ReturnType<typeof statementsOf>

function statementsOf(segments: DatabaseSync, own: DatabaseSync) {
  return {
    segmentCount: segments.prepare('SELECT coalesce(max(number) + 1, 0) AS count FROM segments'),
    segment: segments.prepare('SELECT bytes FROM segments WHERE number = ?'),
    dropSegments: segments.prepare('DELETE FROM segments WHERE number >= ?'),
    addSegment: segments.prepare('INSERT INTO segments (number, bytes) VALUES (?, ?)'),
    writer: own.prepare('SELECT writer FROM writers WHERE contributor = ?'),
    addWriter: own.prepare('INSERT OR REPLACE INTO writers (contributor, writer) VALUES (?, ?)'),
    lastOwn: own.prepare('SELECT writer, seq, bytes FROM own WHERE writer = ? ORDER BY seq DESC LIMIT 1'),
    allOwn: own.prepare('SELECT writer, seq, bytes FROM own ORDER BY writer, seq'),
    // Nothing is added when there is one, or when the writer is another one now.
    addOwn: own.prepare(
      `INSERT OR IGNORE INTO own (writer, seq, bytes)
       SELECT ?, ?, ? WHERE EXISTS (SELECT 1 FROM writers WHERE contributor = ? AND writer = ?)`,
    ),
    forgetOwn: own.prepare(
      'DELETE FROM own WHERE writer = ? AND seq < ? AND seq < (SELECT max(seq) FROM own WHERE writer = ?)',
    ),
  }
}

function added(addWriter: StatementSync, contributor: Bytes): Bytes {
  const writer = crypto.getRandomValues(new Uint8Array(WRITER_BYTES))
  addWriter.run(contributor, writer)
  return writer
}

function recordOf(row: Record<string, unknown> | undefined): OwnRecord | undefined {
  const [writer, bytes] = [bytesOf(row?.['writer']), bytesOf(row?.['bytes'])]
  return writer && bytes ? { writer, seq: numberOf(row?.['seq']), bytes } : undefined
}

function bytesOf(value: unknown): Bytes | undefined {
  // SQLite copies: the memory is nobody else's.
  return value instanceof Uint8Array ? (value as Bytes) : undefined
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0
}
