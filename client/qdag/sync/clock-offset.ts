/**
 * How far the clock on our wall is from those of others: the median, ours included, so that no single peer moves it. It decides
 * only which entries wait for their time, and what time own entries have.
 */
import type { Time } from '../replica.ts'

/** Whose clock is further off has to set it: its entries wait at others'. */
const MAX_OFFSET_MS = 600_000

/** The two clocks of a machine drift apart by less within an hour. */
const JUMP_MS = 5_000

export class ClockOffset {
  /** How far the clock on our wall is ahead of the one that never jumps. */
  #leadMs: number | undefined
  readonly #offsets = new Map<object, number>()
  #offsetMs = 0

  /** What is to be added to ours. */
  get offsetMs(): number {
    return this.#offsetMs
  }

  /** The clock on our wall was set, or the other one stood still, since this was asked last. */
  hasJumped({ nowMs, wallMs }: Time): boolean {
    const leadMs = wallMs - nowMs
    const jumpMs = Math.abs(leadMs - (this.#leadMs ?? leadMs))
    if (this.#leadMs === undefined || jumpMs > JUMP_MS) this.#leadMs = leadMs
    return jumpMs > JUMP_MS
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
