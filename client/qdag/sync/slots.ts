/**
 * Who may send us what we lack. Several peers would send the same, so it is one at a time; another joins it when the first is
 * slow, or takes long: an honest peer must not wait for one that sends a little now and then, or without end.
 */
export interface SlotUser {
  /** There is a slot for it now. */
  ask(nowMs: number): void
}

interface Use {
  readonly sinceMs: number
  /** When it had last sent enough. */
  activeAtMs: number
  /** Entries since then. */
  fresh: number
}

const CATCH_UPS = 2
/** Below so many entries in so long, a slot's user is slow. */
const ACTIVE_ENTRIES = 100
const SLOW_MS = 2_000
/** A hundred thousand entries take about ten seconds; who takes this long has a million to tell, or nothing good. */
const LONG_MS = 60_000

export class Slots {
  readonly #uses = new Map<SlotUser, Use>()
  /** Who waits, the longest first. */
  readonly #queue = new Set<SlotUser>()

  /** Takes a slot; false when there is none. Whoever has one keeps it. */
  claim(user: SlotUser, nowMs: number): boolean {
    if (!this.#uses.has(user)) {
      if (nowMs < this.#freeAtMs()) return false
      this.#uses.set(user, { sinceMs: nowMs, activeAtMs: nowMs, fresh: 0 })
    }
    this.#queue.delete(user)
    return true
  }

  /** Neither has one nor wants one. */
  release(user: SlotUser): void {
    this.#uses.delete(user)
    this.#queue.delete(user)
  }

  /** Is asked when there is one. */
  queue(user: SlotUser): void {
    this.#queue.add(user)
  }

  /** The user has sent so many entries that were new. */
  progressed(user: SlotUser, entries: number, nowMs: number): void {
    const use = this.#uses.get(user)
    if (!use) return
    use.fresh += entries
    if (use.fresh < ACTIVE_ENTRIES) return
    use.fresh = 0
    use.activeAtMs = nowMs
  }

  /** When `tick` has something to do. */
  nextMs(): number {
    return this.#queue.size > 0 ? this.#freeAtMs() : Infinity
  }

  tick(nowMs: number): void {
    for (const user of this.#queue) {
      if (!this.claim(user, nowMs)) return
      user.ask(nowMs)
    }
  }

  #freeAtMs(): number {
    if (this.#uses.size === 0) return -Infinity
    if (this.#uses.size === CATCH_UPS) return Infinity
    const times = Array.from(this.#uses.values(), ({ sinceMs, activeAtMs }) =>
      Math.min(activeAtMs + SLOW_MS, sinceMs + LONG_MS),
    )
    return Math.min(...times)
  }
}
