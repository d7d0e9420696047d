/**
 * How far the clock on our wall is from those of others: the median, ours included, so that no single peer moves it. It decides
 * only which entries wait for their time, and what time own entries have.
 */

/** Whose clock is further off has to set it: its entries wait at others'. */
const MAX_OFFSET_MS = 600_000

export class ClockOffset {
  readonly #offsets = new Map<object, number>()
  #offsetMs = 0

  /** What is to be added to ours. */
  get offsetMs(): number {
    return this.#offsetMs
  }

  /** The peer's clock is ahead of ours by so much. */
  seen(peer: object, offsetMs: number): void {
    this.#offsets.set(peer, offsetMs)
    this.#update()
  }

  forget(peer: object): void {
    this.#offsets.delete(peer)
    this.#update()
  }

  #update(): void {
    const all = [0, ...this.#offsets.values()].toSorted((a, b) => a - b)
    // Of two in the middle, the one that is nearer to our own clock.
    const [low = 0, high = 0] = [all[(all.length - 1) >> 1], all[all.length >> 1]]
    const median = Math.abs(low) < Math.abs(high) ? low : high
    this.#offsetMs = Math.max(-MAX_OFFSET_MS, Math.min(MAX_OFFSET_MS, median))
  }
}
