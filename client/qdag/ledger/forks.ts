/**
 * Entries whose writer used one number for several. All of them stay, since no peer can know which came first. Those with
 * the same number are linked in a ring.
 */
import { FLAG, type Entries } from './entries.ts'
import { PAGE_ROWS, pageOf, rowOf } from './pages.ts'

export class Forks {
  readonly #entries: Entries
  /** By page of entries, absent where nothing is forked: how far it is to the next in the ring. */
  readonly #steps: (Int32Array | undefined)[] = []
  readonly #rings: number[] = []

  constructor(entries: Entries) {
    this.#entries = entries
  }

  /** A new entry has the same number as one that was there before. */
  add(index: number, rival: number): void {
    if (!this.#entries.has(rival, FLAG.forked)) this.#rings.push(rival)
    this.#entries.raise(rival, FLAG.forked)
    this.#entries.raise(index, FLAG.forked)
    const after = this.#after(rival)
    this.#link(rival, index)
    this.#link(index, after)
  }

  /** All entries with the number of this one, itself included, ascending. */
  with(index: number): number[] {
    const ring = [index]
    for (let next = this.#after(index); next !== index; next = this.#after(next)) ring.push(next)
    return ring.toSorted((a, b) => a - b)
  }

  /** One entry of each ring. */
  all(): readonly number[] {
    return this.#rings
  }

  #after(index: number): number {
    return index + (this.#steps[pageOf(index)]?.[rowOf(index)] ?? 0)
  }

  #link(from: number, to: number): void {
    const steps = (this.#steps[pageOf(from)] ??= new Int32Array(PAGE_ROWS))
    steps[rowOf(from)] = to - from
  }
}
