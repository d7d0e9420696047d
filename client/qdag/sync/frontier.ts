/**
 * What one side has, in a kilobyte: its tips stand for all of it, since it has whatever they build on; its locators, at
 * doubling distances from the end, bound what the other lacks when it does not know the tips.
 */
import type { Bytes } from '../../../protocol/bytes.ts'
import type { Ledger } from '../ledger.ts'
import { bitmapOf, hasBit, isBitmapOf } from './bitmap.ts'
import { MAX_LOCATORS, MAX_TIPS, PREFIX_BYTES } from './limits.ts'
import type { Bodies } from './messages.ts'
import type { Underway } from './underway.ts'

const NONE = -1

/** Our own, as it was when it was sent: the other side's answer is about nothing else. */
export class OwnFrontier {
  /** Entries with smaller indexes are what is compared; later ones are told besides. */
  readonly size: number
  readonly #tips: readonly number[]
  readonly #hasMore: boolean
  readonly #locators: readonly number[]

  constructor(ledger: Ledger) {
    const tips = ledger.tips()
    this.size = ledger.size
    this.#tips = tips.slice(-MAX_TIPS)
    this.#hasMore = tips.length > MAX_TIPS
    this.#locators = ledger.locators().slice(0, MAX_LOCATORS)
  }

  message(ledger: Ledger, held: readonly Bytes[], isHolding: boolean): Bodies['qdag_frontier'] {
    const prefixOf = (index: number) => ledger.idOf(index).slice(0, PREFIX_BYTES)
    return {
      hasMore: this.#hasMore,
      isHolding,
      tips: this.#tips.map(prefixOf),
      locators: this.#locators.map(prefixOf),
      held,
    }
  }

  /** Those of ours that the other side says it has; `undefined` when it speaks of others. */
  knownBy(bits: Bytes): readonly number[] | undefined {
    const all = [...this.#tips, ...this.#locators]
    return isBitmapOf(all.length, bits) ? all.filter((_, i) => hasBit(bits, i)) : undefined
  }
}

/** The other side's, looked up in what is here now. */
export class TheirFrontier {
  readonly isHolding: boolean
  /** The tips are all of its tips. */
  readonly isWhole: boolean
  readonly #message: Bodies['qdag_frontier']
  readonly #ledger: Ledger
  readonly #underway: Underway

  constructor(message: Bodies['qdag_frontier'], ledger: Ledger, underway: Underway) {
    this.isHolding = message.isHolding
    this.isWhole = !message.hasMore
    this.#message = message
    this.#ledger = ledger
    this.#underway = underway
  }

  /** We lack nothing that the other side has: its tips, and with them all else, are here or on their way from somebody. */
  get isCovered(): boolean {
    return this.isWhole && this.hasAllTips
  }

  /** The tips that are listed are here or on their way. */
  get hasAllTips(): boolean {
    return this.#message.tips.every((tip) => this.#basisOf(tip) !== undefined)
  }

  /** Entries that the other side has, and with them whatever they build on. */
  past(): readonly number[] {
    return [...new Set([...this.#message.tips.flatMap((tip) => this.#basisOf(tip) ?? []), ...this.#located()])]
  }

  /**
   * Those of its tips and locators that we have, and a bit for each to say so. What is on its way does not count: something
   * that it builds on may be missing.
   */
  known(): { readonly bits: Bytes; readonly indexes: readonly number[] } {
    const { tips, locators } = this.#message
    const all = [...tips, ...locators].map((prefix) => this.#ledger.indexOfPrefix(prefix))
    return { bits: bitmapOf(all.length, (i) => all[i] !== NONE), indexes: all.filter((index) => index !== NONE) }
  }

  /** Indexes of entries that wait at the other side, too: they need not be sent, though what they build on may have to. */
  held(): ReadonlySet<number> {
    return new Set(this.#message.held.map((prefix) => this.#ledger.indexOfPrefix(prefix)))
  }

  #located(): number[] {
    return this.#message.locators.map((id) => this.#ledger.indexOfPrefix(id)).filter((index) => index !== NONE)
  }

  #basisOf(tip: Bytes): readonly number[] | undefined {
    const index = this.#ledger.indexOfPrefix(tip)
    return index === NONE ? this.#underway.basisOf(tip) : [index]
  }
}
