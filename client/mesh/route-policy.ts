/** The numbers of what is carried for others, with their reasons. */
import type { Rate } from '../token-bucket.ts'

export interface RoutePolicy {
  /** A way that nothing went for so long is not one: at ten minutes a session every neighbour is another by then. */
  readonly routeMs: number
  readonly maxRoutes: number
  /** Of those, what one neighbour can make us remember. */
  readonly maxRoutesOfOne: number
  /** What was carried is not carried again: nothing is on its way for longer. */
  readonly carriedMs: number
  readonly maxCarried: number
  /** Members to whom whoever told of them was found not to lead. */
  readonly maxMisled: number
  /** What waits while its receiver is sought: a few signals to each of a few. */
  readonly maxSought: number
  readonly maxWaiting: number
  readonly maxWaitingBytes: number
  /** Gossip takes two seconds to the last of ten thousand, and the answer one back. */
  readonly seekMs: number
  /** By so many ways whoever is sought answers: of three, each over two members of whom one in ten swallows, one mostly holds. */
  readonly answerWays: number
  /** What is not answered for so long has got lost: a dozen hops there and back take less. */
  readonly answerMs: number
  /** Whoever is sought is sought again after this time, if there is more for it: in most networks it would have answered. */
  readonly askAgainMs: number
  /** What one neighbour may have carried, in KiB, each envelope at least one. What is beyond is dropped. */
  readonly carryKiB: Rate
  /** Those with a mere link who have something carried; a client has no more links. */
  readonly maxLinks: number
  /** What is beyond so many times as much is a flood. */
  readonly floodFactor: number
  /** Messages that have no other path, of our own, in KiB: a voice, and no more than a quarter of what a neighbour carries. */
  readonly ownBulkKiB: Rate
  /** Seeking is heard by everybody. What one neighbour may pass on, and what we say ourselves. */
  readonly seeks: Rate
  readonly ownSeeks: Rate
  /** Links to those who seek us by name: in the minute that one lasts which nobody uses, half of what a client keeps. */
  readonly introductions: Rate
}

export const ROUTE_POLICY: RoutePolicy = {
  routeMs: 60_000,
  maxRoutes: 2_048,
  maxRoutesOfOne: 512,
  carriedMs: 30_000,
  maxCarried: 4_096,
  maxMisled: 256,
  maxSought: 16,
  maxWaiting: 8,
  maxWaitingBytes: 65_536,
  seekMs: 5_000,
  answerWays: 3,
  answerMs: 900,
  askAgainMs: 1_000,
  carryKiB: { burst: 1_024, perSecond: 128 },
  maxLinks: 128,
  floodFactor: 4,
  ownBulkKiB: { burst: 256, perSecond: 32 },
  seeks: { burst: 40, perSecond: 4 },
  ownSeeks: { burst: 8, perSecond: 0.5 },
  introductions: { burst: 16, perSecond: 0.25 },
}
