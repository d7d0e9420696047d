/** The built `edge-net` command as a process, as a person runs it. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TimedEvent } from '../../client/node/report.ts'

export const COMMAND = join(import.meta.dirname, '..', '..', 'dist', 'npm', 'edge-net-command.js')

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

type EventOf<Name extends TimedEvent['event']> = Extract<TimedEvent, { event: Name }>

export interface RunningCommand {
  readonly ended: Promise<Ended>
  /** What has been printed so far. */
  stdout(): string
  /** The first event of the name that fits, past or to come. Only with `--json`. */
  event<Name extends TimedEvent['event']>(name: Name, fits?: (event: EventOf<Name>) => boolean): Promise<EventOf<Name>>
  type(line: string): void
  endInput(): void
  signal(name: NodeJS.Signals): void
  /** What reads the output goes away, as `head` does. */
  stopReading(): void
}

/**
 * Starts it; EDGE_NET_* variables of the tester's shell are not passed on. Unless EDGE_NET_DATA says where, it keeps identity
 * and ledger in a folder of its own, which is gone when it has ended.
 */
export function startCommand(
  args: readonly string[],
  { env = {}, nodeArgs = [] }: { env?: Record<string, string>; nodeArgs?: readonly string[] } = {},
): RunningCommand {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('EDGE_NET_'))
  const folder = env['EDGE_NET_DATA'] === undefined ? mkdtempSync(join(tmpdir(), 'edge-net-data-')) : undefined
  const child = spawn(process.execPath, [...nodeArgs, COMMAND, ...args], {
    env: { ...Object.fromEntries(inherited), ...(folder && { EDGE_NET_DATA: folder }), ...env },
    stdio: 'pipe',
  })
  let stdout = ''
  let stderr = ''
  let isOver = false
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const look of waiting) look()
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
    wake()
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  // Typing into a command that has ended is the test's own race, and shows in what it awaits.
  child.stdin.on('error', () => undefined)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      isOver = true
      if (folder) rmSync(folder, { recursive: true })
      resolve({ code, stdout, stderr })
      wake()
    })
  })
  return {
    ended,
    stdout: () => stdout,
    event: (name, fits = () => true) =>
      new Promise((resolve, reject) => {
        let read = 0
        const look = () => {
          const lines = stdout.split('\n')
          // The last piece is an unfinished line.
          for (; read < lines.length - 1; read++) {
            const event = JSON.parse(lines[read] ?? '') as EventOf<typeof name>
            if (event.event !== name || !fits(event)) continue
            waiting.delete(look)
            return resolve(event)
          }
          if (isOver) reject(new Error(`the command ended without "${name}"\n${stdout}\n${stderr}`))
        }
        waiting.add(look)
        look()
      }),
    type: (line) => void child.stdin.write(`${line}\n`),
    endInput: () => void child.stdin.end(),
    signal: (name) => void child.kill(name),
    stopReading: () => void child.stdout.destroy(),
  }
}
