/** Contributors, numbered in the order in which they came, and what each of them has done. */
import { toBase64Url, type Bytes } from '../../../protocol/bytes.ts'
import { KEY_BYTES } from '../../../protocol/limits.ts'
import type { ContributorStatistics } from '../api.ts'
import { KeySet } from './key-set.ts'
import type { Mixer } from './mixer.ts'
import { PAGE_ROWS, Pages, rowOf } from './pages.ts'
import { Sums } from './sums.ts'

class ContributorPage {
  readonly entries = new Uint32Array(PAGE_ROWS)
  readonly confirmedEntries = new Uint32Array(PAGE_ROWS)
  readonly lastTsMs = new Float64Array(PAGE_ROWS)
  readonly credits = new Sums(PAGE_ROWS)
  readonly attested = new Sums(PAGE_ROWS)
  readonly isForked = new Uint8Array(PAGE_ROWS)
}

export class Contributors {
  readonly keys: KeySet
  readonly #pages = new Pages(() => new ContributorPage())
  readonly #totals = { credits: new Sums(1), attested: new Sums(1) }
  #confirmedEntries = 0
  #forked = 0

  constructor(mixer: Mixer) {
    this.keys = new KeySet(KEY_BYTES, mixer)
  }

  /** The number of a contributor, who is new if need be. */
  numberOf(key: Bytes): number {
    const known = this.keys.indexOf(key)
    if (known >= 0) return known
    this.#pages.add()
    return this.keys.add(key)
  }

  countEntry(contributor: number, tsMs: number): void {
    const page = this.#pages.of(contributor)
    const at = rowOf(contributor)
    page.entries[at] = (page.entries[at] as number) + 1
    page.lastTsMs[at] = Math.max(page.lastTsMs[at] as number, tsMs)
  }

  countConfirmed(contributor: number): void {
    const { confirmedEntries } = this.#pages.of(contributor)
    const at = rowOf(contributor)
    confirmedEntries[at] = (confirmedEntries[at] as number) + 1
    this.#confirmedEntries++
  }

  /** Adds to what is credited, and to what of it is attested; either may be negative. */
  credit(contributor: number, credits: number, attested: number): void {
    const page = this.#pages.of(contributor)
    page.credits.add(rowOf(contributor), credits)
    page.attested.add(rowOf(contributor), attested)
    this.#totals.credits.add(0, credits)
    this.#totals.attested.add(0, attested)
  }

  markForked(contributor: number): void {
    const { isForked } = this.#pages.of(contributor)
    if (isForked[rowOf(contributor)] === 0) this.#forked++
    isForked[rowOf(contributor)] = 1
  }

  statistics(contributor: number): ContributorStatistics {
    const page = this.#pages.of(contributor)
    const at = rowOf(contributor)
    return {
      contributor: toBase64Url(this.keys.at(contributor)),
      entries: page.entries[at] as number,
      confirmedEntries: page.confirmedEntries[at] as number,
      credits: page.credits.value(at),
      attestedCredits: page.attested.value(at),
      isForked: page.isForked[at] !== 0,
      lastTsMs: page.lastTsMs[at] as number,
    }
  }

  /** All of them by credits, the most first; then by key. */
  ranking(): ContributorStatistics[] {
    const numbers = Array.from({ length: this.keys.length }, (_, number) => number)
    const credits = (number: number) => this.#pages.of(number).credits.value(rowOf(number))
    numbers.sort((a, b) => credits(b) - credits(a) || this.keys.compare(a, b))
    return numbers.map((number) => this.statistics(number))
  }

  totals() {
    return {
      confirmedEntries: this.#confirmedEntries,
      contributors: this.keys.length,
      credits: this.#totals.credits.value(0),
      attestedCredits: this.#totals.attested.value(0),
      forkedContributors: this.#forked,
    }
  }
}
