/**
 * One identity in one file: a PEM with the private key (PKCS #8, RFC 5958 and RFC 8410), as `openssl genpkey -algorithm
 * ed25519` writes it. Whoever can read it can sign in its owner's name, so a file that others can read is refused.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, type KeyObject } from 'node:crypto'
import { link, open, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fromBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { PKCS8_HEAD, RecoverableIdentity, SEED_BYTES } from '../identity/recoverable.ts'
import { reasonOf } from './data-folder.ts'
import { UsageError } from './usage-error.ts'

const FILE_MODE = 0o600
/** Any right of the group or of others. */
const OTHERS_MODE = 0o077
/** A PEM of such a key has 119 bytes; what is much larger is something else. */
const MAX_FILE_BYTES = 4_096

export interface IdentityFile {
  readonly recoverable: RecoverableIdentity
  /** The file is never written again, so that is when the identity came here. */
  readonly sinceMs: number
}

/**
 * The identity in a file, or `undefined` when there is no such file.
 *
 * @throws UsageError when it is damaged, can be read by others, or cannot be read
 */
export async function readIdentity(path: string): Promise<IdentityFile | undefined> {
  const file = await readPrivate(path)
  if (!file) return undefined
  const key = privateKeyOf(file.pem, path)
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' })
  const seed = seedOf(key)
  const recoverable = await RecoverableIdentity.ofSeed(seed, fromBase64Url(x) ?? new Uint8Array())
  seed.fill(0)
  if (!recoverable) throw damaged(path)
  return { recoverable, sinceMs: file.mtimeMs }
}

/**
 * Keeps an identity in a file of its own. It appears under its name only when it is whole and on the disk: a half one would be
 * an identity lost, and entries that were signed under a lost one are nobody's.
 *
 * @param seed of an identity that there is already; without it a new one is made
 * @returns false when there is such a file, which is as it was
 * @throws UsageError when it cannot be written
 */
export async function keepIdentity(path: string, seed?: Bytes): Promise<boolean> {
  try {
    return await writeOnce(path, seed ? pemOf(seed) : newPem())
  } catch (error) {
    throw new UsageError(`The identity cannot be kept in ${path}: ${reasonOf(error)}.`, DO_WITHOUT)
  }
}

export const DO_WITHOUT =
  'Choose another folder with --data or EDGE_NET_DATA, or use an identity of the moment: --ephemeral.'

async function readPrivate(path: string): Promise<{ readonly pem: string; readonly mtimeMs: number } | undefined> {
  try {
    const file = await open(path, 'r')
    try {
      const { mode, size, mtimeMs } = await file.stat()
      // Windows has no such bits; there the folder's own rights decide.
      if (process.platform !== 'win32' && (mode & OTHERS_MODE) !== 0) throw tooOpen(path, mode)
      if (size > MAX_FILE_BYTES) throw damaged(path)
      return { pem: await file.readFile('utf8'), mtimeMs }
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (isCode(error, 'ENOENT')) return undefined
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

function seedOf(key: KeyObject): Bytes {
  return new Uint8Array(key.export({ format: 'der', type: 'pkcs8' }).subarray(-SEED_BYTES))
}

function pemOf(seed: Bytes): string {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_HEAD, seed]), format: 'der', type: 'pkcs8' })
  return key.export({ format: 'pem', type: 'pkcs8' }).toString()
}

function newPem(): string {
  const { privateKey } = generateKeyPairSync('ed25519', {
    privateKeyEncoding: { format: 'pem', type: 'pkcs8' },
    publicKeyEncoding: { format: 'pem', type: 'spki' },
  })
  return privateKey
}

async function writeOnce(path: string, pem: string): Promise<boolean> {
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`)
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
    if (isCode(error, 'EEXIST')) return false
    throw error
  } finally {
    await unlink(draft)
  }
  await syncFolder(dirname(path))
  return true
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

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
