/**
 * What the mesh says to peers, until their links have taken it over. Invariant: a peer whose link takes nothing keeps a bounded
 * amount waiting. What is beyond is dropped, large messages first: what everybody is told comes by other neighbours, too.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import { FRAME_COST_BYTES } from '../../protocol/limits.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import type { MeshHost } from './api.ts'

/** Of Edge-Net's own channels (1 to 255). */
export const MESH_CHANNEL = 4
/** Two seconds of a slow link, so that what is said is not older than that when it leaves. */
const MAX_WAITING_BYTES = 262_144
/** Who wants to be a neighbour, or who wants messages no more, is said in a few bytes, and both sides have to know it. */
const SMALL_BYTES = 64
const MAX_WAITING_WITH_SMALL_BYTES = 2 * MAX_WAITING_BYTES

export class Outbox {
  readonly #host: Pick<MeshHost, 'send'>
  /** Bytes that wait for each peer's link. */
  readonly #waiting = new Map<PeerId, { byteLength: number }>()
  /** Messages that found no place. */
  dropped = 0

  constructor(host: Pick<MeshHost, 'send'>) {
    this.#host = host
  }

  send(peer: PeerId, bytes: Bytes): void {
    const waiting = this.#waiting.get(peer) ?? { byteLength: 0 }
    const cost = bytes.length + FRAME_COST_BYTES
    const most = bytes.length > SMALL_BYTES ? MAX_WAITING_BYTES : MAX_WAITING_WITH_SMALL_BYTES
    if (waiting.byteLength + cost > most) {
      this.dropped++
      return
    }
    const sending = this.#host.send(peer, bytes, { channel: MESH_CHANNEL })
    // Of somebody who has left nothing is kept.
    if (!sending) return
    waiting.byteLength += cost
    this.#waiting.set(peer, waiting)
    const taken = () => void (waiting.byteLength -= cost)
    // A link that is over says so as an event.
    sending.then(taken, taken)
  }

  /** The link is over; another one begins with nothing. */
  forget(peer: PeerId): void {
    this.#waiting.delete(peer)
  }
}
