/**
 * Keeps a person's identity in this browser: one key pair in IndexedDB, whose private half no script can read. Where
 * storage is denied the identity lives as long as the page.
 */
import { generateIdentityKeys, identityOf, type Identity } from '../identity/identity.ts'

export interface StoredIdentity {
  readonly identity: Identity
  /** True when the identity will be the same next time. */
  readonly kept: boolean
}

const DATABASE = 'edge-net'
const STORE = 'identity'
const KEY = 'keys'

/** The identity of this browser; made on the first visit. */
export async function loadIdentity(): Promise<StoredIdentity> {
  const fresh = await generateIdentityKeys()
  try {
    const keys = await keepOnce(fresh)
    return { identity: await identityOf(keys), kept: true }
  } catch {
    // Private windows and blocked site data refuse in several ways; in each of them the answer is the same.
    return { identity: await identityOf(fresh), kept: false }
  }
}

/**
 * The stored key pair, or this one when there is none. Reading and writing are one transaction, so that two tabs
 * opened at once agree on one identity; that is also why the candidate must exist beforehand.
 */
async function keepOnce(candidate: CryptoKeyPair): Promise<CryptoKeyPair> {
  const database = await openDatabase()
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, 'readwrite')
      const store = transaction.objectStore(STORE)
      let chosen = candidate
      const reading = store.get(KEY)
      reading.addEventListener('success', () => {
        if (isKeyPair(reading.result)) chosen = reading.result
        else store.put(candidate, KEY)
      })
      transaction.addEventListener('complete', () => resolve(chosen))
      transaction.addEventListener('abort', () => reject(transaction.error ?? new Error('the transaction was aborted')))
    })
  } finally {
    database.close()
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

function isKeyPair(value: unknown): value is CryptoKeyPair {
  if (typeof value !== 'object' || value === null || !('privateKey' in value) || !('publicKey' in value)) return false
  return value.privateKey instanceof CryptoKey && value.publicKey instanceof CryptoKey
}
