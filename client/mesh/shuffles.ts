/** When neighbours are asked for members: one after the other, and more often while somebody is missing whom no room brings. */
import type { Contact } from './contact.ts'
import { jittered } from './overlay-host.ts'
import type { OverlayPolicy } from './overlay-policy.ts'

export class Shuffles {
  readonly #policy: OverlayPolicy
  readonly #random: () => number
  #dueMs = 0
  /** Infinity while nobody is missing. */
  #seekMs = Infinity

  constructor(policy: OverlayPolicy, random: () => number) {
    this.#policy = policy
    this.#random = random
  }

  isDue(nowMs: number): boolean {
    return nowMs >= this.#dueMs
  }

  /** At that time, if not sooner. */
  by(atMs: number): void {
    this.#dueMs = Math.min(this.#dueMs, atMs)
  }

  /** Somebody is missing whom no room brings: then neighbours are asked at once, and ever more seldom. */
  seek(isMissingSomebody: boolean, nowMs: number): void {
    this.#seekMs = isMissingSomebody ? this.#policy.seekMs : Infinity
    if (isMissingSomebody) this.#dueMs = nowMs
  }

  /** It is due; somebody is asked, if there is anybody. */
  begin(next: Contact | undefined, nowMs: number): void {
    const { shuffleMs, busyMs } = this.#policy
    this.#dueMs = nowMs + jittered(Math.min(this.#seekMs, shuffleMs), this.#random)
    this.#seekMs *= 2
    if (!next) return
    // Whoever is new here is asked soon: some accept everybody and say nothing.
    if (next.shuffledAtMs === -Infinity) this.#dueMs = nowMs + busyMs
    next.shuffledAtMs = nowMs
    next.isShuffling = true
  }

  answered(contact: Contact): void {
    contact.isShuffling = false
    contact.unanswered = 0
  }

  /** Whether a neighbour has left a question unanswered for too long. */
  isOverdue({ isShuffling, shuffledAtMs }: Contact, nowMs: number): boolean {
    return isShuffling && nowMs >= shuffledAtMs + this.#policy.askMs
  }

  /** It is asked again before others. @returns whether it counts as silent */
  unanswered(contact: Contact, nowMs: number): boolean {
    contact.isShuffling = false
    contact.unanswered++
    this.#dueMs = nowMs
    return contact.unanswered >= this.#policy.maxUnanswered
  }
}
