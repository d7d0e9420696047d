/**
 * What contributors are credited with: once for each task, and the least that they claimed for it. The least is the same in
 * whatever order claims come; a first one, or a last one, is not. It is attested when any of the claims has a receipt.
 *
 * One entry stands for all claims of a contributor to a task: one that claims the least.
 */
import { claimKeyOf, type TaskHash } from './claim-key.ts'
import type { Contributors } from './contributors.ts'
import { FLAG, type Entries } from './entries.ts'
import { IndexTable, type Keys } from './index-table.ts'
import type { Mixer } from './mixer.ts'

export class Claims implements Keys<number> {
  readonly #entries: Entries
  readonly #contributors: Contributors
  readonly #contributorOf: (index: number) => number
  readonly #mixer: Mixer
  readonly #table = new IndexTable<number>(this)

  constructor(entries: Entries, contributors: Contributors, contributorOf: (index: number) => number, mixer: Mixer) {
    this.#entries = entries
    this.#contributors = contributors
    this.#contributorOf = contributorOf
    this.#mixer = mixer
  }

  /** Counts the claim of a new entry. */
  add(index: number, hasReceipt: boolean): void {
    const entries = this.#entries
    const contributor = this.#contributorOf(index)
    const credits = entries.credits(index)
    const before = this.#table.find(index)
    if (before < 0) {
      this.#table.add(index)
      if (hasReceipt) entries.raise(index, FLAG.attestedClaim)
      return this.#contributors.credit(contributor, credits, hasReceipt ? credits : 0)
    }
    const creditsBefore = entries.credits(before)
    const wasAttested = entries.has(before, FLAG.attestedClaim)
    const isAttested = wasAttested || hasReceipt
    const isLess = credits < creditsBefore
    const least = isLess ? credits : creditsBefore
    if (isLess) this.#table.replace(before, index)
    if (isAttested) entries.raise(isLess ? index : before, FLAG.attestedClaim)
    const attestedBefore = wasAttested ? creditsBefore : 0
    this.#contributors.credit(contributor, least - creditsBefore, (isAttested ? least : 0) - attestedBefore)
  }

  /** The entry claims this task. */
  isTo(index: number, task: TaskHash): boolean {
    const { high, low } = claimKeyOf(task, this.#contributorOf(index))
    return this.#entries.claimHigh(index) === high && this.#entries.claimLow(index) === low
  }

  hash(index: number): number {
    return this.#mixer.mix(this.#entries.claimHigh(index))
  }

  hashAt(index: number): number {
    return this.hash(index)
  }

  matches(index: number, other: number): boolean {
    return (
      this.#entries.claimHigh(index) === this.#entries.claimHigh(other) &&
      this.#entries.claimLow(index) === this.#entries.claimLow(other) &&
      this.#contributorOf(index) === this.#contributorOf(other)
    )
  }
}
