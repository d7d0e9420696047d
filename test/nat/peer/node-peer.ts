import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import type { Namespace } from '../lab/namespace.ts'
import { RemoteDriver } from './remote-driver.ts'

interface Answer {
  readonly id: number
  readonly result?: unknown
  readonly error?: string
}

/** The SDK in a Node process, with its engine. */
export class NodePeer extends RemoteDriver {
  readonly engine = 'node'
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>()
  #calls = 0

  constructor(child: ChildProcess) {
    super()
    this.#process = child
    child.on('message', ({ id, result, error }: Answer) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve(result)
      else waiting?.reject(new Error(error))
    })
    child.on('close', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the Node peer ended with ${code}`))
    })
  }

  static async start(namespace: Namespace): Promise<NodePeer> {
    const program = join(import.meta.dirname, 'node-program.ts')
    const peer = new NodePeer(namespace.spawn(process.execPath, [program], ['ignore', 'inherit', 'inherit', 'ipc']))
    await new Promise((resolve, reject) => peer.#waiting.set(0, { resolve, reject }))
    return peer
  }

  async close(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const ended = new Promise((resolve) => this.#process.once('close', resolve))
    this.#process.kill('SIGKILL')
    await ended
  }

  protected call(method: string, ...args: readonly unknown[]): Promise<unknown> {
    const id = ++this.#calls
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#process.send({ id, method, args })
    })
  }
}
