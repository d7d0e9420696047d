/** Making, listing and choosing the identities of a data folder. */
import type { Bytes } from '../../../protocol/bytes.ts'
import { CommandFailure } from '../command-failure.ts'
import { makeDataFolder } from '../data-folder.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { noSuchIdentity } from '../identity-file.ts'
import { currentLabel, identityPath, labelsIn, setCurrentLabel } from '../identity-labels.ts'
import { keepIdentity, readIdentity, type IdentityFile } from '../identity-pem.ts'
import { UsageError } from '../usage-error.ts'
import type { IdentityEvent } from './report.ts'

type Tell = (event: IdentityEvent) => void

/** @returns failure when one of them cannot be used */
export async function listIdentities(folder: string, tell: Tell): Promise<ExitCode> {
  const current = await currentLabel(folder)
  const labels = await labelsIn(folder)
  if (labels.length === 0) tell({ event: 'empty', folder })
  let code: ExitCode = EXIT.ok
  for (const label of labels) {
    const file = identityPath(folder, label)
    const named = { event: 'identity', label, isCurrent: label === current, file } as const
    try {
      const kept = await readIdentity(file)
      // It may have gone since it was listed.
      if (kept) tell({ ...named, siteId: kept.recoverable.identity.siteId, keptSinceMs: Math.floor(kept.sinceMs) })
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      tell({ ...named, fault: `${error.message} ${error.hint}` })
      code = EXIT.failure
    }
  }
  return code
}

/** The identity with the label, or the one in use. @throws UsageError when there is none, or when it cannot be used */
export async function keptIdentity(
  folder: string,
  asked: string | undefined,
): Promise<IdentityFile & { readonly label: string; readonly file: string }> {
  const label = asked ?? (await currentLabel(folder))
  const file = identityPath(folder, label)
  const kept = await readIdentity(file)
  if (!kept) throw await noSuchIdentity(folder, label)
  return { ...kept, label, file }
}

/**
 * Keeps an identity under a label that is free. The first of a folder is the one in use: whoever restores a backup on a new
 * machine means to be that contributor.
 *
 * @param seed of an identity that there is already; without it a new one is made
 * @throws CommandFailure when there is one with the label; UsageError when it cannot be kept
 */
export async function addIdentity(folder: string, label: string, seed?: Bytes) {
  await makeDataFolder(folder)
  const isFirst = (await labelsIn(folder)).length === 0
  const file = identityPath(folder, label)
  if (!(await keepIdentity(file, seed))) throw labelTaken(label, file)
  if (isFirst) await setCurrentLabel(folder, label)
  const { recoverable } = await keptIdentity(folder, label)
  return { label, siteId: recoverable.identity.siteId, isCurrent: isFirst, file }
}

export function labelTaken(label: string, file: string): CommandFailure {
  return new CommandFailure(
    'label-taken',
    `There is an identity "${label}" already, in ${file}.`,
    'Choose another label. Nothing was changed.',
  )
}

/** @throws UsageError when there is no such identity, or when it cannot be used */
export async function chooseIdentity(folder: string, label: string) {
  const { recoverable, file } = await keptIdentity(folder, label)
  await setCurrentLabel(folder, label)
  return { label, siteId: recoverable.identity.siteId, file }
}
