/** Entries that nobody has built on, in the order in which they came. */
import { FLAG, type Entries } from './entries.ts'

/** Fewer of those that are tips no more are not worth a pass. */
const MIN_STALE = 32

export class Tips {
  readonly #entries: Entries
  /** Ascending. Some are tips no more: taking each out at once would move all behind it. */
  #listed: number[] = []
  #count = 0

  constructor(entries: Entries) {
    this.#entries = entries
  }

  get count(): number {
    return this.#count
  }

  /** A new entry; it has a larger index than all before. */
  add(index: number): void {
    this.#entries.raise(index, FLAG.tip)
    this.#listed.push(index)
    this.#count++
  }

  /** Somebody has built on it. */
  remove(index: number): void {
    if (!this.#entries.has(index, FLAG.tip)) return
    this.#entries.lower(index, FLAG.tip)
    this.#count--
    if (this.#listed.length > 2 * this.#count + MIN_STALE) this.#listed = this.all()
  }

  /** Ascending. */
  all(): number[] {
    return this.#listed.filter((index) => this.#entries.has(index, FLAG.tip))
  }
}
