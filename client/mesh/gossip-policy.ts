/** The numbers of gossip, with their reasons. They are one peer's own: nobody else need have the same. */
import type { Rate } from '../token-bucket.ts'

export interface GossipPolicy {
  /**
   * So many neighbours that do push are not asked to stop. One would be a tree, in which every inner node can withhold;
   * with three, half of which are silent, seven of eight messages still come at once.
   */
  readonly eagerFloor: number
  /** What one says oneself is pushed to all neighbours, lazy ones included. */
  readonly floodsOwn: boolean
  /** A neighbour that has pushed nothing for so long, or for so many messages, does not count as one that pushes. */
  readonly lastingMs: number
  readonly lastingMessages: number
  /** What is told of is collected for so long: a tenth as many messages where twenty a second are said. */
  readonly haveMs: number
  /** What was told of is waited for so long: on a tree that works it comes within the difference of two paths. */
  readonly graftMs: number
  /** Then the next one who told of it is asked: a round trip over a far link, and what else it has to send. */
  readonly regraftMs: number
  /** Who told of a message that is missing, as far as they are remembered. */
  readonly maxAnnouncers: number
  /** Messages that are missing. What is told beyond is not waited for. */
  readonly maxMissing: number
  /** Of those, what one neighbour told of first. */
  readonly maxMissingOfOne: number
  /** Messages that would not be new. Twice what the store keeps, for what is still on its way. */
  readonly seenMs: number
  readonly maxSeen: number
  /** Messages that can be asked for. */
  readonly storeMs: number
  readonly maxStored: number
  readonly maxStoredBytes: number
  /** A new neighbour is told of what came so recently, over links that are older than that. */
  readonly recentMs: number
  /** Messages from one neighbour. */
  readonly messages: Rate
  /**
   * Of that, what is passed on to a neighbour leaves so many: for what it asks for, and for the delays of a path, after which much comes
   * at once. What is beyond is not passed on to it: whoever floods would have honest members blame each other.
   */
  readonly reservedMessages: number
  /** Ids told by one neighbour. */
  readonly ids: Rate
  /** Ids that one neighbour asks for. */
  readonly grafts: Rate
  /** Messages of one origin. A contribution takes a second at least, and a hand types slower than that. */
  readonly perOrigin: Rate
  /** Origins of which that is counted. An attacker can make up as many as he likes; then the neighbours' rate holds. */
  readonly maxOrigins: number
  /** Messages of one neighbour that wait for a verdict. */
  readonly maxPending: number
  /** How often each neighbour is asked for something that it should have. One that tells and keeps nothing is found so. */
  readonly auditMs: number
  /** What everybody has by then. */
  readonly auditAgeMs: number
  /** How much it is asked for. Any of it will do: one message may be missing to somebody honest. */
  readonly auditedIds: number
  /** Longer than it takes to notice that a link is dead: what is asked over one is not answered. */
  readonly auditWaitMs: number
  /** How long somebody may still push who was asked not to: what is on its way. */
  readonly pruneGraceMs: number
}

export const GOSSIP_POLICY: GossipPolicy = {
  eagerFloor: 3,
  floodsOwn: true,
  lastingMs: 60_000,
  lastingMessages: 64,
  haveMs: 50,
  graftMs: 150,
  regraftMs: 500,
  maxAnnouncers: 8,
  maxMissing: 4_096,
  maxMissingOfOne: 1_024,
  seenMs: 120_000,
  maxSeen: 65_536,
  storeMs: 60_000,
  maxStored: 4_096,
  maxStoredBytes: 4 * 1_048_576,
  recentMs: 20_000,
  messages: { burst: 1_000, perSecond: 200 },
  reservedMessages: 250,
  ids: { burst: 8_000, perSecond: 1_000 },
  grafts: { burst: 1_000, perSecond: 100 },
  perOrigin: { burst: 50, perSecond: 5 },
  maxOrigins: 4_096,
  maxPending: 256,
  auditMs: 60_000,
  auditAgeMs: 5_000,
  auditedIds: 4,
  auditWaitMs: 15_000,
  pruneGraceMs: 5_000,
}
