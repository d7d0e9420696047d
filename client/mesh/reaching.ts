/** Applications that wait for a link to somebody. Each wait ends: with the link, with the news that nobody knows a way, or with time. */
import type { PeerId } from '../../protocol/peer-id.ts'
import type { Peer } from '../api.ts'
import { EdgeNetError } from '../errors.ts'
import { Timers } from '../timers.ts'

/** A seek is answered or not within five seconds, and a first contact over neighbours takes some round trips. */
const REACH_MS = 10_000
const RETRY_MS = 1_000

interface Waiting {
  readonly promise: Promise<Peer>
  resolve(peer: Peer): void
  reject(error: EdgeNetError): void
}

export class Reaching {
  readonly #waiting = new Map<PeerId, Waiting>()
  /** Of those that are to be tried again. */
  readonly #timers = new Timers()

  /** Whether somebody waits for this peer. */
  has(id: PeerId): boolean {
    return this.#waiting.has(id)
  }

  /** Resolves when there is a link. Those who want the same peer wait together. */
  wait(id: PeerId): Promise<Peer> {
    const known = this.#waiting.get(id)
    if (known) return known.promise
    const { promise, resolve, reject } = Promise.withResolvers<Peer>()
    this.#waiting.set(id, { promise, resolve, reject })
    const timer = setTimeout(() => this.gaveUp(id), REACH_MS)
    const over = () => {
      clearTimeout(timer)
      this.#waiting.delete(id)
    }
    promise.then(over, over)
    return promise
  }

  came(peer: Peer): void {
    this.#waiting.get(peer.id)?.resolve(peer)
  }

  /** Nobody leads to it now. `again` is called once, unless the wait is over by then. */
  retry(id: PeerId, again: () => void): void {
    this.#timers.after(RETRY_MS, () => this.has(id) && again())
  }

  /** Nobody leads to it. */
  gaveUp(id: PeerId): void {
    this.#waiting.get(id)?.reject(unreachableError(id))
  }

  close(): void {
    this.#timers.clear()
    const hint = 'Call join() again.'
    const closed = new EdgeNetError('aborted', 'closed', 'The network was closed.', hint)
    for (const waiting of this.#waiting.values()) waiting.reject(closed)
  }
}

export function unreachableError(id: PeerId): EdgeNetError {
  const hint = 'It may have left, or nobody who can be asked knows a way. Try again later.'
  return new EdgeNetError('peer-unknown', 'unreachable', `Nobody leads to peer ${id}.`, hint)
}
