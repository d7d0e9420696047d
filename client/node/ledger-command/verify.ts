/** `edge-net ledger verify`: checks everything that is kept anew. */
import type { NetworkLedger } from '../../qdag/api.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { counted } from '../ledger-words.ts'
import type { ProgressLine } from '../progress-line.ts'
import { unlessAborted } from '../unless-aborted.ts'
import type { Inspection } from './inspect.ts'
import type { LedgerEvent } from './report.ts'

/** A second is what people count in. */
const TICK_MS = 1_000

/**
 * Verifies a ledger that was opened from what has been inspected.
 *
 * @returns failure when there is any fault
 */
export async function verify(
  ledger: NetworkLedger,
  inspection: Inspection,
  tell: (event: LedgerEvent) => void,
  progress: ProgressLine,
  ended: AbortSignal,
): Promise<ExitCode> {
  const { entries } = ledger.statistics()
  const startedAtMs = performance.now()
  const ticking = setInterval(() => {
    const seconds = Math.round((performance.now() - startedAtMs) / TICK_MS)
    progress.show(`…  checking ${counted(entries, 'entry', 'entries')}, ${seconds} s`)
  }, TICK_MS)
  try {
    const report = await unlessAborted(ledger.verify(), ended)
    progress.clear()
    const faults = [...inspection.faults, ...report.faults]
    const leftOut = inspection.entries - report.entries
    // They stand behind what is damaged, or do not fit what is before them.
    if (leftOut > 0) faults.push({ id: counted(leftOut, 'entry', 'entries'), reason: 'left out' })
    for (const fault of faults) tell({ event: 'fault', ...fault })
    const { digest } = ledger.statistics()
    tell({ event: 'verified', entries: report.entries, faults: faults.length, digest })
    return faults.length === 0 ? EXIT.ok : EXIT.failure
  } finally {
    clearInterval(ticking)
    progress.clear()
  }
}
