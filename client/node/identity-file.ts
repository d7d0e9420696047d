/**
 * Keeps the identity of this user in a file, so that contributions of one run and the next add up: a PEM with the private
 * key (PKCS #8, RFC 5958 and RFC 8410), as `openssl genpkey -algorithm ed25519` writes it. Whoever can read it can sign in
 * its owner's name, so a file that others can read is refused.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { link, open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fromBase64Url } from '../../protocol/bytes.ts'
import { identityOf, type Identity } from '../identity/identity.ts'
import { makeDataFolder, reasonOf } from './data-folder.ts'
import { UsageError } from './usage-error.ts'

const FILE = 'identity.pem'
const FILE_MODE = 0o600
/** Any right of the group or of others. */
const OTHERS_MODE = 0o077
/** A PEM of such a key has 119 bytes; what is much larger is something else. */
const MAX_FILE_BYTES = 4_096

/**
 * The identity of a data folder; made on first use, together with the folder.
 *
 * @throws UsageError when the file is damaged, can be read by others, or cannot be read or made
 */
export async function loadIdentity(folder: string): Promise<Identity> {
  const kept = await existingIdentity(folder)
  if (kept) return kept
  await makeDataFolder(folder)
  const path = join(folder, FILE)
  await keepOnce(folder, path, newPem()).catch((error: unknown) => {
    throw new UsageError(`The identity cannot be kept in ${path}: ${reasonOf(error)}.`, DO_WITHOUT)
  })
  // Another process may have been faster; both are to have the same one.
  const made = await existingIdentity(folder)
  if (made) return made
  throw new UsageError(`The identity in ${path} has gone as soon as it was made.`, DO_WITHOUT)
}

/** The identity of a data folder, or `undefined` when none has been made there yet. @throws UsageError as above */
export async function existingIdentity(folder: string): Promise<Identity | undefined> {
  const path = join(folder, FILE)
  const pem = await readPrivate(path)
  return pem === undefined ? undefined : identityFrom(privateKeyOf(pem, path))
}

const DO_WITHOUT = 'Choose another folder with --data or EDGE_NET_DATA, or use an identity of the moment: --ephemeral.'

async function readPrivate(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, 'r')
    try {
      const { mode, size } = await file.stat()
      // Windows has no such bits; there the folder's own rights decide.
      if (process.platform !== 'win32' && (mode & OTHERS_MODE) !== 0) throw tooOpen(path, mode)
      if (size > MAX_FILE_BYTES) throw damaged(path)
      return await file.readFile('utf8')
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new UsageError(`The identity in ${path} cannot be read: ${reasonOf(error)}.`, DO_WITHOUT)
  }
}

function tooOpen(path: string, mode: number): UsageError {
  const rights = (mode & 0o777).toString(8).padStart(4, '0')
  return new UsageError(`Others can use the identity in ${path}: its mode is ${rights}.`, `Run: chmod 600 ${path}`)
}

function privateKeyOf(pem: string, path: string): KeyObject {
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch (cause) {
    throw damaged(path, cause)
  }
  if (key.asymmetricKeyType !== 'ed25519') throw damaged(path)
  return key
}

function damaged(path: string, cause?: unknown): UsageError {
  return new UsageError(
    `${path} is no Ed25519 private key in PEM.`,
    'Put back a copy of it; or move it away to begin as somebody new.',
    { cause },
  )
}

async function identityFrom(key: KeyObject): Promise<Identity> {
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' })
  const { subtle } = globalThis.crypto
  const [privateKey, publicKey] = await Promise.all([
    subtle.importKey('pkcs8', key.export({ format: 'der', type: 'pkcs8' }), 'Ed25519', false, ['sign']),
    subtle.importKey('raw', fromBase64Url(x) ?? new Uint8Array(), 'Ed25519', true, ['verify']),
  ])
  return identityOf({ privateKey, publicKey })
}

function newPem(): string {
  const { privateKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { format: 'pem', type: 'pkcs8' },
    publicKeyEncoding: { format: 'pem', type: 'spki' },
  })
  return privateKey
}

/**
 * Writes the file unless there is one. It appears under its name only when it is whole and on the disk: a half one would
 * be an identity lost, and entries that were signed under a lost one are nobody's.
 */
async function keepOnce(folder: string, path: string, pem: string): Promise<void> {
  const draft = join(folder, `.${FILE}.${randomBytes(6).toString('hex')}`)
  const file = await open(draft, 'wx', FILE_MODE)
  try {
    await file.writeFile(pem)
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    // Unlike a rename, a link never replaces what is there.
    await link(draft, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    await unlink(draft)
  }
  await syncFolder(folder)
}

/** A name, too, survives a crash of the machine only when its folder has been written. */
async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders, and writes names by itself.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
