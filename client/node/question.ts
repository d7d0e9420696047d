/** Questions to whoever sits at the terminal. */
import { createInterface } from 'node:readline/promises'

/** Asks, and gives the answer: without blanks around it, in lower case; empty when the input has ended. */
export type Ask = (question: string) => Promise<string>

/**
 * Lets somebody be asked, on stderr, where it does not mix with what a program reads.
 *
 * @param act what may ask; `undefined` is given where there is no terminal. Its questions reject when the signal aborts
 */
export async function asking<Result>(
  signal: AbortSignal,
  act: (ask: Ask | undefined) => Promise<Result>,
): Promise<Result> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return act(undefined)
  // One for all questions: what is typed ahead is for the next one.
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const lines = terminal[Symbol.asyncIterator]()
  // Ctrl-C reaches readline instead of the process.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  const stop = () => terminal.close()
  signal.addEventListener('abort', stop)
  try {
    return await act(async (question) => {
      terminal.setPrompt(question)
      terminal.prompt()
      const { value, done } = await lines.next()
      signal.throwIfAborted()
      return done ? '' : value.trim().toLowerCase()
    })
  } finally {
    signal.removeEventListener('abort', stop)
    terminal.close()
  }
}
