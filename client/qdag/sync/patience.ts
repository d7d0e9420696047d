/** How long to wait before something is tried again: longer each time, until it was worth it. */

const FIRST_MS = 10_000
const LONGEST_MS = 300_000

export class Patience {
  #ms = FIRST_MS

  get ms(): number {
    return this.#ms
  }

  /** It was worth it. */
  renew(): void {
    this.#ms = FIRST_MS
  }

  /** It was not. */
  lose(): void {
    this.#ms = Math.min(LONGEST_MS, this.#ms * 2)
  }
}
