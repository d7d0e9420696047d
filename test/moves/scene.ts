/**
 * Where a link under trial lives: a room of its own in a real workerd, a wire from each side to it, and the air between
 * the two sides. Everything that can be taken from a link from outside is taken here.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startService, type Service } from '../support/server.ts'
import { TcpWire } from './tcp-wire.ts'
import { UdpAir, type Side } from './udp-air.ts'

export class Scene {
  readonly network: string
  readonly air: UdpAir
  readonly wires: Readonly<Record<Side, TcpWire>>
  readonly #storage: string
  #service: Service

  private constructor(network: string, service: Service, storage: string, air: UdpAir, wires: Scene['wires']) {
    this.network = network
    this.air = air
    this.wires = wires
    this.#service = service
    this.#storage = storage
  }

  static async open(network: string): Promise<Scene> {
    const storage = await mkdtemp(join(tmpdir(), 'edge-net-moves-'))
    const service = await startService({ rateLimits: 'off', storage })
    const [air, a, b] = await Promise.all([UdpAir.open(), TcpWire.open(service.port), TcpWire.open(service.port)])
    return new Scene(network, service, storage, air, { a, b })
  }

  /** Where the Worker serves the SDK. */
  get origin(): string {
    return this.#service.url
  }

  /** The room, over the wire of this side. */
  roomUrl(side: Side): string {
    return `http://127.0.0.1:${this.wires[side].port}/n/${this.network}`
  }

  /** Drops the room's memory, as the platform does with an idle room; its sockets stay. */
  hibernateRoom(): Promise<void> {
    return this.#service.evict(this.network, 'hibernate')
  }

  /** Drops the room's memory and its sockets. */
  evictRoom(): Promise<void> {
    return this.#service.evict(this.network, 'close')
  }

  /** Stops the whole server, and starts it again at the same port with the same storage. */
  async redeploy(): Promise<void> {
    const { port } = this.#service
    await this.#service.close()
    this.#service = await startService({ rateLimits: 'off', storage: this.#storage, port })
  }

  async close(): Promise<void> {
    await Promise.all([this.air.close(), this.wires.a.close(), this.wires.b.close(), this.#service.close()])
    await rm(this.#storage, { recursive: true })
  }
}
