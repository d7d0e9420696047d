/**
 * Memory for big messages, shared by all links of a session. Every link may hold a mebibyte of what has arrived and is not
 * complete or not taken; a message that needs more waits for one of a few slots, each wide enough for the longest message.
 * All or nothing: links that each had a part of what they need would wait for each other for ever.
 */

/** Four of the longest messages at a time: 68 MiB besides the mebibyte of each link. */
const SLOTS = 4

export interface SlotUser {
  /** Called when a slot has become free and is this user's now. */
  granted(): void
}

export class BigMessageSlots {
  readonly #users = new Set<SlotUser>()
  readonly #waiting = new Set<SlotUser>()

  /** True when the slot is the user's already; otherwise `granted` is called when one is free. */
  request(user: SlotUser): boolean {
    if (this.#users.has(user)) return true
    if (this.#users.size < SLOTS) return !!this.#users.add(user)
    this.#waiting.add(user)
    return false
  }

  /** Gives the slot back, or the place in the queue up. */
  release(user: SlotUser): void {
    this.#waiting.delete(user)
    if (!this.#users.delete(user)) return
    for (const next of this.#waiting) {
      this.#waiting.delete(next)
      this.#users.add(next)
      return next.granted()
    }
  }

  /** Somebody waits for a slot. */
  get areScarce(): boolean {
    return this.#waiting.size > 0
  }
}
