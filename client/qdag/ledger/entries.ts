/**
 * What the ledger keeps of each solid entry, in columns: everything its rules ask for, and nothing else. The entry itself is
 * in the log, at the same index. Parents and `prev` always have smaller indexes.
 */
import type { Bytes } from '../../../protocol/bytes.ts'
import { ID_BYTES } from '../entry-limits.ts'
import type { ClaimKey } from './claim-key.ts'
import { KeySet } from './key-set.ts'
import type { Mixer } from './mixer.ts'
import { highOf, joined, lowOf, PAGE_ROWS, Pages, rowOf } from './pages.ts'

/** In place of an index: no entry. */
export const NONE = -1
/** An entry is joined to at most so many: two parents, and the writer's entry before. */
export const EDGES = 3
/** Which of the edges leads to the writer's entry before. */
export const PREV = 2

/** What is yes or no about an entry. */
export const FLAG = {
  /** Enough others have built on it. */
  confirmed: 1,
  /** Nobody has built on it. */
  tip: 2,
  /** Its writer has used its number for another entry, too. */
  forked: 4,
  /** It stands for its contributor's claims to its task, and at least one of them has a receipt. */
  attestedClaim: 8,
} as const

export interface EntryRow {
  readonly id: Bytes
  /** Its number. */
  readonly writer: number
  readonly seq: number
  readonly tsMs: number
  readonly credits: number
  readonly claim: ClaimKey
  /** Indexes or {@link NONE}: parents, then `prev`. */
  readonly edges: Int32Array
  /** See {@link Writers}. */
  readonly skip: number
}

class EntryPage {
  readonly edges = new Int32Array(PAGE_ROWS * EDGES)
  readonly skip = new Int32Array(PAGE_ROWS)
  readonly writer = new Uint32Array(PAGE_ROWS)
  readonly seq = new Uint32Array(PAGE_ROWS)
  /** Up to 48 bits. */
  readonly tsLow = new Uint32Array(PAGE_ROWS)
  readonly tsHigh = new Uint16Array(PAGE_ROWS)
  /** Up to 34 bits: the hundredth part of 2^40. */
  readonly creditsLow = new Uint32Array(PAGE_ROWS)
  readonly creditsHigh = new Uint8Array(PAGE_ROWS)
  readonly claimHigh = new Uint32Array(PAGE_ROWS)
  readonly claimLow = new Uint32Array(PAGE_ROWS)
  readonly flags = new Uint8Array(PAGE_ROWS)
}

export class Entries {
  readonly ids: KeySet
  readonly #pages = new Pages(() => new EntryPage())

  constructor(mixer: Mixer) {
    this.ids = new KeySet(ID_BYTES, mixer)
  }

  get length(): number {
    return this.#pages.length
  }

  add(row: EntryRow): number {
    const index = this.#pages.add()
    const page = this.#pages.of(index)
    const at = rowOf(index)
    page.edges.set(row.edges, at * EDGES)
    page.skip[at] = row.skip
    page.writer[at] = row.writer
    page.seq[at] = row.seq
    page.tsLow[at] = lowOf(row.tsMs)
    page.tsHigh[at] = highOf(row.tsMs)
    page.creditsLow[at] = lowOf(row.credits)
    page.creditsHigh[at] = highOf(row.credits)
    page.claimHigh[at] = row.claim.high
    page.claimLow[at] = row.claim.low
    this.ids.add(row.id)
    return index
  }

  /** Where an edge leads; {@link NONE} when the entry has fewer. */
  edge(index: number, number: number): number {
    return this.#pages.of(index).edges[rowOf(index) * EDGES + number] as number
  }
  skip(index: number): number {
    return this.#pages.of(index).skip[rowOf(index)] as number
  }
  writer(index: number): number {
    return this.#pages.of(index).writer[rowOf(index)] as number
  }
  seq(index: number): number {
    return this.#pages.of(index).seq[rowOf(index)] as number
  }
  tsMs(index: number): number {
    const { tsHigh, tsLow } = this.#pages.of(index)
    return joined(tsHigh[rowOf(index)] as number, tsLow[rowOf(index)] as number)
  }
  credits(index: number): number {
    const { creditsHigh, creditsLow } = this.#pages.of(index)
    return joined(creditsHigh[rowOf(index)] as number, creditsLow[rowOf(index)] as number)
  }
  claimHigh(index: number): number {
    return this.#pages.of(index).claimHigh[rowOf(index)] as number
  }
  claimLow(index: number): number {
    return this.#pages.of(index).claimLow[rowOf(index)] as number
  }

  has(index: number, flag: number): boolean {
    return ((this.#pages.of(index).flags[rowOf(index)] as number) & flag) !== 0
  }
  raise(index: number, flag: number): void {
    const { flags } = this.#pages.of(index)
    flags[rowOf(index)] = (flags[rowOf(index)] as number) | flag
  }
  lower(index: number, flag: number): void {
    const { flags } = this.#pages.of(index)
    flags[rowOf(index)] = (flags[rowOf(index)] as number) & ~flag
  }
}
