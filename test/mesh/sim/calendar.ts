/**
 * Simulated time for millions of events: a calendar queue of one-millisecond days (Brown 1988). What is due on the same day
 * happens in the order of its planning, so that a run is repeatable.
 */

/** A little over two minutes; what is later waits in the overflow. */
const DAYS = 131_072

export class Calendar<T> {
  nowMs = 0
  count = 0
  readonly #days: (T[] | undefined)[] = Array.from({ length: DAYS })
  #later: { readonly atMs: number; readonly event: T }[] = []
  /** Days before this one take their events directly. */
  #horizonMs = DAYS
  #size = 0

  get size(): number {
    return this.#size
  }

  at(atMs: number, event: T): void {
    const day = Math.max(Math.ceil(atMs), this.nowMs)
    this.#size++
    if (day >= this.#horizonMs) this.#later.push({ atMs: day, event })
    else this.#put(day, event)
  }

  /** Lets everything happen that is due before a time. */
  run(untilMs: number, happen: (event: T) => void): void {
    for (; this.nowMs < untilMs; this.nowMs++) {
      if (this.nowMs + DAYS / 2 >= this.#horizonMs) this.#turnPage()
      const today = this.#days[this.nowMs % DAYS]
      if (!today) continue
      // Also what is planned for today while today's events happen.
      for (let i = 0; i < today.length; i++) {
        this.count++
        this.#size--
        happen(today[i] as T)
      }
      this.#days[this.nowMs % DAYS] = undefined
    }
  }

  #put(day: number, event: T): void {
    const events = this.#days[day % DAYS]
    if (events) events.push(event)
    else this.#days[day % DAYS] = [event]
  }

  #turnPage(): void {
    this.#horizonMs = this.nowMs + DAYS
    const later = this.#later
    this.#later = []
    for (const { atMs, event } of later) {
      if (atMs < this.#horizonMs) this.#put(atMs, event)
      else this.#later.push({ atMs, event })
    }
  }
}
