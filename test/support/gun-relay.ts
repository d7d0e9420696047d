/**
 * A real Gun relay on the loopback interface: the server of the `gun` package with its AXE routing, in a process of its own, as
 * it changes the globals of the process it runs in.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PROGRAM = `
const { createServer } = require('node:http')
const openGun = require(process.argv[1])
const server = createServer(openGun.serve(__dirname))
server.listen(Number(process.argv[2]), '127.0.0.1', () => process.send('listening'))
openGun({ web: server, localStorage: false, radisk: false, multicast: false, axe: process.argv[3] === 'axe', stats: false })
`

export interface GunRelay {
  /** As it is given to a carrier. */
  readonly url: string
  /** Ends the process: all sockets close, all that it had is forgotten. */
  stop(): Promise<void>
  /** Runs it again under the same URL. */
  start(): Promise<void>
  /** Stops its process where it stands, so that its sockets stay open and silent; and lets it go on. */
  freeze(): void
  thaw(): void
  close(): Promise<void>
}

/** @param axe whether it tells of a node only those who asked for it; without, everybody of everything */
export async function startGunRelay({ axe = true } = {}): Promise<GunRelay> {
  const folder = await mkdtemp(join(tmpdir(), 'edge-net-gun-'))
  const port = await freePort()
  const gun = join(import.meta.dirname, '../../node_modules/gun/index.js')
  let child: ChildProcess | undefined
  const relay: GunRelay = {
    url: `http://127.0.0.1:${port}/gun`,
    async start() {
      child = spawn(process.execPath, ['-e', PROGRAM, gun, String(port), axe ? 'axe' : 'flood'], {
        cwd: folder,
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      })
      const running = child
      let errors = ''
      running.stderr?.on('data', (text) => (errors = `${errors}${String(text)}`.slice(-4_000)))
      await new Promise<void>((resolve, reject) => {
        running.once('message', () => resolve())
        running.once('exit', () => reject(new Error(`the Gun relay has ended: ${errors}`)))
      })
    },
    async stop() {
      const running = child
      child = undefined
      if (!running || running.exitCode !== null || running.signalCode !== null) return
      const ended = new Promise((resolve) => running.once('exit', resolve))
      running.kill('SIGKILL')
      await ended
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    async close() {
      await relay.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
  await relay.start()
  return relay
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Somebody who speaks to a relay as Gun does, and says what he likes. */
export class GunStranger {
  readonly #socket: WebSocket
  /** Every message that the relay sent, as text. */
  readonly heard: string[] = []

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.onmessage = ({ data }: MessageEvent<string>) => this.heard.push(data)
  }

  static async of(url: string): Promise<GunStranger> {
    const socket = new WebSocket(url.replace(/^http/, 'ws'))
    const stranger = new GunStranger(socket)
    await new Promise((resolve, reject) => {
      socket.onopen = resolve
      socket.onerror = reject
    })
    return stranger
  }

  /** Writes values into a node, with a state. */
  put(soul: string, values: Readonly<Record<string, unknown>>, state = Date.now()): void {
    const states = Object.fromEntries(Object.keys(values).map((slot) => [slot, state]))
    this.say({ put: { [soul]: { _: { '#': soul, '>': states }, ...values } } })
  }

  get(soul: string): void {
    this.say({ get: { '#': soul } })
  }

  say(message: object): void {
    this.#socket.send(JSON.stringify({ '#': Math.random().toString(36).slice(2, 11), ...message }))
  }

  close(): void {
    this.#socket.close()
  }
}
