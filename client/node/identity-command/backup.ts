/** `edge-net identity export` and `import`: a backup goes out, or comes in. */
import { access, open, unlink } from 'node:fs/promises'
import { MAX_BACKUP_CHARACTERS } from '../../identity/backup-file.ts'
import { backUp, factsOfBackup, restore } from '../../identity/backup.ts'
import { RecoverableIdentity } from '../../identity/recoverable.ts'
import { CommandFailure } from '../command-failure.ts'
import { reasonOf } from '../data-folder.ts'
import { asLabel, identityPath, labelsIn } from '../identity-labels.ts'
import { readIdentity } from '../identity-pem.ts'
import type { ProgressLine } from '../progress-line.ts'
import { unlessAborted } from '../unless-aborted.ts'
import { UsageError } from '../usage-error.ts'
import { addIdentity, labelTaken } from './kept.ts'

const FILE_MODE = 0o600

export interface Asking {
  /** Called when everything that can be known before is well. */
  readonly passPhrase: () => Promise<string>
  readonly progress: ProgressLine
  readonly ended: AbortSignal
}

/** The text of a backup. @throws EdgeNetError, UsageError; the signal's reason when it aborts */
export async function backupText(
  recoverable: RecoverableIdentity,
  label: string,
  { passPhrase, progress, ended }: Asking,
): Promise<string> {
  const phrase = await passPhrase()
  const waiting = { signal: ended, onProgress: shown(progress, 'protecting the backup') }
  try {
    return await unlessAborted(backUp(recoverable, phrase, { label, ...waiting }), ended)
  } finally {
    progress.clear()
  }
}

/** @throws CommandFailure when there is such a file */
export async function mustBeNew(path: string): Promise<void> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  )
  if (isThere) throw unwritable(path, Object.assign(new Error(), { code: 'EEXIST' }))
}

/**
 * Writes a file that was not there, for its owner alone. It is not put in its place by a link, since a backup may go to a stick
 * whose file system has none.
 *
 * @throws CommandFailure when there is such a file, or when it cannot be written
 */
export async function writeNewFile(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', FILE_MODE).catch((error: unknown) => {
    throw unwritable(path, error)
  })
  try {
    await file.writeFile(text)
    await file.sync()
  } catch (error) {
    // A half backup is none.
    await unlink(path)
    throw unwritable(path, error)
  } finally {
    await file.close()
  }
}

function unwritable(path: string, cause: unknown): CommandFailure {
  const hint = 'Choose another file with --output; what is there is as it was.'
  return new CommandFailure('file', `${path} cannot be written: ${reasonOf(cause)}.`, hint, { cause })
}

/**
 * Keeps the identity of a backup.
 *
 * @param asked the label; without it the backup's own, as far as it can be one here
 * @throws EdgeNetError `backup-damaged`, `backup-version`, `pass-phrase-wrong`; CommandFailure when the label or the identity is
 *   there already; UsageError when the file cannot be read
 */
export async function importBackup(
  folder: string,
  path: string,
  asked: string | undefined,
  { passPhrase, progress, ended }: Asking,
) {
  const text = await textOfFile(path)
  const facts = await factsOfBackup(text)
  const label = asked ?? asLabel(facts.label) ?? 'restored'
  await refuseIfHere(folder, facts.siteId, label)
  const phrase = await passPhrase()
  try {
    const waiting = { signal: ended, onProgress: shown(progress, 'opening the backup') }
    const { recoverable } = await unlessAborted(restore(text, phrase, waiting), ended)
    const seed = RecoverableIdentity.seedOf(recoverable)
    return await addIdentity(folder, label, seed).finally(() => seed.fill(0))
  } finally {
    progress.clear()
  }
}

async function refuseIfHere(folder: string, siteId: string, label: string): Promise<void> {
  for (const other of await labelsIn(folder)) {
    const file = identityPath(folder, other)
    if (other === label) throw labelTaken(label, file)
    // One that cannot be used is for `list` to tell.
    const kept = await readIdentity(file).catch(() => undefined)
    if (kept?.recoverable.identity.siteId === siteId)
      throw new CommandFailure(
        'known',
        `This identity is here already, as "${other}".`,
        `edge-net identity use ${other}`,
      )
  }
}

/** No more of it than a backup has, whatever it is. */
async function textOfFile(path: string): Promise<string> {
  try {
    const file = await open(path, 'r')
    try {
      // UTF-8 has at most 3 bytes for each UTF-16 unit.
      const bytes = Buffer.alloc(3 * MAX_BACKUP_CHARACTERS + 1)
      let length = 0
      for (;;) {
        const { bytesRead } = await file.read(bytes, length)
        if (bytesRead === 0) return bytes.toString('utf8', 0, length)
        length += bytesRead
        if (length === bytes.length) return bytes.toString()
      }
    } finally {
      await file.close()
    }
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${reasonOf(error)}.`, 'Use a file that identity export has made.')
  }
}

function shown(progress: ProgressLine, what: string): (done: number) => void {
  return (done) => progress.show(`…  ${what}, ${Math.round(done * 100)} %`)
}
