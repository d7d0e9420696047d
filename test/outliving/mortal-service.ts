/** A Worker that dies as machines do: it and workerd are killed, nobody is told, and later another one has its address. */
import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'

export class MortalService {
  port = 0
  #child: ChildProcess | undefined

  async start(): Promise<void> {
    // A group of its own: workerd is to die with it.
    const child = fork(join(import.meta.dirname, 'service-process.ts'), [String(this.port)], {
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#child = child
    this.port = await new Promise<number>((resolve, reject) => {
      child.once('message', (port) => resolve(Number(port)))
      child.once('exit', (code) => reject(new Error(`the service ended with ${code}`)))
    })
  }

  roomUrl(network: string): string {
    return `http://127.0.0.1:${this.port}/n/${network}`
  }

  async kill(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (!child?.pid || child.exitCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    process.kill(-child.pid, 'SIGKILL')
    await ended
  }
}
