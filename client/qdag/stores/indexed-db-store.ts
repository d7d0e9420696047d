/**
 * A ledger in a browser's database, one for each network. Own entries are written with strict durability, which waits for
 * the disk, segments with relaxed, which does not: https://developer.chrome.com/blog/indexeddb-durability-mode-now-defaults-to-relaxed
 *
 * Tabs exclude each other with Web Locks, which a closed or crashed tab lets go of. Where there are none (no secure context,
 * and browsers too old for Ed25519), nobody becomes the keeper: then own entries alone are kept, and since none of them can
 * be replaced, two tabs that number at the same time notice it.
 *
 * A browser may delete all of it when its disk is full, unless `navigator.storage.persist()` was granted. Asking is the
 * page's business: some browsers ask the person.
 */
import { openDB, type DBSchema, type IDBPDatabase, type IDBPObjectStore, type IDBPTransaction } from 'idb'
import { compareBytes, toBase64Url, type Bytes } from '../../../protocol/bytes.ts'
import { networkIdText } from '../../../protocol/network.ts'
import { WRITER_BYTES } from '../entry-limits.ts'
import { storeFailed, type StoreFailure } from '../store-failure.ts'
import type { LedgerStore, OwnRecord } from '../store.ts'
import { failureOf } from './indexed-db-failure.ts'
import { Turns } from './turns.ts'

interface Schema extends DBSchema {
  /** By contributor. */
  writers: { key: string; value: Bytes }
  segments: { key: number; value: Bytes }
  /** By writer and number. */
  own: { key: [string, number]; value: OwnRecord }
}

type Part = 'writers' | 'segments' | 'own'
type Database = IDBPDatabase<Schema>
type Writing<Name extends Part> = IDBPTransaction<Schema, Name[], 'readwrite'>
type Writers = IDBPObjectStore<Schema, 'writers'[], 'writers', 'readwrite'>

/** Changes when an older page could not read the database, or would damage it. */
const VERSION = 1

export class IndexedDbStore implements LedgerStore {
  readonly #name: string
  /** Once it is open. */
  #database: Database | undefined
  readonly #turns = new Turns()
  /** Ends the present wish to be the keeper. */
  #resigning = new AbortController()
  /** Why nothing can be done any more. */
  #ended: StoreFailure | undefined

  private constructor(name: string) {
    this.#name = name
  }

  /**
   * Opens the ledger of a network, and makes its database on first use.
   *
   * @throws EdgeNetError `ledger-failed`: `denied` in some private windows and where site data are blocked, `outdated` when a
   *   newer page has made it, `busy` when an older page does not let go of it
   */
  static async open(networkId: Bytes): Promise<IndexedDbStore> {
    const store = new IndexedDbStore(`edge-net-ledger-${networkIdText(networkId)}`)
    store.#database = await openDatabase(store.#name, (reason) => store.#end(reason))
    return store
  }

  async writer(contributor: Bytes): Promise<Bytes> {
    const key = toBase64Url(contributor)
    const known = await this.#read((database) => database.get('writers', key))
    if (known) return known
    return this.#write(['writers'], 'strict', async (transaction) => {
      const writers = transaction.objectStore('writers')
      // Another tab may have made one meanwhile.
      return (await writers.get(key)) ?? addWriter(writers, contributor)
    })
  }

  async renewWriter(contributor: Bytes): Promise<Bytes> {
    return this.#write(['writers'], 'strict', (transaction) =>
      addWriter(transaction.objectStore('writers'), contributor),
    )
  }

  async segmentCount(): Promise<number> {
    return this.#read((database) => database.count('segments'))
  }

  async readSegment(number: number): Promise<Bytes | undefined> {
    return this.#read((database) => database.get('segments', number))
  }

  async writeSegments(from: number, segments: readonly Bytes[]): Promise<void> {
    return this.#write(['segments'], 'relaxed', async (transaction) => {
      const kept = transaction.objectStore('segments')
      const count = await kept.count()
      if (from > count) throw storeFailed('gone', `${this.#name}: segment ${count} is missing.`)
      await Promise.all([
        kept.delete(IDBKeyRange.lowerBound(from)),
        ...segments.map((bytes, i) => kept.put(bytes, from + i)),
      ])
    })
  }

  async lastOwn(writer: Bytes): Promise<OwnRecord | undefined> {
    return this.#read(async (database) => {
      const own = database.transaction('own').store
      return (await own.openCursor(recordsOf(writer), 'prev'))?.value
    })
  }

  async allOwn(): Promise<readonly OwnRecord[]> {
    return this.#read((database) => database.getAll('own'))
  }

  async writeOwn(contributor: Bytes, record: OwnRecord): Promise<void> {
    return this.#write(['own', 'writers'], 'strict', async (transaction) => {
      const [writer] = await Promise.all([
        transaction.objectStore('writers').get(toBase64Url(contributor)),
        transaction.objectStore('own').add(record, [toBase64Url(record.writer), record.seq]),
      ])
      // Then nothing has been added.
      if (writer && compareBytes(writer, record.writer) === 0) return
      throw storeFailed('number-taken', `${this.#name}: there is another writer now.`)
    })
  }

  async forgetOwn(writer: Bytes, below: number): Promise<void> {
    return this.#write(['own'], 'strict', async (transaction) => {
      const own = transaction.objectStore('own')
      const last = (await own.openKeyCursor(recordsOf(writer), 'prev'))?.key[1] ?? 0
      const end = Math.min(below, last)
      if (end > 0) await own.delete(recordsOf(writer, end))
    })
  }

  async exclusively<T>(act: () => Promise<T>): Promise<T> {
    let isOurTurn = false
    const once = async () => {
      this.#open()
      isOurTurn = true
      return act()
    }
    try {
      return await (locks()?.request(`${this.#name}/turn`, once) ?? this.#turns.take(once))
    } catch (error) {
      throw isOurTurn ? error : failureOf(error, this.#name)
    }
  }

  async becomeKeeper(): Promise<boolean> {
    const { signal } = this.#resigning
    if (this.#ended || !locks()) return false
    return new Promise((resolve) => {
      const asking = navigator.locks.request(`${this.#name}/keeper`, { signal }, () => {
        resolve(true)
        // As long as this does not resolve, the lock is ours.
        return new Promise<void>((release) => signal.addEventListener('abort', () => release()))
      })
      // It was aborted while waiting, or locks are denied here.
      asking.catch(() => resolve(false))
    })
  }

  resign(): void {
    this.#resigning.abort()
    this.#resigning = new AbortController()
  }

  async close(): Promise<void> {
    this.#end('closed')
  }

  #end(reason: StoreFailure): void {
    this.#ended ??= reason
    this.resign()
    // Transactions that are under way come to their end.
    this.#database?.close()
  }

  #open(): Database {
    if (this.#ended || !this.#database) throw storeFailed(this.#ended ?? 'closed', `${this.#name} is closed.`)
    return this.#database
  }

  async #read<T>(act: (database: Database) => Promise<T>): Promise<T> {
    const database = this.#open()
    try {
      return await act(database)
    } catch (error) {
      throw failureOf(error, this.#name)
    }
  }

  /** All that `act` does is kept when this resolves, and nothing of it when it rejects. */
  async #write<T, Name extends Part>(
    names: Name[],
    durability: 'strict' | 'relaxed',
    act: (transaction: Writing<Name>) => Promise<T>,
  ): Promise<T> {
    const database = this.#open()
    try {
      const transaction = database.transaction(names, 'readwrite', { durability })
      const end = transaction.done.then(
        () => undefined,
        (error: unknown) => ({ error }),
      )
      // What failed within says more than how the transaction ended.
      const result = await act(transaction).catch((error: unknown) => {
        abort(transaction)
        throw error
      })
      const failure = await end
      if (failure) throw failure.error
      return result
    } catch (error) {
      throw failureOf(error, this.#name)
    }
  }
}

/** @param end is told when the browser, or another page, wants it to be over */
function openDatabase(name: string, end: (reason: StoreFailure) => void): Promise<Database> {
  return new Promise((resolve, reject) => {
    const opening = openDB<Schema>(name, VERSION, {
      upgrade(fresh) {
        fresh.createObjectStore('writers')
        fresh.createObjectStore('segments')
        fresh.createObjectStore('own')
      },
      blocked() {
        reject(storeFailed('busy', `${name} is held by an older page.`))
        void opening.then((late) => late.close())
      },
      // A newer page wants to change it, or the person to delete it: nobody can as long as we have it open.
      blocking: () => end('outdated'),
      // Site data were cleared, or the browser cannot read its own files.
      terminated: () => end('gone'),
    })
    opening.then(resolve, (error: unknown) => reject(failureOf(error, name)))
  })
}

async function addWriter(writers: Writers, contributor: Bytes): Promise<Bytes> {
  const writer = crypto.getRandomValues(new Uint8Array(WRITER_BYTES))
  await writers.put(writer, toBase64Url(contributor))
  return writer
}

/** All own entries of a writer, or those below a number. */
function recordsOf(writer: Bytes, below = Infinity): IDBKeyRange {
  const key = toBase64Url(writer)
  return IDBKeyRange.bound([key, 0], [key, below], false, true)
}

/** Its type says that it is always there. */
function locks(): LockManager | undefined {
  return navigator.locks
}

function abort(transaction: { abort(): void }): void {
  try {
    transaction.abort()
  } catch {
    // What failed has ended it already.
  }
}
