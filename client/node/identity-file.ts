/** The identities of a user, kept in the data folder, so that contributions of one run and the next add up. */
import type { Identity } from '../identity/identity.ts'
import { makeDataFolder } from './data-folder.ts'
import { variable } from './environment.ts'
import { checkedLabel, currentLabel, DEFAULT_LABEL, identityPath, labelsIn } from './identity-labels.ts'
import { DO_WITHOUT, keepIdentity, readIdentity } from './identity-pem.ts'
import { UsageError } from './usage-error.ts'

/**
 * An identity of a data folder: the one that was asked for, or the one in use. The first one is made on first use, together
 * with the folder; others never are, or a label mistyped would be somebody new.
 *
 * @param asked a label; by default that of `--identity` or `EDGE_NET_IDENTITY`, if there is one
 * @throws UsageError when there is no such identity, when its file is damaged or can be read by others, or cannot be read or made
 */
export async function loadIdentity(folder: string, asked = askedLabel()): Promise<Identity> {
  const kept = await existingIdentity(folder, asked)
  if (kept) return kept
  await makeDataFolder(folder)
  const path = identityPath(folder, DEFAULT_LABEL)
  await keepIdentity(path)
  // Another process may have been faster; both are to have the same one.
  const made = await readIdentity(path)
  if (made) return made.recoverable.identity
  throw new UsageError(`The identity in ${path} has gone as soon as it was made.`, DO_WITHOUT)
}

/** The same, or `undefined` when the first identity has not been made yet. @throws UsageError as above */
export async function existingIdentity(folder: string, asked = askedLabel()): Promise<Identity | undefined> {
  const label = asked ?? (await currentLabel(folder))
  const kept = await readIdentity(identityPath(folder, label))
  if (kept) return kept.recoverable.identity
  if (label === DEFAULT_LABEL) return undefined
  throw await noSuchIdentity(folder, label)
}

/** What was asked for once for all that this process does. @throws UsageError for what can be no label */
function askedLabel(): string | undefined {
  const label = variable(process.env, 'EDGE_NET_IDENTITY')
  return label === undefined ? undefined : checkedLabel(label, '--identity, or EDGE_NET_IDENTITY,')
}

export async function noSuchIdentity(folder: string, label: string): Promise<UsageError> {
  const labels = await labelsIn(folder)
  const here = labels.length === 0 ? 'There is none yet.' : `There are: ${labels.join(', ')}.`
  return new UsageError(
    `There is no identity "${label}" in ${folder}.`,
    `${here} A new one: edge-net identity new ${label}`,
  )
}
