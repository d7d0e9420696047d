/**
 * What lies between two peers' UDP sockets. Every host candidate gets a stand-in here, a socket whose address goes out in
 * its place; a packet to a stand-in is passed on to the real address from the stand-in of its sender. So packets can be
 * dropped, in one direction or both, without an event on either side, and without privileges on this machine.
 */
import { createSocket, type Socket } from 'node:dgram'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Side = 'a' | 'b'

interface StandIn {
  readonly side: Side
  readonly socket: Socket
  readonly address: string
  readonly port: number
  /** Packets from this stand-in's side, or to it, are dropped. */
  dropsFrom: boolean
  dropsTo: boolean
}

/** Of all but the latest few connections nobody is interested any more. */
const MAX_STAND_INS = 64
/** A window's worth of packets may arrive while another lane has the processor. */
const BUFFER_BYTES = 4 * 1_048_576

export class UdpAir {
  readonly #server: Server
  /** By the real address, `ip:port`; the oldest first. */
  readonly #standIns = new Map<string, StandIn>()

  private constructor(server: Server) {
    this.#server = server
  }

  static async open(): Promise<UdpAir> {
    // Pages can ask over HTTP as well as processes can.
    const air: UdpAir = new UdpAir(
      createServer((request, response) => {
        const query = new URL(request.url ?? '', 'http://air').searchParams
        const [side, address, port] = [query.get('side'), query.get('address'), Number(query.get('port'))]
        response.setHeader('Access-Control-Allow-Origin', '*')
        air.#standIn(side as Side, address ?? '', port).then(
          (standInPort) => response.end(String(standInPort)),
          (error: unknown) => response.writeHead(500).end(String(error)),
        )
      }),
    )
    await new Promise<void>((resolve) => air.#server.listen(0, '127.0.0.1', resolve))
    return air
  }

  /** Where peers ask for stand-ins: `?side=…&address=…&port=…` is answered with the stand-in's port at that address. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  /** From now on nothing passes on the connections there are; with `from`, nothing that this side sends. */
  cut(from?: Side): void {
    for (const standIn of this.#standIns.values()) {
      if (from === undefined || from === standIn.side) standIn.dropsFrom = true
      if (from === undefined || from !== standIn.side) standIn.dropsTo = true
    }
  }

  /** Everything passes again. */
  restore(): void {
    for (const standIn of this.#standIns.values()) standIn.dropsFrom = standIn.dropsTo = false
  }

  async close(): Promise<void> {
    for (const { socket } of this.#standIns.values()) socket.close()
    this.#standIns.clear()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #standIn(side: Side, address: string, port: number): Promise<number> {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(0, address, resolve)
    })
    socket.removeAllListeners('error')
    // Packets to a port that was closed meanwhile: lost, like packets.
    socket.on('error', () => undefined)
    socket.setRecvBufferSize(BUFFER_BYTES)
    socket.setSendBufferSize(BUFFER_BYTES)
    const standIn: StandIn = { side, socket, address, port, dropsFrom: false, dropsTo: false }
    socket.on('message', (packet, sender) => {
      const from = this.#standIns.get(`${sender.address}:${sender.port}`)
      if (!from || from.dropsFrom || standIn.dropsTo) return
      from.socket.send(packet, standIn.port, standIn.address)
    })
    this.#standIns.get(`${address}:${port}`)?.socket.close()
    this.#standIns.delete(`${address}:${port}`)
    this.#standIns.set(`${address}:${port}`, standIn)
    const [oldest] = this.#standIns
    if (oldest && this.#standIns.size > MAX_STAND_INS) {
      this.#standIns.delete(oldest[0])
      oldest[1].socket.close()
    }
    return socket.address().port
  }
}
