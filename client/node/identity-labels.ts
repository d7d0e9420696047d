/**
 * What the identities of a data folder are called, and which of them is in use:
 *
 *     identity.pem           the one called `default`, which is made on first use
 *     identity-LABEL.pem     further ones
 *     current-identity       the label of the one in use; without this file, `default`
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { reasonOf } from './data-folder.ts'
import { readPrivateFile, writePrivateFile } from './private-file.ts'
import { UsageError } from './usage-error.ts'

export const DEFAULT_LABEL = 'default'
const CURRENT_FILE = 'current-identity'

/** What is the same name on every file system, whatever it thinks of capitals; long enough for a sentence. */
const LABEL = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/

/** @throws UsageError for what can be no label here @returns the label */
export function checkedLabel(label: string, source: string): string {
  if (LABEL.test(label)) return label
  throw new UsageError(
    `${source} is "${label}"; a label has 1 to 63 characters of a-z, 0-9, ".", "_" and "-", inner ones for the last three.`,
    `For example: ${asLabel(label) ?? 'laptop'}`,
  )
}

/** What comes near to a text that is no label here: `Ada's laptop` becomes `ada-s-laptop`. */
export function asLabel(text: string): string | undefined {
  const plain = text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()
  const label = plain
    .replaceAll(/[^a-z0-9._]+/g, '-')
    .slice(0, 63)
    .replaceAll(/^[._-]+|[._-]+$/g, '')
  return LABEL.test(label) ? label : undefined
}

export function identityPath(folder: string, label: string): string {
  return join(folder, label === DEFAULT_LABEL ? 'identity.pem' : `identity-${label}.pem`)
}

/** All that the folder has, `default` first. @throws UsageError when it cannot be read */
export async function labelsIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: unknown): string[] => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw new UsageError(`The data folder ${folder} cannot be read: ${reasonOf(error)}.`, OTHER_FOLDER)
  })
  const others = names.flatMap((name) => {
    const [, label = ''] = /^identity-(.+)\.pem$/.exec(name) ?? []
    return LABEL.test(label) && label !== DEFAULT_LABEL ? [label] : []
  })
  return [...(names.includes('identity.pem') ? [DEFAULT_LABEL] : []), ...others.toSorted()]
}

const OTHER_FOLDER = 'Choose another one with --data or EDGE_NET_DATA.'

/** The label of the identity in use, whether it is there or not. @throws UsageError when it cannot be told */
export async function currentLabel(folder: string): Promise<string> {
  const path = join(folder, CURRENT_FILE)
  const label = (await readPrivateFile(path))?.trim()
  if (label === undefined) return DEFAULT_LABEL
  if (LABEL.test(label)) return label
  throw new UsageError(`${path} names no identity.`, 'Name one: edge-net identity use LABEL')
}

/** @throws UsageError when it cannot be written */
export function setCurrentLabel(folder: string, label: string): Promise<void> {
  return writePrivateFile(join(folder, CURRENT_FILE), `${label}\n`)
}
