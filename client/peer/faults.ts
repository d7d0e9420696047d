/**
 * Which faults of others the application hears of. A room can invent senders, so the reports are bounded for each of them and
 * in all; what is not reported is dropped all the same.
 */
import type { PeerId } from '../../protocol/peer-id.ts'
import { TokenBucket } from '../token-bucket.ts'

/** More of the same peer tell nothing new. */
const MAX_PER_PEER = 8
/** Peers remembered; beyond, all begin anew. */
const MAX_PEERS = 1_024
/** A person reads one a second at best. */
const REPORTS = { burst: 64, perSecond: 1 }

export class Faults {
  readonly #counts = new Map<PeerId | undefined, number>()
  readonly #reports = new TokenBucket(REPORTS)

  /**
   * Counts a fault. True when it is to be reported.
   *
   * @param from in whose name it came; `undefined` for the room's own
   */
  note(from: PeerId | undefined, nowMs: number): boolean {
    const count = (this.#counts.get(from) ?? 0) + 1
    if (this.#counts.size >= MAX_PEERS) this.#counts.clear()
    this.#counts.set(from, count)
    return (count <= MAX_PER_PEER || from === undefined) && this.#reports.take(nowMs)
  }
}
