/** Who was sent something by a way that is known, and has not answered: somebody on the way may swallow what he is to carry. */
import type { EnvelopeKind } from '../../protocol/envelope.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { AgingMap } from './aging-map.ts'
import type { RoutePolicy } from './route-policy.ts'

export class Unanswered {
  readonly #policy: RoutePolicy
  /** Since when an answer is due; Infinity while none need come. */
  readonly #sinceMs: AgingMap<PeerId, number>

  constructor(policy: RoutePolicy) {
    this.#policy = policy
    this.#sinceMs = new AgingMap(policy.maxMisled, policy.routeMs)
  }

  /** Something is about to be sent. False when what was sent before should have been answered by now. */
  sending(to: PeerId, kind: EnvelopeKind, nowMs: number): boolean {
    const sinceMs = this.#sinceMs.get(to, nowMs)
    // An introduction is answered. Of anything else the first need not be, as an acknowledgement is not.
    if (sinceMs === undefined) this.#sinceMs.set(to, kind === 'intro' ? nowMs : Infinity, nowMs)
    else if (sinceMs === Infinity) this.#sinceMs.set(to, nowMs, nowMs)
    else return nowMs - sinceMs < this.#policy.answerMs
    return true
  }

  /** It has answered, or is to be sent to by another way. */
  forget(peer: PeerId): void {
    this.#sinceMs.delete(peer)
  }
}
