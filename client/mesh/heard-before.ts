/**
 * Which of everybody's signed words were heard already. Invariant: nothing is new twice. When more is said than can be
 * remembered, what is older than what had to be forgotten counts as heard; so a flood shortens how late something may come,
 * and opens no way for repeating it.
 */

/** What was said within this time is remembered and forgotten together. */
const SLOT_MS = 1_000

export class HeardBefore {
  readonly #maxEntries: number
  readonly #maxAgeMs: number
  readonly #maxAheadMs: number
  /** By when it was said, as the speaker's clock shows. */
  readonly #slots = new Map<number, Set<string>>()
  #size = 0
  /** What was said before is forgotten. */
  #floorMs = -Infinity

  /**
   * @param maxAgeMs how old something may be
   * @param maxAheadMs how far the speaker's clock may be ahead
   */
  constructor(maxEntries: number, maxAgeMs: number, maxAheadMs: number) {
    this.#maxEntries = maxEntries
    this.#maxAgeMs = maxAgeMs
    this.#maxAheadMs = maxAheadMs
  }

  get size(): number {
    return this.#size
  }

  /** Whether it can be new. */
  has(speaker: string, saidAtMs: number, nowMs: number): boolean {
    if (saidAtMs < this.#floorMs || nowMs - saidAtMs > this.#maxAgeMs || saidAtMs - nowMs > this.#maxAheadMs)
      return true
    return this.#slots.get(slotOf(saidAtMs))?.has(keyOf(speaker, saidAtMs)) ?? false
  }

  /** Remembers it; false when it is not new. */
  take(speaker: string, saidAtMs: number, nowMs: number): boolean {
    if (this.has(speaker, saidAtMs, nowMs)) return false
    const slot = slotOf(saidAtMs)
    const said = this.#slots.get(slot) ?? new Set()
    this.#slots.set(slot, said.add(keyOf(speaker, saidAtMs)))
    this.#size++
    this.#forget(nowMs)
    return true
  }

  #forget(nowMs: number): void {
    // The clock may have been corrected: what is forgotten stays forgotten.
    for (const slot of [...this.#slots.keys()].toSorted((a, b) => a - b)) {
      const endMs = (slot + 1) * SLOT_MS
      if (this.#size <= this.#maxEntries && nowMs - endMs <= this.#maxAgeMs) return
      this.#size -= this.#slots.get(slot)?.size ?? 0
      this.#slots.delete(slot)
      this.#floorMs = Math.max(this.#floorMs, endMs)
    }
  }
}

function slotOf(saidAtMs: number): number {
  return Math.floor(saidAtMs / SLOT_MS)
}

function keyOf(speaker: string, saidAtMs: number): string {
  return `${speaker} ${saidAtMs}`
}
