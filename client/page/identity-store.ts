/**
 * A person's identities in this browser. What is kept cannot be read by any script, so only an identity that was made or
 * restored during this visit can be backed up: its seed is in the memory of this page, and goes with it.
 */
import { EdgeNetError } from '../errors.ts'
import { identityOf, type Identity } from '../identity/identity.ts'
import { createRecoverableIdentity, RecoverableIdentity } from '../identity/recoverable.ts'
import * as ring from './keyring.ts'
import { inDatabase, inMemory, type Kept, type KeyringPlace } from './keyring-place.ts'

export interface StoredIdentity {
  readonly identity: Identity
  /** True when the identity will be the same next time. */
  readonly kept: boolean
}

/** What a list shows of an identity. */
export interface IdentityFacts extends Omit<ring.KeyringEntry, 'keys'> {
  /** The one that joins, from the next time on. */
  readonly isCurrent: boolean
  /** Its seed is here, until the page goes. */
  readonly canBackUp: boolean
}

/** The identity in use; made on the first visit. */
export async function loadIdentity(): Promise<StoredIdentity> {
  const { siteId, keys } = ring.currentOf(await existing())
  // Nobody waits for that; and where there is no room to write any more, what was kept is still there to be used.
  void change(({ keyring }) => keyring && ring.used(keyring, siteId, Date.now())).catch(() => undefined)
  return { identity: await identityOf(keys), kept: (await place()).isLasting }
}

/** All of them, in the order in which they came here. */
export async function identities(): Promise<readonly IdentityFacts[]> {
  const { current, entries } = await existing()
  return entries.map(({ siteId, label, createdAtMs, lastUsedAtMs }) => {
    const isCurrent = siteId === current
    return { siteId, label, createdAtMs, lastUsedAtMs, isCurrent, canBackUp: recoverables.has(siteId) }
  })
}

/** Whether what is changed here is there the next time; false where the browser lets the page keep nothing. */
export async function identitiesAreKept(): Promise<boolean> {
  return (await place()).isLasting
}

/** Makes a new identity beside the others. Another label that is the same gets a number. @returns its `siteId` */
export async function makeIdentity(label: string): Promise<string> {
  return addIdentity(await createRecoverableIdentity(), label)
}

/**
 * Keeps a restored identity beside the others; it is not in use yet.
 *
 * @returns its `siteId`
 * @throws EdgeNetError `invalid-argument`: `identity` when it is here already, `label`
 */
export async function addIdentity(recoverable: RecoverableIdentity, label: string): Promise<string> {
  const entry = await entryOf(recoverable.keys, label)
  // First, since it may be here already, and can be backed up again from now on.
  recoverables.set(entry.siteId, recoverable)
  await changeExisting((keyring) => ring.added(keyring, entry))
  return entry.siteId
}

/** @throws EdgeNetError `invalid-argument`, `identity`: it is no longer here. So do those below. */
export async function useIdentity(siteId: string): Promise<void> {
  await changeExisting((keyring) => ring.using(keyring, siteId, Date.now()))
}

/** @throws EdgeNetError `invalid-argument`, `label`: no label, or that of another one */
export async function renameIdentity(siteId: string, label: string): Promise<void> {
  await changeExisting((keyring) => ring.renamed(keyring, siteId, label))
}

/**
 * Deletes an identity for good, except from its backups. If it is the one in use, the one used last before is from then on.
 *
 * @throws EdgeNetError `invalid-argument`, `identity`: it is the only one
 */
export async function deleteIdentity(siteId: string): Promise<void> {
  await changeExisting((keyring) => ring.without(keyring, siteId))
  recoverables.delete(siteId)
}

/** What `backUp` takes; `undefined` when the identity was neither made nor restored during this visit. */
export function recoverableIdentity(siteId: string): RecoverableIdentity | undefined {
  return recoverables.get(siteId)
}

/** By `siteId`. */
const recoverables = new Map<string, RecoverableIdentity>()

let chosen: Promise<KeyringPlace> | undefined

/** Private windows and blocked site data refuse in several ways; in each of them the answer is the same. */
function place(): Promise<KeyringPlace> {
  chosen ??= inDatabase
    .change(() => undefined)
    .then(
      () => inDatabase,
      () => inMemory(),
    )
  return chosen
}

async function change<Result extends ring.Keyring | undefined>(act: (kept: Kept) => Result): Promise<Result> {
  return (await place()).change(act)
}

async function changeExisting(act: (keyring: ring.Keyring) => ring.Keyring): Promise<void> {
  await existing()
  // A person who clears the site's data meanwhile gets what is in this page's memory no more either.
  await change(({ keyring }) => {
    if (keyring) return act(keyring)
    throw new EdgeNetError('invalid-argument', 'identity', 'The identities are no longer here.', 'Load the page anew.')
  })
}

async function existing(): Promise<ring.Keyring> {
  const { keyring } = await kept()
  if (keyring) return keyring
  try {
    return await begun()
  } catch (error) {
    if (error instanceof EdgeNetError || !(await place()).isLasting) throw error
    // It can be read and not written: the disk is full.
    chosen = Promise.resolve(inMemory())
    return begun()
  }
}

async function kept(): Promise<Kept> {
  let found: Kept = { keyring: undefined, earlier: undefined }
  await change((all) => {
    found = all
    return undefined
  })
  return found
}

/**
 * The keyring of a first visit, with a new identity, or with the one that an earlier version of this page has kept. Keys cannot
 * be made within a transaction, so another tab may have been faster: both are to have the same one.
 */
async function begun(): Promise<ring.Keyring> {
  for (;;) {
    const { earlier } = await kept()
    const source = earlier ?? (await createRecoverableIdentity())
    const made = source instanceof RecoverableIdentity ? source : undefined
    const first = await entryOf(source instanceof RecoverableIdentity ? source.keys : source, ring.FIRST_LABEL)
    const keyring = await change((now) => {
      if (now.keyring) return now.keyring
      // A tab with an earlier version of this page has just made one: that is to be it.
      return made && now.earlier ? undefined : { current: first.siteId, entries: [first] }
    })
    if (!keyring) continue
    if (made && keyring.current === first.siteId) recoverables.set(first.siteId, made)
    return keyring
  }
}

async function entryOf(keys: CryptoKeyPair, label: string): Promise<ring.KeyringEntry> {
  const { siteId } = await identityOf(keys)
  const nowMs = Date.now()
  return { siteId, label, keys, createdAtMs: nowMs, lastUsedAtMs: nowMs }
}
