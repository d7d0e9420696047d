/** How the process is told to end. */
import { EXIT } from './exit.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** The first signal asks to leave in good order; the second does not wait. So does a reader that has gone. */
export function endOfProcess(): { readonly signal: AbortSignal; forget(): void } {
  const ending = new AbortController()
  const onSignal = () => {
    if (ending.signal.aborted) process.exit(EXIT.interrupted)
    ending.abort()
  }
  const onOutputError = () => ending.abort()
  for (const name of SIGNALS) process.on(name, onSignal)
  process.stdout.on('error', onOutputError)
  return {
    signal: ending.signal,
    forget() {
      for (const name of SIGNALS) process.off(name, onSignal)
    },
  }
}
