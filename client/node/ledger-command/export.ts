/** `edge-net ledger export`: all entries as lines of JSON, to a file or to whoever reads the output. */
import { once } from 'node:events'
import type { Writable } from 'node:stream'
import type { NetworkLedger } from '../../qdag/api.ts'
import { counted, grouped } from '../ledger-words.ts'
import type { ProgressLine } from '../progress-line.ts'
import type { LedgerEvent } from './report.ts'
import { piecesOf, writeWholeFile } from './whole-file.ts'

/**
 * Writes a file, whole or not at all.
 *
 * @throws CommandFailure when the file cannot be written; the signal's reason when it aborts
 */
export async function exportToFile(
  ledger: NetworkLedger,
  file: string,
  tell: (event: LedgerEvent) => void,
  progress: ProgressLine,
  ended: AbortSignal,
): Promise<void> {
  const lines = countedLines(ledger, progress, ended)
  await writeWholeFile(file, lines)
  progress.clear()
  tell({ event: 'exported', entries: lines.count, file })
}

/**
 * Writes as fast as the reader takes it. A reader that goes away, as `head` does, has had enough: that is no failure.
 *
 * @throws the signal's reason when it aborts while somebody reads
 */
export async function exportToStream(
  ledger: NetworkLedger,
  output: Writable,
  progress: ProgressLine,
  ended: AbortSignal,
): Promise<void> {
  // A standard output tells of it by this event alone, and goes on calling itself writable.
  let hasReader = true
  const onError = () => (hasReader = false)
  output.on('error', onError)
  try {
    for await (const piece of piecesOf(countedLines(ledger, progress, ended))) {
      if (!hasReader) return
      if (!output.write(piece)) await once(output, 'drain', { signal: ended })
    }
  } catch (error) {
    if (hasReader) throw error
  } finally {
    output.off('error', onError)
    progress.clear()
  }
}

interface CountedLines extends AsyncIterable<string> {
  readonly count: number
}

function countedLines(ledger: NetworkLedger, progress: ProgressLine, ended: AbortSignal): CountedLines {
  const total = ledger.statistics().entries
  let exported = 0
  async function* lines(): AsyncGenerator<string, void, undefined> {
    for await (const line of ledger.export()) {
      ended.throwIfAborted()
      exported++
      progress.show(`…  ${grouped(exported)} of ${counted(total, 'entry', 'entries')} exported`)
      yield line
    }
  }
  return {
    get count() {
      return exported
    },
    [Symbol.asyncIterator]: lines,
  }
}
