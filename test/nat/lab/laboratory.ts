/**
 * A laboratory of networks: an internet with the real Worker and the real coturn, and hosts behind NATs of every type.
 *
 * @example
 * await using lab = await laboratory()
 * const ada = await (await lab.host('symmetric')).chromium()
 * const bob = await (await lab.host('udp-blocked')).node()
 * const room = await lab.room('stun')
 * await Promise.all([ada.join(room), bob.join(room)])
 */
import { randomUUID } from 'node:crypto'
import type { ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Coturn } from './coturn.ts'
import { Host } from './host.ts'
import { Internet, SERVER_ADDRESS, TURN_ADDRESS, WORKER_ADDRESSES } from './internet.ts'
import { freshNamespaceName, Namespace, removeStaleNamespaces } from './namespace.ts'
import type { NatType } from './nat.ts'
import type { IceSet, ServerRequest } from './server-program.ts'

const SERVER_PROGRAM = join(import.meta.dirname, 'server-program.ts')

export class Laboratory {
  readonly internet = new Internet()
  readonly #server = new Namespace(freshNamespaceName('server'))
  readonly #hosts: Host[] = []
  readonly #waiting = new Map<number, { resolve: () => void; reject: (error: Error) => void }>()
  #folder = ''
  #coturn: Coturn | undefined
  #program: ChildProcess | undefined
  #requests = 0

  async start(): Promise<this> {
    try {
      await removeStaleNamespaces()
      this.#folder = await mkdtemp(join(tmpdir(), 'edge-net-nat-'))
      await this.internet.create()
      await this.#server.create()
      const addresses = [SERVER_ADDRESS, TURN_ADDRESS, ...Object.values(WORKER_ADDRESSES)]
      await this.internet.connect(this.#server, 'eth0', addresses)
      this.#coturn = new Coturn(this.#server, this.#folder)
      await this.#coturn.start()
      await this.#startProgram()
      return this
    } catch (error) {
      // What failed first is what the reader needs to know.
      await this.close().catch(() => undefined)
      throw error
    }
  }

  get coturn(): Coturn {
    if (!this.#coturn) throw new Error('the laboratory has not started')
    return this.#coturn
  }

  /** A new host behind a NAT of its own. */
  async host(nat: NatType): Promise<Host> {
    const host = new Host(this.internet, nat, this.coturn.certificate)
    this.#hosts.push(host)
    return host.create()
  }

  /** Takes a host away that is not needed any more. */
  async remove(host: Host): Promise<void> {
    this.#hosts.splice(this.#hosts.indexOf(host), 1)
    await host.remove()
  }

  /** A room URL that nobody has used; its Worker hands out these ICE servers. */
  async room(ice: IceSet): Promise<string> {
    await this.#ask({ type: 'worker', ice })
    return `http://${WORKER_ADDRESSES[ice]}/n/nat-${randomUUID().slice(0, 13)}`
  }

  async evict(roomUrl: string, webSockets: 'hibernate' | 'close'): Promise<void> {
    const { hostname, pathname } = new URL(roomUrl)
    const [ice] = Object.entries(WORKER_ADDRESSES).find(([, address]) => address === hostname) ?? []
    await this.#ask({ type: 'evict', ice: ice as IceSet, room: pathname.slice('/n/'.length), webSockets })
  }

  /** Where two bare peers can meet, for a control. */
  bareRoom(): string {
    return `ws://${SERVER_ADDRESS}/${randomUUID()}`
  }

  /** Removes everything that was made, whatever state it is in. */
  async close(): Promise<void> {
    const removals = this.#hosts.splice(0).map((host) => host.remove())
    const results = await Promise.allSettled([...removals, this.#server.remove(), this.internet.remove()])
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true })
    const failed = results.find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #startProgram(): Promise<void> {
    const ready = new Promise<void>((resolve, reject) => this.#waiting.set(0, { resolve, reject }))
    this.#program = this.#server.spawn(process.execPath, [SERVER_PROGRAM], ['ignore', 'inherit', 'inherit', 'ipc'])
    this.#program.on('message', ({ id, error }: { id: number; error?: string }) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.resolve()
      else waiting?.reject(new Error(error))
    })
    this.#program.on('close', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the server program ended with ${code}`))
    })
    await ready
  }

  #ask(request: ServerRequest): Promise<void> {
    const id = ++this.#requests
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#program?.send({ id, request })
    })
  }
}

export function laboratory(): Promise<Laboratory> {
  return new Laboratory().start()
}
