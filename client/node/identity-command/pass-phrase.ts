/** Where the command gets a pass phrase from. It is never an argument: those are seen by whoever lists processes. */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { passPhraseFault } from '../../identity/pass-phrase.ts'
import { variable, type Environment } from '../environment.ts'
import { linesOf } from '../ledger-command/lines.ts'
import { UsageError } from '../usage-error.ts'

/**
 * The pass phrase of the environment; or else what is typed, unseen; or else the first line of the standard input.
 *
 * @param use `new`, for a backup to be made: it must be good enough, and typed twice
 * @throws UsageError when there is none, or none that is good enough; the signal's reason when it aborts
 */
export async function readPassPhrase(
  use: 'new' | 'known',
  environment: Environment,
  signal: AbortSignal,
): Promise<string> {
  const given = variable(environment, 'EDGE_NET_PASS_PHRASE')
  if (given !== undefined) return checked(given, use)
  if (!process.stdin.isTTY) return checked(await firstLine(process.stdin), use)
  const typed = checked(await typedUnseen('Pass phrase: ', signal), use)
  if (use === 'new' && typed !== (await typedUnseen('The same again: ', signal)))
    throw new UsageError('That was not the same pass phrase.', 'Try again; nothing was written.')
  return typed
}

function checked(passPhrase: string, use: 'new' | 'known'): string {
  const fault = use === 'new' ? passPhraseFault(passPhrase) : undefined
  if (fault !== undefined) throw new UsageError(fault, 'Choose another pass phrase.')
  return passPhrase
}

async function firstLine(input: AsyncIterable<Uint8Array>): Promise<string> {
  for await (const line of linesOf(input)) return line
  throw new UsageError(
    'There is no pass phrase.',
    'Run it at a terminal, or give it by EDGE_NET_PASS_PHRASE or the standard input.',
  )
}

/** Asks on stderr, where it does not mix with what a program reads, and shows nothing of what is typed. */
async function typedUnseen(question: string, signal: AbortSignal): Promise<string> {
  process.stderr.write(question)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 })
  // Ctrl-C reaches readline instead of the process.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  // Ctrl-D: nothing was typed.
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')))
  try {
    return await Promise.race([terminal.question('', { signal }), ended])
  } finally {
    terminal.close()
    process.stderr.write('\n')
  }
}
