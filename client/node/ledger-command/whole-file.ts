/** A file that is there whole or not at all, whenever the writing ends. */
import { randomBytes } from 'node:crypto'
import { open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CommandFailure } from '../command-failure.ts'
import { reasonOf } from '../data-folder.ts'

/** Lines are handed to the system in pieces of about this size. */
const PIECE_CHARACTERS = 262_144

/**
 * Writes the lines beside the file and then puts them in its place. If the lines end with an error, what stood there
 * before stays.
 *
 * @throws CommandFailure when the file cannot be written; what the lines throw
 */
export async function writeWholeFile(path: string, lines: AsyncIterable<string>): Promise<void> {
  const draft = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`)
  const file = await unlessUnwritable(path, open(draft, 'wx'))
  try {
    try {
      for await (const piece of piecesOf(lines)) await unlessUnwritable(path, file.writeFile(piece))
      await unlessUnwritable(path, file.sync())
    } finally {
      await file.close()
    }
    await unlessUnwritable(path, rename(draft, path))
  } catch (error) {
    await unlink(draft)
    throw error
  }
}

/** Lines, each with its end, joined to pieces that are worth a call to the system. */
export async function* piecesOf(lines: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  let piece = ''
  for await (const line of lines) {
    piece += `${line}\n`
    if (piece.length < PIECE_CHARACTERS) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}

async function unlessUnwritable<Value>(path: string, writing: Promise<Value>): Promise<Value> {
  try {
    return await writing
  } catch (error) {
    throw new CommandFailure(
      'file',
      `${path} cannot be written: ${reasonOf(error)}.`,
      'Choose another file with --output; what stood there is as it was.',
      { cause: error },
    )
  }
}
