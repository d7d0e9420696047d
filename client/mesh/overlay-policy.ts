/** The overlay's numbers, with their reasons. They are one peer's own: nobody else need have the same. */
import type { Rate } from '../token-bucket.ts'

/** How many neighbours a peer has. */
export interface Degrees {
  /** What it wants in a large network. */
  readonly target: number
  /** Below this it is in need, and whoever is asked makes room. Nobody is dropped to below it. */
  readonly floor: number
  /** It never has more, so that there is room for newcomers above the target. */
  readonly ceiling: number
  /** So many are its own choice: those that chose it may all be one attacker's. */
  readonly own: number
  /** A network of so many members is meshed completely. */
  readonly complete: number
}

/** Gossip stands on three links (see gossip-policy.ts); an overlay of degree two is a ring, which two departures cut. */
const MIN_DEGREE = 3
/** The room tells everybody of everybody up to this size. */
const MAX_COMPLETE = 32

/** @param degree what the network's policy says, 3 to 32 */
export function degreesOf(degree: number): Degrees {
  const target = Math.max(degree, MIN_DEGREE)
  const ceiling = target + Math.ceil(target / 2)
  return {
    target,
    floor: Math.max(MIN_DEGREE, Math.ceil(target / 2)),
    ceiling,
    own: Math.ceil(target / 3),
    complete: Math.min(2 * target, MAX_COMPLETE),
  }
}

export interface OverlayPolicy {
  readonly degrees: Degrees
  /** First contact over a carrier: a round trip, an announcement to verify, and an application that may be asked. */
  readonly reachMs: number
  /** A question to somebody with a link is answered within a round trip; this one is answered without asking anybody. */
  readonly askMs: number
  /** Dials under way at once. With four, a newcomer has its eight neighbours after two rounds, refusals aside. */
  readonly maxDials: number
  /** A shuffle takes 2 KB each way. With eight neighbours each is asked every 160 s. */
  readonly shuffleMs: number
  /** How soon a neighbour is asked when somebody is missing; twice as long each time. */
  readonly seekMs: number
  /** So often a neighbour may leave that unanswered before it counts as silent. */
  readonly maxUnanswered: number
  /** A neighbour is exchanged for a fresh one so often: that heals what has been apart, and an eclipse does not last. */
  readonly rotateMs: number
  /** A neighbour whose quality has been poor for so long is replaced: changes of network take seconds. */
  readonly poorMs: number
  /** Somebody who has been so poor in neighbours for longer is not believed: no one stays in need in a network that works. */
  readonly needMs: number
  /** A link that was asked for and is not used ends: its other end pays for it as well. */
  readonly idleMs: number
  /** A link that the mesh needs no more is kept so long: made anew, it would cost a first contact, and often it is. */
  readonly lingerMs: number
  /** Links on demand, the other side's included: half of what a client takes at all (128). */
  readonly maxDemanded: number
  /**
   * Connections that the overlay makes or lets others make. Chromium refuses a connection when some 500 exist, closed ones
   * that it has not collected included. It collects them within some ten seconds (measured); if it took two hours, these
   * would still be at most 12 + 56 + 2 × 120 = 308.
   */
  readonly connections: Rate
  /** So many of them are kept for whoever has hardly a neighbour left: a degree's worth. */
  readonly reservedConnections: number
  /** First contacts cost the room and those who are asked; most are answered. */
  readonly dials: Rate
  /** How often the room is asked for members, when there are not enough. Twice as long each time, up to ten minutes. */
  readonly sampleMs: number
  readonly maxSampleMs: number
  /** Members asked for: as many as a newcomer needs to have a choice. */
  readonly sampleSize: number
  /** How long somebody who misbehaved is no candidate. */
  readonly banMs: number
  /** Messages of the overlay from one neighbour. An honest one sends a few a minute. */
  readonly messages: Rate
  /** How often it is looked after things: when something is missing, and when nothing is. */
  readonly busyMs: number
  readonly calmMs: number
}

export const OVERLAY_POLICY: Omit<OverlayPolicy, 'degrees'> = {
  reachMs: 15_000,
  askMs: 5_000,
  maxDials: 4,
  shuffleMs: 20_000,
  seekMs: 500,
  maxUnanswered: 2,
  rotateMs: 600_000,
  poorMs: 30_000,
  needMs: 120_000,
  idleMs: 60_000,
  lingerMs: 10_000,
  maxDemanded: 64,
  connections: { burst: 56, perSecond: 120 / 3_600 },
  reservedConnections: 8,
  dials: { burst: 32, perSecond: 0.5 },
  sampleMs: 2_000,
  maxSampleMs: 600_000,
  sampleSize: 16,
  banMs: 600_000,
  messages: { burst: 40, perSecond: 1 },
  busyMs: 500,
  calmMs: 5_000,
}

export interface PassivePolicy {
  /** Eight times the degree, as HyParView's authors found enough when nearly all members fail at once. */
  readonly maxMembers: number
  /** What one neighbour has told of, at most. What the room has told of may be half. */
  readonly maxPerSource: number
  readonly maxFromRoom: number
  /** Whoever nobody has had a link to for so long has left, as far as anybody knows. */
  readonly maxAgeMs: number
  /** A source is ignored when so many that it told of were out of reach, and twice as many as were in reach. */
  readonly maxGhosts: number
}

export const PASSIVE_POLICY: PassivePolicy = {
  maxMembers: 64,
  maxPerSource: 16,
  maxFromRoom: 32,
  maxAgeMs: 600_000,
  maxGhosts: 6,
}
