/**
 * Pages of a list whose order changes while somebody reads it. When there is a second page, the order is kept as it was for
 * the first, so that nothing is listed twice; what comes up meanwhile is missed, and what has gone is left out.
 */

export interface Page<Item> {
  readonly items: readonly Item[]
  /** Where the next page begins. */
  readonly next?: string
}

/** Lists that are read at the same time share an order of this age. */
export const ORDER_FRESH_MS = 30_000
/** Whoever takes longer for a page finds the list at its end. Twenty orders of some 90 KB, at most. */
export const ORDER_KEPT_MS = 600_000

const CURSOR = /^([1-9]\d{0,14})-(\d{1,6})$/

export class ListPages {
  /** Keys in order, by when it was taken. */
  readonly #orders: Map<string, readonly string[]>

  constructor(orders: Map<string, readonly string[]>) {
    this.#orders = orders
  }

  /**
   * @param ranked all keys in today's order, for the first page
   * @param itemOf what stands behind a key now; `undefined` for what is gone or not asked for
   * @param after {@link Page.next} of the page before; empty for the first
   */
  page<Item>(
    ranked: () => readonly string[],
    itemOf: (key: string) => Item | undefined,
    after: string,
    limit: number,
    nowMs: number,
  ): Page<Item> {
    this.#forget(nowMs)
    if (after !== '') {
      const [, takenAt = '', start = ''] = CURSOR.exec(after) ?? []
      return this.#cut(this.#orders.get(takenAt) ?? [], takenAt, Number(start), itemOf, limit)
    }
    const [freshAt] = [...this.#orders.keys()].filter((takenAt) => nowMs - Number(takenAt) < ORDER_FRESH_MS)
    if (freshAt !== undefined) return this.#cut(this.#orders.get(freshAt) ?? [], freshAt, 0, itemOf, limit)
    const order = ranked()
    const first = this.#cut(order, String(nowMs), 0, itemOf, limit)
    if (first.next !== undefined) this.#orders.set(String(nowMs), order)
    return first
  }

  #cut<Item>(
    order: readonly string[],
    takenAt: string,
    start: number,
    itemOf: (key: string) => Item | undefined,
    limit: number,
  ): Page<Item> {
    const items: Item[] = []
    for (let at = start; at < order.length; at++) {
      const item = itemOf(order[at] ?? '')
      if (item === undefined) continue
      if (items.length === limit) return { items, next: `${takenAt}-${at}` }
      items.push(item)
    }
    return { items }
  }

  #forget(nowMs: number): void {
    for (const takenAt of this.#orders.keys()) {
      if (nowMs - Number(takenAt) >= ORDER_KEPT_MS) this.#orders.delete(takenAt)
    }
  }
}
