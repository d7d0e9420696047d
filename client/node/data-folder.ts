/** Where the command keeps what outlives it: the identity and the ledgers. */
import { mkdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { variable, type Environment } from './environment.ts'
import { UsageError } from './usage-error.ts'

const FOLDER = 'edge-net'
/** What is in it is nobody else's business. */
const FOLDER_MODE = 0o700

/**
 * The folder that was asked for, or else the one where programs of this platform keep their data.
 *
 * @param asked `--data` or `EDGE_NET_DATA`
 */
export function dataFolder(
  asked: string | undefined,
  environment: Environment,
  platform: NodeJS.Platform = process.platform,
): string {
  if (asked !== undefined) return resolve(asked)
  const home = homedir()
  if (platform === 'win32') return join(variable(environment, 'LOCALAPPDATA') ?? join(home, 'AppData', 'Local'), FOLDER)
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', FOLDER)
  const shared = variable(environment, 'XDG_DATA_HOME')
  // https://specifications.freedesktop.org/basedir-spec: a path that is not absolute is to be ignored.
  return join(shared && isAbsolute(shared) ? shared : join(home, '.local', 'share'), FOLDER)
}

/**
 * Makes the folder if it is not there, for this user alone.
 *
 * @throws UsageError when there can be none
 */
export async function makeDataFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
  } catch (error) {
    throw new UsageError(`The data folder ${folder} cannot be made: ${reasonOf(error)}.`, FOLDER_HINT)
  }
}

export const FOLDER_HINT = 'Choose another one with --data or EDGE_NET_DATA, or keep nothing: --ephemeral.'

/** What the system says about a file, in words where they are known. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return REASONS[code] ?? error.message
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space is left',
  EDQUOT: 'the quota is used up',
  ENOENT: 'it is not there',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'a file is in its place',
  EISDIR: 'it is a folder',
}
