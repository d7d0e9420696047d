/**
 * The ids of a room's members, kept so that joining, leaving and drawing a random sample cost the same in a room of ten
 * and of ten thousand: a dense array to draw from, and each id's position in it.
 */
import type { PeerId } from '../protocol/peer-id.ts'

/** A number in [0, 1). */
export type Random = () => number

export class MemberIndex {
  readonly #ids: PeerId[] = []
  readonly #positions = new Map<PeerId, number>()

  constructor(ids: Iterable<PeerId>) {
    for (const id of ids) this.add(id)
  }

  get size(): number {
    return this.#ids.length
  }

  has(id: PeerId): boolean {
    return this.#positions.has(id)
  }

  all(): readonly PeerId[] {
    return this.#ids
  }

  add(id: PeerId): void {
    if (this.#positions.has(id)) return
    this.#positions.set(id, this.#ids.length)
    this.#ids.push(id)
  }

  delete(id: PeerId): void {
    const position = this.#positions.get(id)
    const last = this.#ids.pop()
    if (position === undefined || last === undefined) {
      if (last !== undefined) this.#ids.push(last)
      return
    }
    this.#positions.delete(id)
    if (last === id) return
    this.#ids[position] = last
    this.#positions.set(last, position)
  }

  /** Up to `count` distinct ids, each set equally likely (R. Floyd's algorithm: as many draws as results). */
  sample(count: number, random: Random): PeerId[] {
    const size = this.#ids.length
    if (count >= size) return [...this.#ids]
    const chosen = new Set<PeerId>()
    for (let bound = size - count; bound < size; bound++) {
      const drawn = this.#ids[Math.floor(random() * (bound + 1))]
      const fallback = this.#ids[bound]
      const pick = drawn !== undefined && !chosen.has(drawn) ? drawn : fallback
      if (pick !== undefined) chosen.add(pick)
    }
    return [...chosen]
  }

  /** The `count` smallest ids after `cursor`, in order. One pass: pages are rare, and sorting would cost every join. */
  page(cursor: string, count: number): PeerId[] {
    const page: PeerId[] = []
    for (const id of this.#ids) {
      if (id <= cursor || (page.length === count && id >= (page[count - 1] ?? ''))) continue
      let at = page.length
      while (at > 0 && (page[at - 1] ?? '') > id) at--
      page.splice(at, 0, id)
      if (page.length > count) page.pop()
    }
    return page
  }
}
