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
  return typedUnseen(use, signal)
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
async function typedUnseen(use: 'new' | 'known', signal: AbortSignal): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  // From now on the terminal shows nothing by itself, also not what is typed before the question or between two.
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true, historySize: 0 })
  // Ctrl-C reaches readline instead of the process.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  // Ctrl-D: nothing was typed.
  const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')))
  const ask = async (question: string) => {
    process.stderr.write(question)
    try {
      return await Promise.race([terminal.question('', { signal }), ended])
    } finally {
      process.stderr.write('\n')
    }
  }
  try {
    const typed = checked(await ask('Pass phrase: '), use)
    if (use === 'known' || typed === (await ask('The same again: '))) return typed
    throw new UsageError('That was not the same pass phrase.', 'Try again; nothing was written.')
  } finally {
    terminal.close()
  }
}
