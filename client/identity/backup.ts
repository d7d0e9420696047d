/** Backs an identity up under a pass phrase, and restores it: in browsers and in Node, each from the other's file. */
import type { Bytes } from '../../protocol/bytes.ts'
import { EdgeNetError } from '../errors.ts'
import type { Waiting } from './argon2.ts'
import {
  boundData,
  damaged,
  NONCE_BYTES,
  readBackup,
  SALT_BYTES,
  writeBackup,
  type Backup,
  type BackupFacts,
} from './backup-file.ts'
import { BACKUP_COST, type Cost } from './cost.ts'
import { labelFault } from './label.ts'
import { keyOfPassPhrase, MAX_PASS_PHRASE_CHARACTERS, passPhraseFault } from './pass-phrase.ts'
import { RecoverableIdentity } from './recoverable.ts'

export interface BackUpOptions extends Waiting {
  /** What to call the identity where it is restored; 1 to 64 bytes of UTF-8. Who has the file reads it. Default: `identity` */
  readonly label?: string
}

export interface Restored extends BackupFacts {
  readonly recoverable: RecoverableIdentity
}

/**
 * The text of a backup, to be kept as a file. It takes about a second, and more on a phone, which is what a guess costs, too.
 *
 * @param passPhrase of at least 8 characters; nobody can restore the identity without it, its owner included
 * @throws EdgeNetError `invalid-argument` (`passPhrase`, `label`), `aborted`, `unsupported` (`memory`)
 */
export async function backUp(
  recoverable: RecoverableIdentity,
  passPhrase: string,
  { label = 'identity', ...waiting }: BackUpOptions = {},
): Promise<string> {
  refuse('passPhrase', passPhraseFault(passPhrase), 'Choose another pass phrase.')
  refuse('label', labelFault(label), 'Choose another label.')
  return sealBackup(recoverable, passPhrase, { label, createdAtMs: Date.now(), cost: BACKUP_COST }, waiting)
}

/** The same at any cost. For tests of everything but the cost. */
export async function sealBackup(
  recoverable: RecoverableIdentity,
  passPhrase: string,
  { label, createdAtMs, cost }: { readonly label: string; readonly createdAtMs: number; readonly cost: Cost },
  waiting: Waiting = {},
): Promise<string> {
  const { publicKey, siteId } = recoverable.identity
  const [salt, nonce] = [random(SALT_BYTES), random(NONCE_BYTES)]
  const key = await keyOfPassPhrase(passPhrase, salt, cost, 'encrypt', waiting)
  const facts = { publicKey, siteId, label, createdAtMs, cost, salt, nonce }
  const seed = RecoverableIdentity.seedOf(recoverable)
  const sealed = new Uint8Array(await crypto.subtle.encrypt(gcm(facts), key, seed))
  seed.fill(0)
  return writeBackup({ ...facts, sealed })
}

/**
 * The identity of a backup.
 *
 * @throws EdgeNetError `backup-damaged`, `backup-version`; `pass-phrase-wrong`; `aborted`; `unsupported`
 */
export async function restore(file: string, passPhrase: string, waiting: Waiting = {}): Promise<Restored> {
  const backup = await readBackup(file)
  // No backup can have been made with it; and what is hashed before the work begins is bounded.
  if (passPhrase === '' || passPhrase.length > MAX_PASS_PHRASE_CHARACTERS) throw wrongPassPhrase()
  const key = await keyOfPassPhrase(passPhrase, backup.salt, backup.cost, 'decrypt', waiting)
  const seed = await opened(backup, key)
  const recoverable = await RecoverableIdentity.ofSeed(seed, backup.publicKey).catch(() => undefined)
  seed.fill(0)
  // Whoever made the file knew the pass phrase, and did not tell the truth.
  if (!recoverable) throw damaged('mismatch', 'The backup holds the key of another identity than it says.')
  const { siteId, label, createdAtMs } = backup
  return { recoverable, siteId, label, createdAtMs }
}

/**
 * What a backup says without its pass phrase: whose it is, and when it was made. Its checksum is right, and whether it is
 * genuine shows when it is restored.
 *
 * @throws EdgeNetError `backup-damaged`, `backup-version`
 */
export async function factsOfBackup(file: string): Promise<BackupFacts> {
  const { siteId, label, createdAtMs } = await readBackup(file)
  return { siteId, label, createdAtMs }
}

async function opened(backup: Backup, key: CryptoKey): Promise<Bytes> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt(gcm(backup), key, backup.sealed))
  } catch {
    // GCM says no more than that it failed; that nothing is damaged, the checksum has told.
    throw wrongPassPhrase()
  }
}

/** A salt is used once, so its key is, too: the nonce could be anything. */
function gcm(backup: Omit<Backup, 'sealed'>): AesGcmParams {
  return { name: 'AES-GCM', iv: backup.nonce, additionalData: boundData(backup) }
}

function random(byteLength: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(byteLength))
}

function refuse(argument: string, fault: string | undefined, hint: string): void {
  if (fault !== undefined) throw new EdgeNetError('invalid-argument', argument, fault, hint)
}

function wrongPassPhrase(): EdgeNetError {
  const message = 'The pass phrase is not the one that the backup was made with.'
  return new EdgeNetError('pass-phrase-wrong', 'pass-phrase', message, 'Type it again; mind capitals and spaces.')
}
