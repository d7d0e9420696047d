/**
 * Which counters have been seen: a sliding window as in RFC 6479. Several carriers reorder envelopes, so a counter may
 * come late, but never twice, and not later than the window is wide.
 */

/** Wider than what any carrier holds in flight: 1,024 envelopes of 16 KiB are 16 MiB. */
const WINDOW_COUNTERS = 1_024

export class ReplayWindow {
  #highest = -1
  readonly #seen = new Uint8Array(WINDOW_COUNTERS)

  /** True when the counter has not been seen and is not too old. Does not mark it. */
  isFresh(counter: number): boolean {
    if (counter > this.#highest) return true
    return counter > this.#highest - WINDOW_COUNTERS && this.#seen[counter % WINDOW_COUNTERS] === 0
  }

  /** Marks a counter; false when it was not fresh. Only for envelopes that opened: a forgery must not move the window. */
  mark(counter: number): boolean {
    if (!this.isFresh(counter)) return false
    const from = Math.max(this.#highest + 1, counter - WINDOW_COUNTERS + 1)
    for (let skipped = from; skipped < counter; skipped++) this.#seen[skipped % WINDOW_COUNTERS] = 0
    this.#seen[counter % WINDOW_COUNTERS] = 1
    this.#highest = Math.max(this.#highest, counter)
    return true
  }
}
