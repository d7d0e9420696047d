/** STUN over UDP: one socket, so that a NAT has one thing to map, and repeats of what gets lost (RFC 8489 section 6.2.1). */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv6 } from 'node:net'
import type { StunChannel } from './channel.ts'
import { decodeAnswer, type Answer, type Endpoint, type Request } from './message.ts'

/** Repeats at 0.25, 0.75 and 1.75 s: half the RFC's first time-out, since a person is waiting. */
const FIRST_REPEAT_MS = 250
const MAX_SENDS = 4
/** No answer by then is none: four lost packets in a row, or more than a second over a satellite. */
export const UDP_ANSWER_MS = 3_000

export class UdpSocket {
  readonly #socket: Socket
  readonly #waiting = new Map<string, (answer: Answer | undefined) => void>()

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', (bytes) => {
      const answer = decodeAnswer(bytes)
      if (answer) this.#waiting.get(answer.transaction)?.(answer)
    })
    // ICMP says "unreachable" to some systems' sockets; silence says the same everywhere.
    socket.on('error', () => undefined)
  }

  /** A socket that can reach addresses like this one. */
  static async reaching(address: string): Promise<UdpSocket> {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    socket.bind(0)
    await once(socket, 'listening')
    return new UdpSocket(socket)
  }

  get port(): number {
    return this.#socket.address().port
  }

  /** Resolves with the answer, or `undefined` when none came in time. */
  ask({ bytes, transaction }: Request, { address, port }: Endpoint): Promise<Answer | undefined> {
    return new Promise((resolve) => {
      let timer: ReturnType<typeof setTimeout> | undefined
      const settle = (answer: Answer | undefined) => {
        clearTimeout(timer)
        clearTimeout(giveUp)
        this.#waiting.delete(transaction)
        resolve(answer)
      }
      const giveUp = setTimeout(() => settle(undefined), UDP_ANSWER_MS)
      this.#waiting.set(transaction, settle)
      const send = (sends: number, repeatMs: number) => {
        this.#socket.send(bytes, port, address, () => undefined)
        if (sends < MAX_SENDS) timer = setTimeout(() => send(sends + 1, repeatMs * 2), repeatMs)
      }
      send(1, FIRST_REPEAT_MS)
    })
  }

  /** The same, to one server only. */
  to(server: Endpoint): StunChannel {
    return { ask: (request) => this.ask(request, server), close: () => this.close() }
  }

  close(): void {
    for (const settle of this.#waiting.values()) settle(undefined)
    this.#socket.close()
  }
}
