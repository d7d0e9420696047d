/**
 * The text of a backup: JSON that says what it is, so that somebody who finds it years later knows what to do with it. How it
 * is indented or spaced means nothing; every value is protected, and a field more or less is a damage.
 */
import { concat, fromBase64Url, toBase64Url, utf8, type Bytes } from '../../protocol/bytes.ts'
import { sha256 } from '../../protocol/hash.ts'
import { fixed, layout, text, uint } from '../../protocol/layout.ts'
import { EdgeNetError } from '../errors.ts'
import { isBearable, type Cost } from './cost.ts'
import { labelFault, MAX_LABEL_BYTES } from './label.ts'

/** What can be read without the pass phrase. */
export interface BackupFacts {
  readonly siteId: string
  /** What its owner called it. */
  readonly label: string
  /** When the backup was made, by the clock there; milliseconds since 1970. */
  readonly createdAtMs: number
}

export interface Backup extends BackupFacts {
  readonly publicKey: Bytes
  readonly cost: Cost
  readonly salt: Bytes
  readonly nonce: Bytes
  /** The seed, under AES-256-GCM. */
  readonly sealed: Bytes
}

export const SALT_BYTES = 16
export const NONCE_BYTES = 12
const KEY_BYTES = 32
/** A seed, and the tag of GCM. */
const SEALED_BYTES = 48
const CHECKSUM_BYTES = 32

/** Five times what one has, so that whatever else is chosen as a file is not read to its end. */
export const MAX_BACKUP_CHARACTERS = 4_096

const TYPE = 'Edge-Net identity backup'
const VERSION = 1
const KDF = 'Argon2id'
/** RFC 9106: 0x13. */
const KDF_VERSION = 19
const CIPHER = 'AES-256-GCM'

interface BackupText {
  readonly type: typeof TYPE
  readonly version: typeof VERSION
  readonly siteId: string
  readonly label: string
  readonly created: string
  readonly kdf: {
    readonly name: typeof KDF
    readonly version: typeof KDF_VERSION
    readonly memoryKiB: number
    readonly passes: number
    readonly lanes: number
    readonly salt: string
  }
  readonly cipher: { readonly name: typeof CIPHER; readonly nonce: string }
  readonly sealed: string
  readonly checksum: string
}

/** Everything but the sealed seed, as GCM authenticates it. */
export function boundData({ publicKey, createdAtMs, label, cost, salt, nonce }: Omit<Backup, 'sealed'>): Bytes {
  return BOUND.encode({ tag: LABEL, publicKey, createdAtMs, label, ...cost, salt, nonce })
}

const LABEL = utf8('edge-net/backup/1\0')
const BOUND = layout({
  tag: fixed(LABEL.length),
  publicKey: fixed(KEY_BYTES),
  createdAtMs: uint(6),
  label: text(1, MAX_LABEL_BYTES),
  memoryKiB: uint(4),
  passes: uint(4),
  lanes: uint(1),
  salt: fixed(SALT_BYTES),
  nonce: fixed(NONCE_BYTES),
})

/** It is not for secrecy: it tells a damaged file from a wrong pass phrase, which GCM does not. */
function checksumOf(backup: Backup): Promise<Bytes> {
  return sha256(concat(boundData(backup), backup.sealed))
}

export async function writeBackup(backup: Backup): Promise<string> {
  const { siteId, label, createdAtMs, cost, salt, nonce, sealed } = backup
  const written: BackupText = {
    type: TYPE,
    version: VERSION,
    siteId,
    label,
    created: new Date(createdAtMs).toISOString(),
    kdf: { name: KDF, version: KDF_VERSION, ...cost, salt: toBase64Url(salt) },
    cipher: { name: CIPHER, nonce: toBase64Url(nonce) },
    sealed: toBase64Url(sealed),
    checksum: toBase64Url(await checksumOf(backup)),
  }
  return `${JSON.stringify(written, null, 2)}\n`
}

/** @throws EdgeNetError `backup-damaged`, whose `reason` says where; `backup-version` for what a newer program has made */
export async function readBackup(file: string): Promise<Backup> {
  const written = objectIn(file)
  if (written['type'] !== TYPE) throw damaged('type', 'It is no backup of an Edge-Net identity.')
  if (written['version'] !== VERSION) throw newer('version', written['version'])
  const { siteId, label, created, kdf, cipher, sealed, checksum } = exactly(written, FIELDS, 'fields')
  const { name: kdfName, version: kdfVersion, memoryKiB, passes, lanes, salt } = exactly(kdf, KDF_FIELDS, 'kdf')
  const { name: cipherName, nonce } = exactly(cipher, CIPHER_FIELDS, 'cipher')
  if (kdfName !== KDF || kdfVersion !== KDF_VERSION) throw newer('kdf', kdfName)
  if (cipherName !== CIPHER) throw newer('cipher', cipherName)
  if (typeof label !== 'string' || labelFault(label) !== undefined) throw damaged('label')
  const cost = { memoryKiB, passes, lanes } as Cost
  if (!isBearable(cost)) {
    throw damaged('cost', 'It asks for more work or memory than any backup needs, or for none.')
  }
  const backup: Backup = {
    siteId: String(siteId),
    publicKey: bytesOf(siteId, KEY_BYTES, 'siteId'),
    label,
    createdAtMs: timeOf(created),
    cost,
    salt: bytesOf(salt, SALT_BYTES, 'salt'),
    nonce: bytesOf(nonce, NONCE_BYTES, 'nonce'),
    sealed: bytesOf(sealed, SEALED_BYTES, 'sealed'),
  }
  bytesOf(checksum, CHECKSUM_BYTES, 'checksum')
  if (toBase64Url(await checksumOf(backup)) !== checksum) throw damaged('checksum')
  return backup
}

const FIELDS = ['type', 'version', 'siteId', 'label', 'created', 'kdf', 'cipher', 'sealed', 'checksum'] as const
const KDF_FIELDS = ['name', 'version', 'memoryKiB', 'passes', 'lanes', 'salt'] as const
const CIPHER_FIELDS = ['name', 'nonce'] as const

type Fields<Name extends string> = Readonly<Record<Name, unknown>>

function objectIn(file: string): Fields<string> {
  if (file.length > MAX_BACKUP_CHARACTERS) throw damaged('size', 'It is too long for a backup of an identity.')
  try {
    // Some editors put a mark before the text.
    const value: unknown = JSON.parse(file.replace(/^\ufeff/, ''))
    if (isObject(value)) return value
  } catch (cause) {
    throw damaged('json', undefined, cause)
  }
  throw damaged('json')
}

/** The object, if it has these fields and no others. */
function exactly<Name extends string>(value: unknown, names: readonly Name[], reason: string): Fields<Name> {
  if (!isObject(value) || Object.keys(value).length !== names.length) throw damaged(reason)
  if (!names.every((name) => Object.hasOwn(value, name))) throw damaged(reason)
  return value
}

function isObject(value: unknown): value is Fields<string> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function bytesOf(value: unknown, byteLength: number, reason: string): Bytes {
  const bytes = typeof value === 'string' ? fromBase64Url(value) : undefined
  if (bytes?.length !== byteLength) throw damaged(reason)
  return bytes
}

/** From 1970 on, in the one way in which we write it. */
function timeOf(value: unknown): number {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN
  if (!(ms >= 0) || new Date(ms).toISOString() !== value) throw damaged('created')
  return ms
}

export function damaged(reason: string, message = 'The backup is damaged.', cause?: unknown): EdgeNetError {
  return new EdgeNetError('backup-damaged', reason, message, 'Use another copy of it.', { cause })
}

function newer(reason: string, found: unknown): EdgeNetError {
  const which = typeof found === 'string' || typeof found === 'number' ? ` (${String(found).slice(0, 32)})` : ''
  const message = `The backup has a ${reason} that is not known here${which}.`
  return new EdgeNetError('backup-version', reason, message, 'Use the newest Edge-Net.')
}
