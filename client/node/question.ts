/** A question to whoever sits at the terminal. */
import { createInterface } from 'node:readline/promises'

/** Whether there is somebody to ask: input and what the question is written to are a terminal. */
export function canAsk(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY
}

/**
 * Asks on stderr, where it does not mix with what a program reads.
 *
 * @returns the answer, without blanks around it, in lower case; empty when the input has ended
 * @throws the signal's reason when it aborts
 */
export async function answerTo(question: string, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  // Ctrl-C reaches readline instead of the process.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')))
  try {
    const answer = await Promise.race([terminal.question(question, { signal }), ended])
    return answer.trim().toLowerCase()
  } finally {
    terminal.close()
  }
}
