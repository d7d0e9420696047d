/**
 * The distance between two peers, made in user space, without root: TCP proxies in front of the room and UDP sockets
 * that stand in for the peers' own. A peer learns the stand-in's port in place of the other's real one, so every packet
 * of a direct path passes through here, is held back half a round trip, and is dropped while the wire is cut.
 */
import { createSocket, type Socket } from 'node:dgram'
import { connect, createServer, type AddressInfo, type Server, type Socket as TcpSocket } from 'node:net'
import { networkInterfaces } from 'node:os'

/** A bulk transfer sends bursts of many packets; the kernel gives less than this if it must. */
const SOCKET_BUFFER_BYTES = 4 * 1_048_576
/** Timers are whole milliseconds and may fire a fraction early. */
const TIMER_SLACK_MS = 0.5

/** Does things after a fixed delay, in order. */
class Delay {
  readonly #delayMs: number
  readonly #queue: { dueMs: number; act: () => void }[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(delayMs: number) {
    this.#delayMs = delayMs
  }

  later(act: () => void, notBeforeMs = 0): void {
    if (this.#delayMs === 0 && notBeforeMs <= performance.now() && this.#queue.length === 0) return act()
    this.#queue.push({ dueMs: Math.max(performance.now(), notBeforeMs) + this.#delayMs, act })
    this.#timer ??= setTimeout(this.#pump, Math.max(0, (this.#queue[0]?.dueMs ?? 0) - performance.now()))
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#queue.length = 0
  }

  readonly #pump = () => {
    this.#timer = undefined
    const dueMs = performance.now() + TIMER_SLACK_MS
    let done = 0
    for (; (this.#queue[done]?.dueMs ?? Infinity) <= dueMs; done++) this.#queue[done]?.act()
    this.#queue.splice(0, done)
    if (this.#queue[0]) this.#timer = setTimeout(this.#pump, Math.max(0, this.#queue[0].dueMs - performance.now()))
  }
}

// ---- the way to the room ---------------------------------------------------------------------------------------------

/** One peer's way to the room: TCP, without TLS. A connection's first bytes pay for the TCP handshake. */
export class RoomWire {
  readonly #server: Server
  readonly #sockets = new Set<TcpSocket>()
  #isUp = true

  private constructor(targetPort: number, roundTripMs: number) {
    this.#server = createServer({ noDelay: true }, (client) => {
      if (!this.#isUp) {
        client.destroy()
        return
      }
      const target = connect({ port: targetPort, host: '127.0.0.1', noDelay: true })
      const readyAtMs = roundTripMs === 0 ? 0 : performance.now() + roundTripMs
      this.#carry(client, target, roundTripMs / 2, readyAtMs)
      this.#carry(target, client, roundTripMs / 2, readyAtMs)
    })
  }

  static async open(targetPort: number, roundTripMs: number): Promise<RoomWire> {
    const wire = new RoomWire(targetPort, roundTripMs)
    await new Promise<void>((resolve) => wire.#server.listen(0, '127.0.0.1', resolve))
    return wire
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Kills the connections that exist, as a NAT or a proxy does that has forgotten them. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Kills them and lets no new ones through, until {@link restore}. */
  down(): void {
    this.#isUp = false
    this.cut()
  }

  restore(): void {
    this.#isUp = true
  }

  close(): Promise<void> {
    this.cut()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  #carry(from: TcpSocket, to: TcpSocket, delayMs: number, readyAtMs: number): void {
    const delay = new Delay(delayMs)
    this.#sockets.add(from)
    from.on('data', (chunk) => delay.later(() => to.write(chunk), readyAtMs))
    from.on('end', () => delay.later(() => to.end(), readyAtMs))
    from.on('error', () => to.destroy())
    from.on('close', () => {
      this.#sockets.delete(from)
      delay.later(() => to.destroy(), readyAtMs)
    })
    to.on('close', () => {
      delay.stop()
      from.destroy()
    })
  }
}

// ---- the way between two peers -----------------------------------------------------------------------------------------

interface StandIn {
  readonly socket: Socket
  readonly realPort: number
}

/** The direct way between the two peers of one pair. */
export class DirectWire {
  readonly #delay: Delay
  /** By the real port of the peer's own socket. */
  readonly #standIns = new Map<number, Promise<StandIn>>()
  readonly #address = hostAddress()
  #isUp = true

  constructor(roundTripMs: number) {
    this.#delay = new Delay(roundTripMs / 2)
  }

  /** The port to be told to the other peer in place of a candidate's own. */
  async portFor(realPort: number): Promise<number> {
    return (await this.#standInOf(realPort)).socket.address().port
  }

  /** From now on nothing passes, and nothing tells the peers so. */
  cut(): void {
    this.#isUp = false
  }

  restore(): void {
    this.#isUp = true
  }

  async close(): Promise<void> {
    this.#delay.stop()
    for (const { socket } of await Promise.all(this.#standIns.values())) socket.close()
    this.#standIns.clear()
  }

  #standInOf(realPort: number): Promise<StandIn> {
    const existing = this.#standIns.get(realPort)
    if (existing) return existing
    const opening = new Promise<StandIn>((resolve) => {
      const socket = createSocket({
        type: 'udp4',
        recvBufferSize: SOCKET_BUFFER_BYTES,
        sendBufferSize: SOCKET_BUFFER_BYTES,
      })
      socket.on('message', (packet, from) => void this.#pass(packet, from.port, realPort))
      // A peer's socket that has been closed answers with ICMP; that is the network's business.
      socket.on('error', () => undefined)
      socket.bind(0, this.#address, () => resolve({ socket, realPort }))
    })
    this.#standIns.set(realPort, opening)
    return opening
  }

  /** To the peer at `toPort`, from the stand-in of the peer at `fromPort`. */
  async #pass(packet: Buffer, fromPort: number, toPort: number): Promise<void> {
    if (!this.#isUp) return
    const { socket } = await this.#standInOf(fromPort)
    this.#delay.later(() => {
      if (this.#isUp) socket.send(packet, toPort, this.#address)
    })
  }
}

/** The address that Chromium gathers as its host candidate: IPv4, not loopback. */
export function hostAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((some) => some ?? [])
  const found = all.find(({ family, internal }) => family === 'IPv4' && !internal)
  if (!found) throw new Error('This machine has no IPv4 address besides loopback, so pages gather no host candidates.')
  return found.address
}
