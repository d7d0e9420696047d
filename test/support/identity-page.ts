/** A page without a room, that keeps identities as the join page does. */
import { EdgeNetError } from '../../client/errors.ts'
import { backUp, restore } from '../../client/identity/backup.ts'
import * as store from '../../client/page/identity-store.ts'

/** What an earlier version of the join page kept. */
async function keepAsEarlier(): Promise<string> {
  const keys = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])
  const opening = indexedDB.open('edge-net', 1)
  await new Promise((resolve) => {
    opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore('identity'))
    opening.addEventListener('success', resolve)
  })
  const transaction = opening.result.transaction('identity', 'readwrite')
  transaction.objectStore('identity').put(keys, 'keys')
  await new Promise((resolve) => transaction.addEventListener('complete', resolve))
  opening.result.close()
  return siteIdOf(keys)
}

/** Whom an earlier version of the join page would find, and whether its key can be read. */
async function foundByEarlier(): Promise<{ siteId: string; isExtractable: boolean }> {
  const opening = indexedDB.open('edge-net', 1)
  await new Promise((resolve) => opening.addEventListener('success', resolve))
  const reading = opening.result.transaction('identity').objectStore('identity').get('keys')
  await new Promise((resolve) => reading.addEventListener('success', resolve))
  opening.result.close()
  const keys = reading.result as CryptoKeyPair
  return { siteId: await siteIdOf(keys), isExtractable: keys.privateKey.extractable }
}

async function siteIdOf(keys: CryptoKeyPair): Promise<string> {
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey))
  return btoa(String.fromCharCode(...raw))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

const { useIdentity, deleteIdentity, renameIdentity } = store
const changes = { useIdentity, deleteIdentity, renameIdentity }

const page = {
  ...store,
  keepAsEarlier,
  foundByEarlier,
  async load(): Promise<{ siteId: string; kept: boolean }> {
    const { identity, kept } = await store.loadIdentity()
    await identity.sign(new Uint8Array(1))
    return { siteId: identity.siteId, kept }
  },
  /** The backup of an identity, if it can be backed up. */
  async backedUp(siteId: string, passPhrase: string, label: string): Promise<string | undefined> {
    const recoverable = store.recoverableIdentity(siteId)
    return recoverable && backUp(recoverable, passPhrase, { label })
  },
  async restored(text: string, passPhrase: string): Promise<string> {
    const { recoverable, label } = await restore(text, passPhrase)
    return store.addIdentity(recoverable, label)
  },
  /** `code reason` of what is refused. */
  async refusal(name: keyof typeof changes, siteId: string, label = ''): Promise<string> {
    try {
      await changes[name](siteId, label)
      return 'nothing'
    } catch (error) {
      return error instanceof EdgeNetError ? `${error.code} ${error.reason}` : String(error)
    }
  },
}

export type IdentityPage = typeof page

Object.assign(globalThis, { identityPage: page })
