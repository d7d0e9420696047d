/** STUN over TCP and TLS: messages one after the other (RFC 8489 section 6.2.2); the transport repeats what gets lost. */
import { once } from 'node:events'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { StunChannel } from './channel.ts'
import { decodeAnswer, HEADER_BYTES, messageLength, type Answer, type Endpoint, type Request } from './message.ts'

/** TCP and TLS take two round trips or three, and a lost SYN is repeated after one second and after three. */
const CONNECT_MS = 5_000
const ANSWER_MS = 5_000

/**
 * @param serverName checked against the certificate, with `tls`
 * @throws what the socket throws: refused, unreachable, timed out, or a certificate that does not hold
 */
export async function openStream(server: Endpoint, transport: 'tcp' | 'tls', serverName: string): Promise<StunChannel> {
  const target = { host: server.address, port: server.port }
  // A name is indicated and checked; an address stands in the certificate itself or nowhere.
  const identity = isIP(serverName) ? {} : { servername: serverName }
  const socket = transport === 'tls' ? connectTls({ ...target, ...identity }) : connectTcp(target)
  const timeout = AbortSignal.timeout(CONNECT_MS)
  try {
    await once(socket, transport === 'tls' ? 'secureConnect' : 'connect', { signal: timeout })
  } catch (error) {
    socket.destroy()
    if (!timeout.aborted) throw error
    throw Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' })
  }
  return new Stream(socket)
}

class Stream implements StunChannel {
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  readonly #waiting = new Map<string, (answer: Answer | undefined) => void>()

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => this.#read(bytes))
    socket.on('error', () => undefined)
    socket.on('close', () => this.#settleAll())
  }

  ask({ bytes, transaction }: Request): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      const settle = (answer: Answer | undefined) => {
        clearTimeout(giveUp)
        this.#waiting.delete(transaction)
        resolve(answer)
      }
      const giveUp = setTimeout(() => settle(undefined), ANSWER_MS)
      this.#waiting.set(transaction, settle)
      if (this.#socket.destroyed) settle(undefined)
      else this.#socket.write(bytes)
    })
  }

  close(): void {
    this.#settleAll()
    this.#socket.destroy()
  }

  #read(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes])
    for (;;) {
      const length = messageLength(this.#received)
      if (length === undefined || this.#received.length < length) return
      const answer = decodeAnswer(this.#received.subarray(0, length))
      this.#received = this.#received.subarray(Math.max(length, HEADER_BYTES))
      if (answer) this.#waiting.get(answer.transaction)?.(answer)
      // What does not speak STUN here never will.
      else return void this.#socket.destroy()
    }
  }

  #settleAll(): void {
    for (const settle of this.#waiting.values()) settle(undefined)
  }
}
