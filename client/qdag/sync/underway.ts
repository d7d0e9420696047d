/**
 * Entries that are here but not part of the ledger: being verified, or kept by the ledger until what they build on, or their
 * time, has come. Whoever else sends or offers one of them is not asked for it, and is known to have it.
 */
import { compareBytes, type Bytes } from '../../../protocol/bytes.ts'
import type { Entry } from '../entry.ts'
import type { Ledger } from '../ledger.ts'
import { mapKeyOf } from '../map-key.ts'
import { MAX_HELD, PREFIX_BYTES } from './limits.ts'

export interface Arrival {
  readonly entry: Entry
  /** Who has sent it. */
  readonly sources: Set<object>
  /** Whether its signatures hold; `undefined` until that is known. */
  isGenuine: boolean | undefined
  /** The ledger keeps it until it can be part of it. */
  isHeld: boolean
}

/** How often it is looked for those that the ledger has dropped. */
const SWEEP_MS = 10_000

export class Underway {
  readonly #ledger: Ledger
  readonly #networkId: Bytes
  readonly #arrivals = new Map<string, Arrival>()
  #sweptMs = 0

  constructor(ledger: Ledger, networkId: Bytes) {
    this.#ledger = ledger
    this.#networkId = networkId
  }

  get size(): number {
    return this.#arrivals.size
  }

  find(id: Bytes): Arrival | undefined {
    return this.#arrivals.size === 0 ? undefined : this.#arrivals.get(mapKeyOf(id))
  }

  /** It is here from now on. */
  begin(entry: Entry, source: object): Arrival {
    const arrival: Arrival = { entry, sources: new Set([source]), isGenuine: undefined, isHeld: false }
    this.#arrivals.set(mapKeyOf(entry.id), arrival)
    return arrival
  }

  /** It is part of the ledger, or gone. Says who had sent it. */
  end(id: Bytes): ReadonlySet<object> | undefined {
    const arrival = this.find(id)
    if (arrival) this.#arrivals.delete(mapKeyOf(id))
    return arrival?.sources
  }

  /** This one is gone; another one with the same id stays. */
  drop(arrival: Arrival): void {
    if (this.find(arrival.entry.id) === arrival) this.end(arrival.entry.id)
  }

  /** Forgets those that the ledger has dropped. */
  sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < SWEEP_MS) return
    this.#sweptMs = nowMs
    for (const { isHeld, entry } of this.#arrivals.values()) {
      if (isHeld && !this.#ledger.knows(entry.id)) this.end(entry.id)
    }
  }

  ids(): Bytes[] {
    return Array.from(this.#arrivals.values(), ({ entry }) => entry.id)
  }

  /** The latest of them, as a frontier lists them. */
  prefixes(): Bytes[] {
    return this.ids()
      .slice(-MAX_HELD)
      .map((id) => id.slice(0, PREFIX_BYTES))
  }

  /**
   * The entries of the ledger that one of these builds on, directly or by way of others of these; `undefined` when there is no
   * such entry here, or something that it builds on is missing.
   */
  basisOf(prefix: Bytes): readonly number[] | undefined {
    const basis = new Set<number>()
    const seen = new Set<Arrival>()
    const begin = this.#startingWith(prefix)
    const queue = begin ? [begin] : []
    // It grows while it is gone through.
    for (const arrival of queue) {
      if (seen.has(arrival)) continue
      seen.add(arrival)
      const { parents, prev } = arrival.entry
      for (const id of prev ? [prev, ...parents] : parents) {
        const index = this.#ledger.indexOf(id)
        const before = this.find(id)
        if (index >= 0) basis.add(index)
        else if (before) queue.push(before)
        else if (compareBytes(id, this.#networkId) !== 0) return undefined
      }
    }
    return begin && [...basis]
  }

  #startingWith(prefix: Bytes): Arrival | undefined {
    const key = mapKeyOf(prefix)
    for (const [id, arrival] of this.#arrivals) if (id.startsWith(key)) return arrival
    return undefined
  }
}
