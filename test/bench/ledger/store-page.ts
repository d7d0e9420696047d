/** The sides of the benchmark of stores that run in a page. */
import { openDB, deleteDB } from 'idb'
import type { Bytes } from '../../../protocol/bytes.ts'
import { decodeEntry, encodeEntry } from '../../../client/qdag/entry.ts'
import { sha256 } from '../../../client/qdag/sha256.ts'
import { IndexedDbStore } from '../../../client/qdag/stores/indexed-db-store.ts'
import { ourSide, ratesOf, type Rates, type Side } from './store-sides.ts'

/** Larger transactions make it no faster. */
const PUTS_A_TRANSACTION = 256
const READ_AT_ONCE = 1_024

async function plainSide(): Promise<Side> {
  const name = `plain-${crypto.randomUUID()}`
  const database = await openDB(name, 1, {
    upgrade(fresh) {
      fresh.createObjectStore('entries')
      fresh.createObjectStore('own')
    },
  })
  const put = async (entries: readonly Bytes[]) => {
    for (let i = 0; i < entries.length; i += PUTS_A_TRANSACTION) {
      const { store, done } = database.transaction('entries', 'readwrite', { durability: 'relaxed' })
      const some = entries.slice(i, i + PUTS_A_TRANSACTION)
      await Promise.all([...some.map((bytes, k) => store.put(bytes, i + k)), done])
    }
  }
  return {
    prepare(entries) {
      const encoded = entries.map(encodeEntry)
      return () => put(encoded)
    },
    write: (entries) => put(entries.map(encodeEntry)),
    async load() {
      let count = 0
      for (let from = 0; ; from += READ_AT_ONCE) {
        const some = await database.getAll('entries', IDBKeyRange.bound(from, from + READ_AT_ONCE, false, true))
        if (some.length === 0) return count
        count += some.filter((bytes) => decodeEntry(bytes, sha256)).length
      }
    },
    async writeOwn(entries) {
      for (const entry of entries) {
        const { store, done } = database.transaction('own', 'readwrite', { durability: 'strict' })
        await Promise.all([store.add(encodeEntry(entry), entry.seq), done])
      }
    },
    async close() {
      database.close()
      await deleteDB(name)
    },
  }
}

const storeBench = {
  async measure(side: 'ours' | 'plain', counts: { readonly entries: number; readonly own: number }): Promise<Rates> {
    const ours = async () => ourSide(await IndexedDbStore.open(crypto.getRandomValues(new Uint8Array(32))), sha256)
    return ratesOf(side === 'ours' ? ours : plainSide, counts, sha256)
  },
}

export type StoreBench = typeof storeBench
Object.assign(globalThis, { storeBench })
