/**
 * Where the keyring is kept: in IndexedDB, or in memory where storage is denied. Reading and writing are one transaction, so
 * that two tabs that change it at once change one after the other.
 */
import { isKeyPair, isKeyring, currentOf, type Keyring } from './keyring.ts'

export interface Kept {
  readonly keyring: Keyring | undefined
  /** The one key pair that earlier versions of this page kept, when that is all there is. */
  readonly earlier: CryptoKeyPair | undefined
}

export interface KeyringPlace {
  /** True when it is there the next time, too. */
  readonly isLasting: boolean
  /**
   * Puts what `change` returns in the place of what is kept; nothing, when it returns nothing.
   *
   * @throws what `change` throws, and then nothing is changed
   */
  change<Result extends Keyring | undefined>(change: (kept: Kept) => Result): Promise<Result>
}

const DATABASE = 'edge-net'
const STORE = 'identity'
const KEYRING = 'keyring'
/**
 * The key pair in use, again, where earlier versions of this page look for the only one: when a host goes back to one of them,
 * who opens it is still the same contributor. So there is no new version of the database either, which would shut them out.
 */
const EARLIER = 'keys'

export const inDatabase: KeyringPlace = {
  isLasting: true,
  async change(change) {
    const database = await openDatabase()
    try {
      return await new Promise((resolve, reject) => {
        const transaction = database.transaction(STORE, 'readwrite')
        const store = transaction.objectStore(STORE)
        const [keyring, earlier] = [store.get(KEYRING), store.get(EARLIER)]
        let result: ReturnType<typeof change> | undefined
        let failure: unknown
        // Requests are answered in the order in which they were made.
        earlier.addEventListener('success', () => {
          try {
            result = change({
              keyring: isKeyring(keyring.result) ? keyring.result : undefined,
              earlier: isKeyPair(earlier.result) ? earlier.result : undefined,
            })
            if (!result) return
            store.put(result, KEYRING)
            store.put(currentOf(result).keys, EARLIER)
          } catch (error) {
            failure = error
            transaction.abort()
          }
        })
        transaction.addEventListener('complete', () => resolve(result as ReturnType<typeof change>))
        transaction.addEventListener('abort', () =>
          reject(failure ?? transaction.error ?? new Error('the transaction was aborted')),
        )
      })
    } finally {
      database.close()
    }
  },
}

/** For one visit. */
export function inMemory(): KeyringPlace {
  let keyring: Keyring | undefined
  return {
    isLasting: false,
    change(change) {
      return new Promise((resolve) => {
        const result = change({ keyring, earlier: undefined })
        keyring = result ?? keyring
        resolve(result)
      })
    },
  }
}

function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1)
    opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore(STORE))
    opening.addEventListener('success', () => resolve(opening.result))
    opening.addEventListener('error', () => reject(opening.error ?? new Error('the database cannot be opened')))
  })
}
