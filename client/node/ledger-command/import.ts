/** `edge-net ledger import`: takes lines that an export made, here or elsewhere. */
import { createReadStream } from 'node:fs'
import type { NetworkLedger } from '../../qdag/api.ts'
import { reasonOf } from '../data-folder.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { counted } from '../ledger-words.ts'
import type { ProgressLine } from '../progress-line.ts'
import { UsageError } from '../usage-error.ts'
import { linesOf } from './lines.ts'
import type { LedgerEvent } from './report.ts'

/**
 * Imports all lines and tells what became of them.
 *
 * @returns failure when a line was rejected, or when entries lack what they build on
 * @throws the signal's reason when it aborts; what was taken before stays
 */
export async function importLines(
  ledger: NetworkLedger,
  bytes: AsyncIterable<Uint8Array>,
  tell: (event: LedgerEvent) => void,
  progress: ProgressLine,
  ended: AbortSignal,
): Promise<ExitCode> {
  const before = ledger.statistics().entries
  let read = 0
  let empty = 0
  async function* lines(): AsyncGenerator<string, void, undefined> {
    for await (const line of linesOf(bytes)) {
      ended.throwIfAborted()
      read++
      if (line.trim() === '') empty++
      progress.show(`…  ${counted(read, 'line', 'lines')} read`)
      yield line
    }
  }
  try {
    const report = await ledger.import(lines())
    progress.clear()
    for (const refusal of report.rejected) tell({ event: 'rejected', ...refusal })
    const { known } = report
    // What an orphan lacks may have come behind it.
    const added = ledger.statistics().entries - before
    const orphans = report.added + report.orphans - added
    // Of a file of nothing but faults, only the first ones are listed.
    const rejected = read - empty - known - added - orphans
    tell({ event: 'imported', added, known, orphans, rejected })
    return rejected === 0 && orphans === 0 ? EXIT.ok : EXIT.failure
  } finally {
    progress.clear()
  }
}

/** The bytes of a file. @throws UsageError when it cannot be read */
export async function* bytesOfFile(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* createReadStream(path, { signal }) as AsyncIterable<Buffer>
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${reasonOf(error)}.`, 'Use a file that ledger export has made.')
  }
}
