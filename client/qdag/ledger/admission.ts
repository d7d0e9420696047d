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
interface Growing {
  readonly solid: Entry[]
  readonly confirmed: number[]
  readonly forked: number[]
}

export class Admission {
  readonly #state: State
  readonly #rules: Rules
  readonly waiting = new WaitingRoom()
  /** Of the entry that is being placed. */
  readonly #edges = new Int32Array(EDGES)

  constructor(state: State, rules: Rules) {
    this.#state = state
    this.#rules = rules
  }

  add(entry: Entry, from: string, nowMs: number): Verdict {
    this.waiting.sweep(nowMs)
    if (this.#state.entries.ids.indexOf(entry.id) !== NONE || this.waiting.has(entry.id)) return { kind: 'known' }
    const growth: Growing = { solid: [], confirmed: [], forked: [] }
    const verdict = this.#place(entry, from, nowMs, growth)
    if (verdict) return verdict
    this.#follow(this.waiting.release(entry.id), nowMs, growth)
    return { kind: 'added', ...growth }
  }

  ripen(nowMs: number): Growth {
    this.waiting.sweep(nowMs)
    const growth: Growing = { solid: [], confirmed: [], forked: [] }
    this.#follow(this.waiting.releaseParked(nowMs + MAX_AHEAD_MS), nowMs, growth)
    return growth
  }

  /** Places those that have waited, and those that wait for them in turn. */
  #follow(free: readonly Waiting[], nowMs: number, growth: Growing): void {
    const queue = [...free]
    // It grows while it is gone through.
    for (const { entry, from } of queue) {
      if (this.#place(entry, from, nowMs, growth)) continue
      for (const next of this.waiting.release(entry.id)) queue.push(next)
    }
    growth.confirmed.sort((a, b) => a - b)
  }

  /** Makes an entry part of the ledger. When that cannot be, says why, and lets it wait if that may change. */
  #place(entry: Entry, from: string, nowMs: number, growth: Growing): Verdict | undefined {
    const missing = this.#find(entry)
    const reason = faultOf(entry, this.#edges, this.#rules)
    if (reason) return { kind: 'rejected', reason }
    if (missing.length > 0) {
      this.waiting.holdOrphan(entry, from, missing, nowMs)
      return { kind: 'orphan', missing: missing.filter((id) => !this.waiting.has(id)) }
    }
    if (entry.tsMs > nowMs + MAX_AHEAD_MS) {
      this.waiting.park(entry, from, nowMs)
      return { kind: 'parked' }
    }
    const { index, confirmed, isForked } = this.#state.append(entry, this.#edges)
    growth.solid.push(entry)
    // Not by spreading: a whole chain may be confirmed at once, and there may be no more than so many arguments.
    for (const one of confirmed) growth.confirmed.push(one)
    if (isForked) growth.forked.push(index)
    return undefined
  }

  /** Finds what an entry builds on: sets `#edges`, and returns the ids that are not there. */
  #find({ parents, prev }: Entry): readonly Bytes[] {
    const missing: Bytes[] = []
    const edgeTo = (id: Bytes | undefined): number => {
      const index = id ? this.#state.entries.ids.indexOf(id) : NONE
      if (id && index === NONE && compareBytes(id, this.#rules.networkId) !== 0) missing.push(id)
      return index
    }
    const [first, second] = parents
    this.#edges[0] = edgeTo(first)
    this.#edges[1] = edgeTo(second)
    // A lone contributor has nothing but the entry before to build on.
    const isLone = first && prev && !second && compareBytes(first, prev) === 0
    this.#edges[PREV] = isLone ? this.#edges[0] : edgeTo(prev)
    return missing
  }
}
