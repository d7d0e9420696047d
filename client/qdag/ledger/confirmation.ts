/**
 * Which entries are confirmed: enough contributors other than its own have built on it, directly or not. Counted are
 * contributors, not entries: one who builds a thousand entries is one witness.
 *
 * A new entry makes its contributor a witness of everything it builds on. The walk there stops at an entry that is
 * confirmed, is the witness's own, or has the witness already: then the same holds for everything further down, because all
 * that is built on an entry is built on its ancestors, too. So an entry is passed by at most once for each witness it needs,
 * whatever the size of the ledger.
 */
import { EDGES, FLAG, type Entries } from './entries.ts'
import { PAGE_ROWS, pageOf, rowOf } from './pages.ts'

const NOBODY = 0

export class Confirmation {
  readonly #entries: Entries
  readonly #contributorOf: (index: number) => number
  readonly #needed: number
  /** By page of entries; absent as long as none of the page has a witness, and when all are confirmed. */
  readonly #witnesses: (Uint32Array | undefined)[] = []
  /** By page of entries. */
  readonly #unconfirmed: number[] = []
  readonly #pending: number[] = []
  /** How many entries all walks together looked at: the measure of what confirmation costs. */
  visits = 0

  /** @param needed how many distinct other contributors it takes, at least 1 */
  constructor(entries: Entries, contributorOf: (index: number) => number, needed: number) {
    this.#entries = entries
    this.#contributorOf = contributorOf
    this.#needed = needed
  }

  /** Counts the contributor of a new entry as a witness. Returns what is confirmed by that, ascending. */
  add(index: number): readonly number[] {
    const page = pageOf(index)
    this.#unconfirmed[page] = (this.#unconfirmed[page] ?? 0) + 1
    const witness = this.#contributorOf(index)
    const confirmed: number[] = []
    // Not by recursion: a single contributor's unconfirmed chain may be as long as the ledger.
    const pending = this.#pending
    pending.push(index)
    let from: number | undefined
    while ((from = pending.pop()) !== undefined) {
      for (let number = 0; number < EDGES; number++) {
        const to = this.#entries.edge(from, number)
        if (to < 0) continue
        this.visits++
        if (!this.#counts(to, witness)) continue
        pending.push(to)
        if (this.#entries.has(to, FLAG.confirmed)) confirmed.push(to)
      }
    }
    return confirmed.length > 1 ? confirmed.toSorted((a, b) => a - b) : confirmed
  }

  /** Counts a witness of an entry; false when that changes nothing, for its ancestors neither. */
  #counts(index: number, witness: number): boolean {
    if (this.#entries.has(index, FLAG.confirmed)) return false
    if (this.isAuthor(index, witness) || this.hasWitness(index, witness)) return false
    const places = this.#needed - 1
    const witnesses = (this.#witnesses[pageOf(index)] ??= new Uint32Array(PAGE_ROWS * places))
    const start = rowOf(index) * places
    let at = start
    while (at < start + places && witnesses[at] !== NOBODY) at++
    if (at === start + places) this.#confirm(index)
    else witnesses[at] = witness + 1
    return true
  }

  /** Nobody is a witness of what they did themselves. */
  protected isAuthor(index: number, witness: number): boolean {
    return this.#contributorOf(index) === witness
  }

  protected hasWitness(index: number, witness: number): boolean {
    const witnesses = this.#witnesses[pageOf(index)]
    const start = rowOf(index) * (this.#needed - 1)
    for (let at = start; at < start + this.#needed - 1; at++) if (witnesses?.[at] === witness + 1) return true
    return false
  }

  #confirm(index: number): void {
    const page = pageOf(index)
    this.#entries.raise(index, FLAG.confirmed)
    const left = (this.#unconfirmed[page] as number) - 1
    this.#unconfirmed[page] = left
    const isWhole = this.#entries.length >= (page + 1) * PAGE_ROWS
    if (left === 0 && isWhole) this.#witnesses[page] = undefined
  }
}
