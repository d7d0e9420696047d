/** What the sub-commands have in common: they tell events line by line, and end by a signal, a failure or themselves. */
import { EdgeNetError } from '../errors.ts'
import { CommandFailure } from './command-failure.ts'
import { EXIT, exitCodeOf, type ExitCode } from './exit.ts'
import { UsageError } from './usage-error.ts'
import { endOfProcess } from './process-end.ts'
import { errorRecord, type ErrorRecord } from './report.ts'
import { safeText } from './terminal.ts'

/** The last event of a sub-command that failed. */
export interface FailedEvent {
  readonly event: 'failed'
  readonly error: ErrorRecord
  readonly exitCode: number
}

/** An event with the milliseconds since the command began. */
export type Timed<Event> = Event & { readonly sinceMs: number }

/**
 * Runs a sub-command and resolves with its exit code. Whatever it throws is told on stderr, and as an event.
 *
 * @param write turns an event into the line that is printed, if any
 */
export async function telling<Event>(
  write: (event: Timed<Event | FailedEvent>) => string | undefined,
  work: (tell: (event: Event) => void, ended: AbortSignal) => Promise<ExitCode>,
): Promise<ExitCode> {
  const startedAtMs = performance.now()
  const tell = (event: Event | FailedEvent) => {
    const line = write({ ...event, sinceMs: Math.round((performance.now() - startedAtMs) * 10) / 10 })
    if (line !== undefined) process.stdout.write(`${line}\n`)
  }
  const ending = endOfProcess()
  try {
    return await work(tell, ending.signal)
  } catch (error) {
    if (ending.signal.aborted && !(error instanceof EdgeNetError)) return EXIT.interrupted
    const exitCode = exitCodeFor(error)
    const record = recordOf(error)
    process.stderr.write(`edge-net: ${safeText(record.message)}\n`)
    if (record.hint) process.stderr.write(`hint: ${safeText(record.hint)}\n`)
    tell({ event: 'failed', error: record, exitCode })
    return exitCode
  } finally {
    ending.forget()
  }
}

function exitCodeFor(error: unknown): ExitCode {
  if (error instanceof UsageError) return EXIT.usage
  return error instanceof EdgeNetError ? exitCodeOf(error) : EXIT.failure
}

function recordOf(error: unknown): ErrorRecord {
  if (error instanceof EdgeNetError) return errorRecord(error)
  if (error instanceof UsageError) {
    return { code: 'invalid-argument', reason: 'usage', message: error.message, hint: error.hint }
  }
  if (error instanceof CommandFailure) {
    return { code: 'failure', reason: error.reason, message: error.message, hint: error.hint }
  }
  const message = error instanceof Error ? error.message : String(error)
  return { code: 'failure', reason: '', message, hint: '' }
}
