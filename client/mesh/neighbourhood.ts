/**
 * The neighbours of one member, and which of them it would miss least. What they say of themselves is believed as long as it
 * can be true; who is to go is drawn from those who are equal, or those who join could choose whom they drive out.
 */
import type { PeerId } from '../../protocol/peer-id.ts'
import type { Contact } from './contact.ts'
import type { OverlayPolicy } from './overlay-policy.ts'

/** Less than of any that has up to 255 neighbours, as its byte says. */
const WORTH_OF_POOR = -256

export class Neighbourhood {
  readonly #policy: OverlayPolicy
  readonly #random: () => number
  readonly #neighbours = new Map<PeerId, Contact>()

  constructor(policy: OverlayPolicy, random: () => number) {
    this.#policy = policy
    this.#random = random
  }

  get size(): number {
    return this.#neighbours.size
  }

  get all(): ReadonlyMap<PeerId, Contact> {
    return this.#neighbours
  }

  has(id: PeerId): boolean {
    return this.#neighbours.has(id)
  }

  add(contact: Contact): void {
    this.#neighbours.set(contact.id, contact)
  }

  /** @returns whether it was one */
  remove(id: PeerId): boolean {
    return this.#neighbours.delete(id)
  }

  /** How many were our own choice. */
  get ownChoices(): number {
    return this.#count(({ isOwnChoice }) => isOwnChoice)
  }

  /** Whether somebody has yet to answer who was asked for members. */
  get isShuffling(): boolean {
    return this.#count(({ isShuffling }) => isShuffling) > 0
  }

  // ---- who may go --------------------------------------------------------------------------------------------------

  /** For somebody who is in need: of those that were our own choice only what is above their share. */
  forSomebodyInNeed(nowMs: number): Contact | undefined {
    return this.#mostRedundant((neighbour) => this.#isAboveFloor(neighbour, nowMs) && this.#isExpendable(neighbour))
  }

  /** For a fresh one. */
  forAFreshOne(nowMs: number): Contact | undefined {
    return this.#mostRedundant((neighbour) => this.#isAboveFloor(neighbour, nowMs))
  }

  /** One that has more neighbours than it wants. */
  withTooMany(): Contact | undefined {
    const { target } = this.#policy.degrees
    return this.#mostRedundant((neighbour) => neighbour.degree > target && this.#isExpendable(neighbour))
  }

  /** One whose path has been poor for long. */
  poor(nowMs: number): Contact | undefined {
    const { poorMs } = this.#policy
    for (const neighbour of this.#neighbours.values()) {
      if (nowMs - (neighbour.poorSinceMs ?? Infinity) >= poorMs) return neighbour
    }
    return undefined
  }

  /** Whom to ask for members: one that owes an answer, or else the one that was not asked for longest. */
  nextToAsk(): Contact | undefined {
    let next: Contact | undefined
    for (const neighbour of this.#neighbours.values()) {
      if (!neighbour.isShuffling && (!next || due(neighbour) < due(next))) next = neighbour
    }
    return next
  }

  /** Whoever has most neighbours misses one least; whoever is poor is missed least. */
  #mostRedundant(mayGo: (neighbour: Contact) => boolean): Contact | undefined {
    let victims: Contact[] = []
    for (const neighbour of this.#neighbours.values()) {
      if (!mayGo(neighbour)) continue
      const [best] = victims
      if (!best || worth(neighbour) < worth(best)) victims = [neighbour]
      else if (worth(neighbour) === worth(best)) victims.push(neighbour)
    }
    return victims[Math.floor(this.#random() * victims.length)]
  }

  #isExpendable({ isOwnChoice }: Contact): boolean {
    return !isOwnChoice || this.ownChoices > this.#policy.degrees.own
  }

  /** As far as it is believed: nobody stays in need for long. */
  #isAboveFloor({ degree, sinceMs }: Contact, nowMs: number): boolean {
    const { needMs, degrees } = this.#policy
    const believed = nowMs - sinceMs > needMs ? Math.max(degree, degrees.target) : degree
    return believed > degrees.floor
  }

  #count(is: (neighbour: Contact) => boolean): number {
    let count = 0
    for (const neighbour of this.#neighbours.values()) if (is(neighbour)) count++
    return count
  }
}

/** When a neighbour was asked for members last; whoever owes an answer comes first. */
function due({ unanswered, shuffledAtMs }: Contact): number {
  return unanswered > 0 ? -Infinity : shuffledAtMs
}

/** How much a neighbour would be missed. */
function worth({ degree, poorSinceMs }: Contact): number {
  return poorSinceMs === undefined ? -degree : WORTH_OF_POOR
}
