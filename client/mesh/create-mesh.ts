/** `createMesh`: a mesh that `join` takes. */
import type { Bytes } from '../../protocol/bytes.ts'
import { MAX_DEGREE, MIN_DEGREE } from '../../protocol/limits.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import type { Peer, Sendable } from '../api.ts'
import { EdgeNetError } from '../errors.ts'
import type { MeshHost, NetworkGossip, SharedMesh } from './api.ts'
import { MeshShell } from './mesh-shell.ts'
import { NeighbourCarrier } from './neighbour-carrier.ts'

export interface CreateMeshOptions {
  /**
   * How many neighbours to have in a network that is too large for a link to everybody, 3 to 32. Default: what the network's
   * founder says (with `membership`), or 8. More than the founder says is not heeded.
   */
  readonly degree?: number
}

/** As plain names have it, and founders who say nothing. */
const DEFAULT_DEGREE = 8
const NOBODY: ReadonlySet<PeerId> = new Set()

/**
 * Makes a mesh for one network at a time.
 *
 * @throws EdgeNetError `invalid-argument`
 * @example
 * const network = await join('https://edge-net.example/n/mainnet', { mesh: createMesh() })
 * network.on('broadcast', ({ from, data }) => console.log(from.name, data))
 * await network.broadcast('hello, all of you')
 */
export function createMesh({ degree }: CreateMeshOptions = {}): SharedMesh {
  const isDegree = degree === undefined || (Number.isInteger(degree) && degree >= MIN_DEGREE && degree <= MAX_DEGREE)
  if (isDegree) return new NetworkMesh(degree)
  const message = `${String(degree)} is no degree of a mesh.`
  throw new EdgeNetError('invalid-argument', 'degree', message, `Use ${MIN_DEGREE} to ${MAX_DEGREE}.`)
}

/** A mesh as its owner holds it: of one network, of none, and of the next one. */
class NetworkMesh implements SharedMesh {
  readonly carrier = new NeighbourCarrier()
  readonly gossip: NetworkGossip = {
    // Of no network it says nothing to nobody: a ledger may still be closing.
    publish: (topic, payload) => this.#shell?.topics.publish(topic, payload),
    take: (topic, judge) => this.#shell?.topics.take(topic, judge) ?? (() => undefined),
    reaches: (peer) => this.#shell?.reaches(peer) ?? false,
  }
  readonly #degree: number | undefined
  #shell: MeshShell | undefined

  constructor(degree: number | undefined) {
    this.#degree = degree
  }

  get isComplete(): boolean {
    return this.#shell?.isComplete ?? true
  }

  get isLacking(): boolean {
    return this.#shell?.isLacking ?? true
  }

  get neighbours(): ReadonlySet<PeerId> {
    return this.#shell?.neighbours ?? NOBODY
  }

  attach(host: MeshHost): void {
    if (this.#shell) {
      const hint = 'Await close() of the other network, or make a mesh for each.'
      throw new EdgeNetError('invalid-argument', 'mesh', 'This mesh is in use.', hint)
    }
    const most = host.degree ?? MAX_DEGREE
    const degree = Math.min(this.#degree ?? host.degree ?? DEFAULT_DEGREE, most)
    this.#shell = new MeshShell(host, this.carrier, degree)
    this.carrier.routes = this.#shell
  }

  told(announcement: Bytes, via: number): void {
    this.#shell?.told(announcement, via)
  }

  used(peer: PeerId): void {
    this.#shell?.used(peer)
  }

  async reach(peer: PeerId): Promise<Peer> {
    return this.#inUse.reach(peer)
  }

  async broadcast(data: Sendable): Promise<void> {
    return this.#inUse.broadcast(data)
  }

  unblock(): void {
    this.#shell?.unblock()
  }

  suspend(): void {
    this.#shell?.suspend()
  }

  resume(): void {
    this.#shell?.resume()
  }

  detach(): void {
    this.#shell?.close()
    this.#shell = undefined
    this.carrier.routes = undefined
  }

  get #inUse(): MeshShell {
    if (this.#shell) return this.#shell
    throw new EdgeNetError('aborted', 'closed', 'This mesh is of no network.', 'Give it to join() as the option mesh.')
  }
}
