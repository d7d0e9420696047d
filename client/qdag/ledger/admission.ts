/**
 * How entries become part of the ledger: at once, later, or never. Entries are placed when all that they build on is there;
 * until then they wait, and so do those from the future.
 */
import { compareBytes, type Bytes } from '../../../protocol/bytes.ts'
import type { Entry } from '../entry.ts'
import { EDGES, NONE, PREV } from './entries.ts'
import { faultOf, type Rules } from './rules.ts'
import type { State } from './state.ts'
import type { Growth, Verdict } from './types.ts'
import { WaitingRoom, type Waiting } from './waiting-room.ts'

/** The clocks of honest peers, corrected by each other, differ by less. */
const MAX_AHEAD_MS = 120_000

/** A {@link Growth} in the making. */
class Growing {
  readonly kind = 'added'
  readonly solid: Entry[] = []
  readonly confirmed: number[] = []
  readonly forked: number[] = []
  readonly rejected: { readonly entry: Entry; readonly from: string }[] = []
}

const NOTHING: readonly Bytes[] = []

export class Admission {
  readonly #state: State
  readonly #rules: Rules
  readonly waiting = new WaitingRoom()
  /** Of the entry that is being placed: where its edges lead, and the ids that are not there. */
  readonly #edges = new Int32Array(EDGES)
  #missing = NOTHING

  constructor(state: State, rules: Rules) {
    this.#state = state
    this.#rules = rules
  }

  add(entry: Entry, from: string, nowMs: number): Verdict {
    this.waiting.sweep(nowMs)
    if (this.#state.entries.ids.indexOf(entry.id) !== NONE || this.waiting.has(entry.id)) return { kind: 'known' }
    const growth = new Growing()
    const verdict = this.#place(entry, from, nowMs, growth)
    if (verdict) return verdict
    const free = this.waiting.release(entry.id)
    if (free.length > 0) this.#follow(free, nowMs, growth)
    return growth
  }

  ripen(nowMs: number): Growth {
    this.waiting.sweep(nowMs)
    const growth = new Growing()
    this.#follow(this.waiting.releaseParked(nowMs + MAX_AHEAD_MS), nowMs, growth)
    return growth
  }

  /** Places those that have waited, and those that wait for them in turn. */
  #follow(free: readonly Waiting[], nowMs: number, growth: Growing): void {
    const queue = [...free]
    // It grows while it is gone through.
    for (const { entry, from } of queue) {
      const verdict = this.#place(entry, from, nowMs, growth)
      if (verdict?.kind === 'rejected') growth.rejected.push({ entry, from })
      if (verdict) continue
      for (const next of this.waiting.release(entry.id)) queue.push(next)
    }
    growth.confirmed.sort((a, b) => a - b)
  }

  /** Makes an entry part of the ledger. When that cannot be, says why, and lets it wait if that may change. */
  #place(entry: Entry, from: string, nowMs: number, growth: Growing): Verdict | undefined {
    this.#find(entry)
    const reason = faultOf(entry, this.#edges, this.#rules)
    if (reason) return { kind: 'rejected', reason }
    const missing = this.#missing
    if (missing.length > 0) {
      this.waiting.holdOrphan(entry, from, missing)
      return { kind: 'orphan', missing: missing.filter((id) => !this.waiting.has(id)) }
    }
    if (entry.tsMs > nowMs + MAX_AHEAD_MS) {
      this.waiting.park(entry, from)
      return { kind: 'parked' }
    }
    const { index, confirmed, isForked } = this.#state.append(entry, this.#edges)
    growth.solid.push(entry)
    // Not by spreading: a whole chain may be confirmed at once, and there may be no more than so many arguments.
    for (const one of confirmed) growth.confirmed.push(one)
    if (isForked) growth.forked.push(index)
    return undefined
  }

  /** Finds what an entry builds on: `#edges`, and `#missing`. */
  #find({ parents, prev }: Entry): void {
    const [first, second] = parents
    this.#missing = NOTHING
    this.#edges[0] = this.#edgeTo(first)
    this.#edges[1] = this.#edgeTo(second)
    // A lone contributor has nothing but the entry before to build on.
    const isLone = first && prev && !second && compareBytes(first, prev) === 0
    this.#edges[PREV] = isLone ? (this.#edges[0] ?? NONE) : this.#edgeTo(prev)
  }

  #edgeTo(id: Bytes | undefined): number {
    if (id === undefined) return NONE
    const index = this.#state.entries.ids.indexOf(id)
    if (index === NONE && compareBytes(id, this.#rules.networkId) !== 0) this.#missing = [...this.#missing, id]
    return index
  }
}
