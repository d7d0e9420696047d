/** The built `edge-net` command on a terminal, as util-linux' `script` makes one; Node has none to give. */
import { spawn, spawnSync } from 'node:child_process'
import { COMMAND } from './command.ts'

/** Whether there is a `script` that runs a command: that of util-linux. */
export const HAS_TERMINALS = spawnSync('script', ['--version']).stdout?.toString().includes('util-linux') ?? false

export interface TerminalCommand {
  readonly ended: Promise<number | null>
  /** All that the terminal has shown. */
  shown(): string
  /** As keys are typed: `\n` is Enter, `\u0003` is Ctrl-C. */
  type(keys: string): void
}

/** Starts it with 120 columns. */
export function onTerminal(args: readonly string[], env: Readonly<Record<string, string>>): TerminalCommand {
  const words = [process.execPath, COMMAND, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('EDGE_NET_'))
  const child = spawn('script', ['-qec', `stty cols 120; exec ${words.join(' ')}`, '/dev/null'], {
    env: { ...Object.fromEntries(inherited), TERM: 'xterm', ...env },
    stdio: 'pipe',
  })
  let shown = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text))
  return {
    ended: new Promise((resolve, reject) => {
      child.on('error', reject)
      child.on('close', resolve)
    }),
    shown: () => shown,
    type: (keys) => void child.stdin.write(keys),
  }
}
