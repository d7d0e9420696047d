/** Runs a TypeScript program of this repository in a process of its own. */
import { spawn } from 'node:child_process'

export interface Ended {
  readonly code: number | null
  readonly output: string
  readonly errors: string
}

/** Resolves when the program ends by itself; kills it and says so when it does not. */
export function runProgram(path: string, args: readonly string[], timeoutMs = 20_000): Promise<Ended> {
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, errors] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const killer = setTimeout(() => {
    errors += `\nstill running after ${timeoutMs} ms`
    child.kill('SIGKILL')
  }, timeoutMs)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      clearTimeout(killer)
      resolve({ code, output, errors })
    })
  })
}
