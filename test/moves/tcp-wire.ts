/** The wire between one peer and the room: a TCP proxy that can cut its connections, or let them die without a word. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

interface Connection {
  readonly client: Socket
  readonly room: Socket
  /** Whatever comes in on either end is dropped, and neither end is told anything. */
  isDead: boolean
}

export class TcpWire {
  readonly #server: Server
  readonly #connections = new Set<Connection>()

  private constructor(server: Server) {
    this.#server = server
  }

  /** A wire to a port of this machine, which may come and go. */
  static async open(roomPort: number): Promise<TcpWire> {
    const wire: TcpWire = new TcpWire(
      createServer({ noDelay: true }, (client) => {
        wire.#connect(client, connect({ port: roomPort, host: '127.0.0.1', noDelay: true }))
      }),
    )
    await new Promise<void>((resolve) => wire.#server.listen(0, '127.0.0.1', resolve))
    return wire
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Resets every connection: both ends hear of it at once. */
  reset(): void {
    for (const { client, room } of this.#connections) {
      client.resetAndDestroy()
      room.resetAndDestroy()
    }
  }

  /** As after a change of the network: the connections stay, and nothing passes any more. New ones are well. */
  goSilent(): void {
    for (const connection of this.#connections) connection.isDead = true
  }

  async close(): Promise<void> {
    this.reset()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #connect(client: Socket, room: Socket): void {
    const connection: Connection = { client, room, isDead: false }
    this.#connections.add(connection)
    for (const [from, to] of [
      [client, room],
      [room, client],
    ] as const) {
      from.on('data', (chunk) => {
        if (connection.isDead || to.destroyed) return
        if (!to.write(chunk)) {
          from.pause()
          to.once('drain', () => from.resume())
        }
      })
      from.on('end', () => connection.isDead || to.end())
      // What an error means for the other end is said by the close that follows it.
      from.on('error', () => undefined)
      from.on('close', () => {
        if (!connection.isDead) to.destroy()
        if (client.destroyed && room.destroyed) this.#connections.delete(connection)
      })
    }
  }
}
