/**
 * What a ledger has to say, computed anew from nothing but the entries each time it is asked, in the plainest way: sets, and
 * loops over all entries inside loops over all entries. It shares no code with the ledger, and no idea but the rules.
 */
import { createHash } from 'node:crypto'
import type { ContributorStatistics } from '../../client/qdag/api.ts'
import type { Entry } from '../../client/qdag/entry.ts'

const AHEAD_MS = 120_000
const ORPHAN_MS = 30_000
/** What a clock shows beyond this between two looks, it was set by. */
const MAX_PASSED_MS = 2_000

export interface ReferenceOptions {
  readonly networkId: Uint8Array
  readonly confirmations: number
  readonly minGapMs: number
}

/** Everything that must be the same in whatever order the entries came. Lists are sorted. */
export interface ReferenceState {
  readonly ids: readonly string[]
  readonly tips: readonly string[]
  readonly tipDigest: string
  readonly confirmed: readonly string[]
  /** Ids that share a number, joined by commas. */
  readonly forks: readonly string[]
  readonly contributors: readonly ContributorStatistics[]
  readonly heads: readonly string[]
}

interface Waiter {
  readonly entry: Entry
  readonly from: string
  readonly sinceMs: number
}

export interface ReferenceVerdict {
  readonly kind: 'added' | 'known' | 'orphan' | 'parked' | 'rejected'
  readonly solid: readonly string[]
  readonly missing: readonly string[]
}

const hexes = new WeakMap<Uint8Array, string>()

export function hex(bytes: Uint8Array): string {
  const text = hexes.get(bytes) ?? Buffer.from(bytes).toString('hex')
  hexes.set(bytes, text)
  return text
}

export class Reference {
  readonly #options: ReferenceOptions
  /** By id, in the order in which they became solid. */
  readonly #solid = new Map<string, Entry>()
  waiting: Waiter[] = []
  /** How long it has waited for anything, and when it looked last. */
  #waitedMs = 0
  #lookedAtMs = Infinity
  #state: ReferenceState | undefined

  constructor(options: ReferenceOptions) {
    this.#options = options
  }

  // ---- what happens ------------------------------------------------------------------------------------------------

  add(entry: Entry, from: string, nowMs: number): ReferenceVerdict {
    this.#age(nowMs)
    const nothing = { solid: [], missing: [] }
    const id = hex(entry.id)
    if (this.has(id) || this.#waits(id)) return { kind: 'known', ...nothing }
    if (!this.#isSound(entry)) return { kind: 'rejected', ...nothing }
    // Those are only looked at when it is asked for them.
    const parked = this.waiting.filter((waiter) => this.#isComplete(waiter.entry))
    this.waiting.push({ entry, from, sinceMs: this.#waitedMs })
    const solid = this.#settle(nowMs, parked)
    if (this.has(id)) return { kind: 'added', solid, missing: [] }
    if (this.#isComplete(entry)) return { kind: 'parked', ...nothing }
    const missing = this.edges(entry).filter((edge) => !this.has(edge) && !this.#waits(edge))
    return { kind: 'orphan', solid: [], missing: unique(missing) }
  }

  ripen(nowMs: number): readonly string[] {
    this.#age(nowMs)
    return this.#settle(nowMs)
  }

  forget(from: string): void {
    this.waiting = this.waiting.filter((waiter) => waiter.from !== from)
  }

  /** Whatever waits and need not wait any more becomes solid, until nothing changes. */
  #settle(nowMs: number, butNot: readonly Waiter[] = []): string[] {
    const solid: string[] = []
    for (let before = -1; before < solid.length;) {
      before = solid.length
      for (const waiter of this.waiting) {
        const { entry } = waiter
        if (butNot.includes(waiter) || !this.#isComplete(entry)) continue
        if (this.#isSound(entry) && entry.tsMs > nowMs + AHEAD_MS) continue
        this.waiting = this.waiting.filter((other) => other !== waiter)
        if (!this.#isSound(entry)) continue
        this.#solid.set(hex(entry.id), entry)
        this.#state = undefined
        solid.push(hex(entry.id))
      }
    }
    return solid
  }

  /** It lacks nothing that it builds on. */
  #isComplete(entry: Entry): boolean {
    return this.edges(entry).every((edge) => this.has(edge))
  }

  /** One after the other, in the order in which they came. */
  #age(nowMs: number): void {
    this.#waitedMs += Math.max(0, Math.min(nowMs - this.#lookedAtMs, MAX_PASSED_MS))
    this.#lookedAtMs = nowMs
    for (const waiter of this.waiting) {
      const isHopeless = this.edges(waiter.entry).some((edge) => !this.has(edge) && !this.#waits(edge))
      if (isHopeless && this.#waitedMs - waiter.sinceMs >= ORPHAN_MS) {
        this.waiting = this.waiting.filter((other) => other !== waiter)
      }
    }
  }

  // ---- what is true of an entry --------------------------------------------------------------------------------------

  has(id: string): boolean {
    return this.#solid.has(id)
  }

  get(id: string): Entry | undefined {
    return this.#solid.get(id)
  }

  /** Ids of all that it builds on, but for the beginning. */
  edges({ parents, prev }: Entry): string[] {
    const edges = [...parents, ...(prev ? [prev] : [])].map(hex)
    return unique(edges).filter((edge) => edge !== hex(this.#options.networkId))
  }

  /** Everything that it builds on, directly or not. */
  past(entry: Entry): Set<string> {
    const past = new Set<string>()
    const queue = this.edges(entry)
    for (const id of queue) {
      const before = this.get(id)
      if (!before || past.has(id)) continue
      past.add(id)
      queue.push(...this.edges(before))
    }
    return past
  }

  /** No rule is broken, as far as can be told from what is solid. */
  #isSound(entry: Entry): boolean {
    const root = hex(this.#options.networkId)
    const { parents, prev, seq, tsMs } = entry
    if (parents.map(hex).includes(root) && !(parents.length === 1 && seq === 0)) return false
    if (seq === 0 ? prev !== undefined : prev === undefined || hex(prev) === root) return false
    if (this.edges(entry).some((edge) => tsMs <= (this.get(edge)?.tsMs ?? 0))) return false
    const before = prev && this.get(hex(prev))
    if (!before) return true
    const isSameWriter = chainOf(before) === chainOf(entry)
    return isSameWriter && before.seq === seq - 1 && tsMs - before.tsMs >= this.#options.minGapMs
  }

  #waits(id: string): boolean {
    return this.waiting.some(({ entry }) => hex(entry.id) === id)
  }

  // ---- what is true of all of them -----------------------------------------------------------------------------------

  state(): ReferenceState {
    this.#state ??= this.#computed()
    return this.#state
  }

  #computed(): ReferenceState {
    const solid = [...this.#solid.values()]
    const pasts = solid.map((entry) => ({ entry, past: this.past(entry) }))
    const builtOn = new Set(solid.flatMap((entry) => this.edges(entry)))
    const tips = solid.filter(({ id }) => !builtOn.has(hex(id)))
    const confirmed = solid.filter(({ id, contributor }) => {
      const builders = pasts.filter(({ past }) => past.has(hex(id))).map(({ entry }) => hex(entry.contributor))
      return new Set(builders.filter((builder) => builder !== hex(contributor))).size >= this.#options.confirmations
    })
    const groups = grouped(solid, (entry) => `${chainOf(entry)} ${entry.seq}`)
    const forks = groups.filter((group) => group.length > 1)
    const contributors = grouped(solid, ({ contributor }) => hex(contributor)).map((own) => ({
      contributor: Buffer.from(own[0]?.contributor ?? []).toString('base64url'),
      entries: own.length,
      confirmedEntries: own.filter((entry) => confirmed.includes(entry)).length,
      ...creditsOf(own),
      isForked: forks.flat().some((entry) => own.includes(entry)),
      lastTsMs: Math.max(...own.map(({ tsMs }) => tsMs)),
    }))
    return {
      ids: solid.map(({ id }) => hex(id)).toSorted(),
      tips: tips.map(({ id }) => hex(id)).toSorted(),
      tipDigest: digestOf(tips),
      confirmed: confirmed.map(({ id }) => hex(id)).toSorted(),
      forks: forks
        .map((group) =>
          group
            .map(({ id }) => hex(id))
            .toSorted()
            .join(),
        )
        .toSorted(),
      contributors: contributors.toSorted((a, b) => (a.contributor < b.contributor ? -1 : 1)),
      heads: grouped(solid, chainOf).map(headOf).toSorted(),
    }
  }

  /** Of what waits. */
  missing(): string[] {
    const edges = this.waiting.flatMap(({ entry }) => this.edges(entry))
    return unique(edges.filter((edge) => !this.has(edge) && !this.#waits(edge))).toSorted()
  }

  orphans(): number {
    return this.waiting.filter(({ entry }) => !this.#isComplete(entry)).length
  }

  notIn(past: readonly string[]): string[] {
    const known = new Set(past)
    for (const id of past) {
      const entry = this.get(id)
      for (const before of entry ? this.past(entry) : []) known.add(before)
    }
    return [...this.#solid.keys()].filter((id) => !known.has(id)).toSorted()
  }
}

function creditsOf(own: readonly Entry[]): { credits: number; attestedCredits: number } {
  let [credits, attestedCredits] = [0, 0]
  for (const claims of grouped(own, ({ taskId }) => taskId)) {
    const least = Math.min(...claims.map(({ computeUnits }) => Math.floor(computeUnits / 100)))
    credits += least
    if (claims.some(({ receipt }) => receipt)) attestedCredits += least
  }
  return { credits, attestedCredits }
}

/** The highest number; of several entries the one with the lowest id. */
function headOf(own: readonly Entry[]): string {
  const highest = Math.max(...own.map(({ seq }) => seq))
  const [id] = own
    .filter(({ seq }) => seq === highest)
    .map((entry) => hex(entry.id))
    .toSorted()
  return id ?? ''
}

function digestOf(entries: readonly Entry[]): string {
  const sorted = entries.map(({ id }) => Buffer.from(id)).toSorted((a, b) => a.compare(b))
  return createHash('sha256').update(Buffer.concat(sorted)).digest('hex')
}

function chainOf({ contributor, writer }: Entry): string {
  return `${hex(contributor)} ${hex(writer)}`
}

function grouped(entries: readonly Entry[], keyOf: (entry: Entry) => string): Entry[][] {
  const groups = new Map<string, Entry[]>()
  for (const entry of entries) groups.set(keyOf(entry), [...(groups.get(keyOf(entry)) ?? []), entry])
  return [...groups.values()]
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)]
}
