/** Of which time the newest record of each slot was: what is not newer is a replay, or has come by another relay before. */
import { MAX_KNOWN_SLOTS } from './limits.ts'

export class Freshness {
  readonly #newest = new Map<string, number>()

  get size(): number {
    return this.#newest.size
  }

  /** Whether a member has written to this slot: its name was not made up by a stranger. */
  knows(slot: string): boolean {
    return this.#newest.has(slot)
  }

  /** Whether nothing as new has been seen in this slot; from now on it has. */
  take(slot: string, issuedAtMs: number): boolean {
    if (issuedAtMs <= (this.#newest.get(slot) ?? -Infinity)) return false
    this.#newest.delete(slot)
    this.#newest.set(slot, issuedAtMs)
    const [oldest] = this.#newest.keys()
    if (this.#newest.size > MAX_KNOWN_SLOTS && oldest !== undefined) this.#newest.delete(oldest)
    return true
  }
}
