/** Starting the toolchain's commands: always this package's own versions, on this Node, telling nobody. */
import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..')
const BIN = join(ROOT, 'node_modules', '.bin')

/** wrangler reports usage, writes log files and asks Cloudflare where this machine is, unless told not to. */
const QUIET = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_WRITE_LOGS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
}

/** The environment of every command: our tools and our Node first in PATH, no telemetry. */
export function toolEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, ...QUIET, PATH: [BIN, process.env['PATH']].join(delimiter) }
}

export interface Outcome {
  readonly code: number
  /** Standard output and error, in the order of arrival. */
  readonly output: string
}

/** Runs a command to its end. With `show`, its output appears as it comes and `output` stays empty. */
export function run(
  command: string,
  args: readonly string[],
  options: { show?: boolean; env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { ...toolEnvironment(), ...options.env },
      stdio: options.show ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (output += text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

/** Runs a command that has to succeed. */
export async function runOrThrow(command: string, args: readonly string[]): Promise<string> {
  const { code, output } = await run(command, args)
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}\n${output.trim()}`)
  return output
}
