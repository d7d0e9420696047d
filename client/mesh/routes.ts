/**
 * Which neighbour leads to whom: what passing envelopes leave behind (breadcrumbs). Bounded by neighbour, and forgotten when
 * not used; so a neighbour that claims to lead to everybody fills its own share, and misleads those who have no other way.
 */
import type { PeerId } from '../../protocol/peer-id.ts'
import type { RoutePolicy } from './route-policy.ts'

/** What speaks for a way, the least first: something was heard that came this way, an answer was carried on it, or more. */
export type Proof = 0 | 1 | 2

interface Route {
  readonly next: PeerId
  readonly proof: Proof
  atMs: number
}

export class Routes {
  readonly #policy: RoutePolicy
  readonly #routes = new Map<PeerId, Route>()
  readonly #counts = new Map<PeerId, number>()

  constructor(policy: RoutePolicy) {
    this.#policy = policy
  }

  get size(): number {
    return this.#routes.size
  }

  /**
   * Whoever is named has been heard through this neighbour. A way that is known and fresh is given up only for one for which
   * more speaks.
   *
   * @param doubted a neighbour that led nowhere the last time: any other is better
   */
  heard(to: PeerId, next: PeerId, proof: Proof, doubted: PeerId | undefined, nowMs: number): void {
    const known = this.#routes.get(to)
    const isFresh = known && nowMs - known.atMs <= this.#policy.routeMs
    const knownProof = isFresh ? known.proof : 0
    const isBetter = proof > knownProof || (proof === knownProof && known?.next === doubted)
    if (isFresh && known.next !== next && !isBetter) return
    this.remove(to)
    if ((this.#counts.get(next) ?? 0) >= this.#policy.maxRoutesOfOne) this.#dropOldest((route) => route.next === next)
    if (this.#routes.size >= this.#policy.maxRoutes) this.#dropOldest(() => true)
    const isSame = known?.next === next
    this.#routes.set(to, { next, proof: isSame && knownProof > proof ? knownProof : proof, atMs: nowMs })
    this.#counts.set(next, (this.#counts.get(next) ?? 0) + 1)
  }

  next(to: PeerId, nowMs: number): PeerId | undefined {
    const route = this.#routes.get(to)
    return route && nowMs - route.atMs <= this.#policy.routeMs ? route.next : undefined
  }

  remove(to: PeerId): void {
    const route = this.#routes.get(to)
    if (!route) return
    this.#routes.delete(to)
    const left = (this.#counts.get(route.next) ?? 1) - 1
    if (left > 0) this.#counts.set(route.next, left)
    else this.#counts.delete(route.next)
  }

  /** A neighbour is gone, and leads nowhere. */
  neighbourDown(next: PeerId): void {
    for (const [to, route] of this.#routes) if (route.next === next) this.remove(to)
  }

  /** In the order of their making. */
  #dropOldest(is: (route: Route) => boolean): void {
    for (const [to, route] of this.#routes) {
      if (!is(route)) continue
      this.remove(to)
      return
    }
  }
}
