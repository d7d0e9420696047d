/** Somebody with whom the overlay has to do: with a link, or on the way to one. */
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { TokenBucket } from '../token-bucket.ts'
import type { OverlayPolicy } from './overlay-policy.ts'
import type { Source } from './passive-view.ts'

/**
 * - `reaching`: there is no link yet.
 * - `linked`: there is one, and nothing more: it was asked for by an application here or there.
 * - `asking`: it was asked whether it wants to be a neighbour.
 * - `neighbour`: both want it.
 */
export type ContactState = 'reaching' | 'linked' | 'asking' | 'neighbour'

export class Contact {
  readonly id: PeerId
  announcement: Bytes
  state: ContactState = 'linked'
  /** Who told of it, if it was dialled. */
  source: Source | undefined
  /** The overlay wants it as a neighbour; otherwise an application wants a link. */
  isDialled = false
  isDemanded = false
  /** Its link's path is direct: it can carry for others. */
  isDirect = false
  /** It has said something of a mesh: clients without one do not. */
  hasSpoken = false
  isOwnChoice = false
  /** A direct path was worth a connection: the same one, however often it becomes a neighbour. */
  hasConnection = false
  /** What is awaited must have come by then. */
  deadlineMs = Infinity
  /** How many neighbours it says that it has. */
  degree = 0
  /** Since when it is a neighbour. */
  sinceMs = 0
  usedAtMs: number
  /** When it was last asked whether it wants to be a neighbour. */
  askedAtMs = -Infinity
  /** By an application. */
  hasBeenUsed = false
  poorSinceMs: number | undefined
  /** When it was last asked for members, and how often in a row it did not answer. */
  shuffledAtMs = -Infinity
  isShuffling = false
  /** When it was last told that it is none. */
  deniedAtMs = -Infinity
  unanswered = 0
  readonly messages: TokenBucket

  constructor(id: PeerId, announcement: Bytes, policy: OverlayPolicy, nowMs: number) {
    this.id = id
    this.announcement = announcement
    this.usedAtMs = nowMs
    this.messages = new TokenBucket(policy.messages)
  }

  /** It was not asked since then whether it wants to be a neighbour, and is no client without a mesh, as far as is known. */
  mayBeAsked(sinceMs: number): boolean {
    return this.askedAtMs <= sinceMs && (this.hasSpoken || this.askedAtMs === -Infinity)
  }
}
