/** The network's links as the mesh is to know them: who has one, whether its path is direct or poor, and who its peer says that it is. */
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import type { Peer } from '../api.ts'
import type { MeshHost } from './api.ts'
import type { Mesh } from './mesh.ts'

/** Has the mesh take something in, when it can. */
export type Turn = (act: (mesh: Mesh, nowMs: number) => unknown) => void

export class LinkWatch {
  readonly #host: Pick<MeshHost, 'on' | 'peers' | 'announcementOf'>
  readonly #turn: Turn
  /** Peers with a link, and the announcement that the mesh knows. */
  readonly #links = new Map<PeerId, Bytes>()
  readonly #direct = new Set<PeerId>()
  readonly #stops: readonly (() => void)[]

  constructor(host: Pick<MeshHost, 'on' | 'peers' | 'announcementOf'>, turn: Turn) {
    this.#host = host
    this.#turn = turn
    this.#stops = [
      host.on('peer', ({ peer }) => this.linked(peer)),
      host.on('peer-left', ({ peer }) => this.#left(peer)),
      host.on('path', ({ peer }) => this.#path(peer)),
      host.on('peer-state', ({ peer }) => this.#path(peer)),
      host.on('quality', ({ peer, quality: { level } }) => {
        turn((mesh, now) => mesh.quality(peer.id, level === 'poor' || level === 'lost', now))
      }),
    ]
    for (const peer of host.peers.values()) this.linked(peer)
  }

  /** Whether there is a direct path to one of these. */
  hasDirect(ids: Iterable<PeerId>): boolean {
    for (const id of ids) if (this.#direct.has(id)) return true
    return false
  }

  /** There is a link. */
  linked(peer: Peer): void {
    const { id } = peer
    const announcement = this.#host.announcementOf(id)
    if (!announcement) return
    this.#links.set(id, announcement)
    this.#turn((mesh, now) => mesh.linkUp(id, announcement, now))
    // To the mesh a link that has come up has no direct path yet.
    this.#direct.delete(id)
    this.#path(peer)
  }

  /** Nothing tells that a peer has shown a newer announcement; the older one ends within a day. */
  renew(): void {
    for (const [id, known] of this.#links) {
      const newest = this.#host.announcementOf(id)
      if (!newest || newest === known) continue
      this.#links.set(id, newest)
      this.#turn((mesh, now) => mesh.renewed(id, newest, now))
    }
  }

  stop(): void {
    for (const stop of this.#stops) stop()
  }

  #left({ id }: Peer): void {
    this.#links.delete(id)
    this.#direct.delete(id)
    this.#turn((mesh, now) => mesh.linkDown(id, now))
  }

  #path({ id, path, state }: Peer): void {
    const isDirect = this.#links.has(id) && path.kind === 'direct' && state === 'verified'
    if (this.#direct.has(id) === isDirect) return
    if (isDirect) this.#direct.add(id)
    else this.#direct.delete(id)
    this.#turn((mesh, now) => mesh.path(id, isDirect, now))
  }
}
