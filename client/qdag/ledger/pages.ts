/**
 * Columns that grow by pages: nothing is copied when the ledger grows, so no entry takes longer than others, and of what is
 * allocated at most the last page is unused.
 */

const PAGE_BITS = 12
/** Rows in a page: the first costs an empty ledger some 300 KiB, and a million entries are 245 pages. */
export const PAGE_ROWS = 1 << PAGE_BITS

/** Where a row is in its page. */
export function rowOf(index: number): number {
  return index & (PAGE_ROWS - 1)
}

export function pageOf(index: number): number {
  return index >>> PAGE_BITS
}

/** Rows by index, from 0, each in a page that the owner lays out. */
export class Pages<Page> {
  readonly #make: () => Page
  readonly #pages: Page[] = []
  #length = 0

  constructor(make: () => Page) {
    this.#make = make
  }

  get length(): number {
    return this.#length
  }

  /** Makes room for a row, all zeros, and returns its index. */
  add(): number {
    if (rowOf(this.#length) === 0) this.#pages.push(this.#make())
    return this.#length++
  }

  /** The page that a row is in. The row must have been added. */
  of(index: number): Page {
    return this.#pages[index >>> PAGE_BITS] as Page
  }
}

const UINT32 = 2 ** 32

/** A number above 32 bits from two columns. */
export function joined(high: number, low: number): number {
  return high * UINT32 + low
}

export function highOf(value: number): number {
  return Math.floor(value / UINT32)
}

export function lowOf(value: number): number {
  return value >>> 0
}
