/**
 * Files for their owner's eyes: what is in them lets its reader act in somebody's name, or into a network. One that others
 * can read is refused and not repaired: they may have read it already, and its owner is to know.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { reasonOf } from './data-folder.ts'
import { UsageError } from './usage-error.ts'

const FILE_MODE = 0o600
const FOLDER_MODE = 0o700
/** Any right of the group or of others. */
const OTHERS_MODE = 0o077
/** The largest that is written has a genesis of 1 KiB and some lines; what is much larger is something else. */
const MAX_FILE_BYTES = 65_536

/**
 * What is in the file, or `undefined` when there is none.
 *
 * @throws UsageError when it cannot be read, is too large, or can be read by others
 */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    const file = await open(path, 'r')
    try {
      const { mode, size } = await file.stat()
      // Windows has no such bits; there the folder's own rights decide.
      if (process.platform !== 'win32' && (mode & OTHERS_MODE) !== 0) throw tooOpen(path, mode)
      if (size > MAX_FILE_BYTES) throw damagedFile(path)
      return await file.readFile('utf8')
    } finally {
      await file.close()
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    if (isMissing(error)) return undefined
    throw new UsageError(`${path} cannot be read: ${reasonOf(error)}.`, OTHER_FOLDER)
  }
}

/**
 * Puts the text in the place of what was there: the file is there whole, old or new, whenever the machine stops.
 *
 * @throws UsageError when it cannot be written
 */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  const folder = dirname(path)
  const draft = join(folder, `.${basename(path)}.${randomBytes(6).toString('hex')}`)
  try {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE })
    const file = await open(draft, 'wx', FILE_MODE)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (error) {
    await unlink(draft).catch(() => undefined)
    throw new UsageError(`${path} cannot be written: ${reasonOf(error)}.`, OTHER_FOLDER, { cause: error })
  }
}

export function damagedFile(path: string): UsageError {
  return new UsageError(`${path} is damaged.`, 'Put back a copy of it; or move it away to do without.')
}

function tooOpen(path: string, mode: number): UsageError {
  const rights = (mode & 0o777).toString(8).padStart(4, '0')
  return new UsageError(`Others can read ${path}: its mode is ${rights}.`, `Run: chmod 600 ${path}`)
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

const OTHER_FOLDER = 'Choose another folder with --data or EDGE_NET_DATA.'
