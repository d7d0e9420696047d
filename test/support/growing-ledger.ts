/** A ledger that a test fills by hand: it tells what it is given and works out what can be read off its entries. */
import { Emitter } from '../../client/events.ts'
import type {
  ContributorStatistics,
  LedgerEntry,
  LedgerEvents,
  LedgerStatistics,
  SyncState,
} from '../../client/qdag/api.ts'
import type { FollowedLedger } from '../../client/page/ledger-feed.ts'

/** How many distinct others confirm an entry. */
const CONFIRMATIONS = 3
/** Contributors have not heard of the last few entries yet, so they build beside each other. */
const LAG = 3

/** An identity key's text that a number stands for. */
export function fakeSiteId(number: number): string {
  return `${number}`.padStart(3, 'x').padEnd(43, 'A')
}

/** A ledger with a random past, the same for the same seed. */
export class GrowingLedger implements FollowedLedger {
  readonly all: LedgerEntry[] = []
  readonly #emitter = new Emitter<LedgerEvents>((error) => {
    throw error
  })
  readonly #contributors: readonly string[]
  readonly #heads = new Map<string, LedgerEntry>()
  readonly #byId = new Map<string, LedgerEntry>()
  /** Which others have built on an entry, until it is confirmed. */
  readonly #supporters = new Map<string, Set<string>>()
  readonly #credits = new Map<string, { credits: number; entries: number; confirmed: number; lastTsMs: number }>()
  readonly #tips = new Set<string>()
  /** The tips as they were a few entries ago, and since then. */
  readonly #heard: string[][] = []
  readonly #syncs = new Map<string, SyncState>()
  #confirmed = 0
  #random: number
  /** How often the latest entries were read. */
  reads = 0

  constructor(contributors: readonly string[], seed = 1) {
    this.#contributors = contributors
    this.#random = seed
  }

  /** Lets somebody contribute, or a certain contributor. */
  grow(contributor = this.#pick(this.#contributors), isOwn = false, taskId?: string): LedgerEntry {
    const head = this.#heads.get(contributor)
    const heard = this.#heard[0] ?? []
    const parents = new Set([this.#pick(heard), this.#pick(heard)].filter((id) => id !== undefined))
    const number = this.all.length
    const computeUnits = 1_000 + Math.floor(this.#draw() * 2_000)
    const entry: LedgerEntry = {
      id: number.toString(36).padStart(5, '0').padEnd(43, 'i'),
      contributor,
      writer: 'w'.repeat(22),
      seq: (head?.seq ?? -1) + 1,
      tsMs: 1_700_000_000_000 + number * 1_000,
      taskId: taskId ?? `vectors/1/${number.toString(16).padStart(32, '0')}/16384x128/1000/10`,
      computeUnits,
      credits: Math.floor(computeUnits / 100),
      parents: [...parents].toSorted(),
      ...(head && { prev: head.id }),
      isConfirmed: false,
    }
    this.#record(entry, isOwn)
    return entry
  }

  sync(peerId: string, state: SyncState): void {
    this.#syncs.set(peerId, state)
    this.#emitter.emit('sync', { peerId, state })
  }

  on<Type extends keyof LedgerEvents>(
    type: Type,
    handler: (event: LedgerEvents[Type]) => unknown,
    options?: { readonly signal?: AbortSignal },
  ): () => void {
    return this.#emitter.on(type, handler, options)
  }

  contribute({ taskId }: { readonly taskId: string }): Promise<LedgerEntry> {
    return Promise.resolve(this.grow(this.#contributors[0], true, taskId))
  }

  async recent(count: number): Promise<readonly LedgerEntry[]> {
    this.reads++
    return this.all.slice(-count)
  }

  syncs(): ReadonlyMap<string, SyncState> {
    return this.#syncs
  }

  contributor(siteId: string): ContributorStatistics | undefined {
    const known = this.#credits.get(siteId)
    if (!known) return undefined
    const { credits, entries, confirmed, lastTsMs } = known
    return {
      contributor: siteId,
      credits,
      entries,
      confirmedEntries: confirmed,
      attestedCredits: 0,
      isForked: false,
      lastTsMs,
    }
  }

  contributors(): readonly ContributorStatistics[] {
    return [...this.#credits.keys()]
      .flatMap((siteId) => this.contributor(siteId) ?? [])
      .toSorted((a, b) => b.credits - a.credits)
  }

  statistics(): LedgerStatistics {
    return {
      entries: this.all.length,
      confirmedEntries: this.#confirmed,
      contributors: this.#credits.size,
      tips: this.#tips.size,
      credits: [...this.#credits.values()].reduce((sum, { credits }) => sum + credits, 0),
      attestedCredits: 0,
      forkedContributors: 0,
      orphans: 0,
      parked: 0,
      confirmations: CONFIRMATIONS,
      digest: `digest-${this.all.length}`.padEnd(43, '-'),
    }
  }

  #record(entry: LedgerEntry, isOwn: boolean): void {
    const place = this.all.push(entry) - 1
    this.#byId.set(entry.id, entry)
    this.#heads.set(entry.contributor, entry)
    this.#supporters.set(entry.id, new Set())
    const known = this.#credits.get(entry.contributor) ?? { credits: 0, entries: 0, confirmed: 0, lastTsMs: 0 }
    known.credits += entry.credits
    known.entries++
    known.lastTsMs = entry.tsMs
    this.#credits.set(entry.contributor, known)
    for (const id of this.#references(entry)) this.#tips.delete(id)
    this.#tips.add(entry.id)
    this.#heard.push([...this.#tips])
    if (this.#heard.length > LAG) this.#heard.shift()
    this.#emitter.emit('entry', { entry: this.all[place] ?? entry, isOwn })
    this.#support(entry)
  }

  /** Walks down as long as somebody gains a supporter. */
  #support({ contributor, ...entry }: LedgerEntry): void {
    const waiting = this.#references(entry)
    for (const id of waiting) {
      const below = this.#byId.get(id)
      const supporters = this.#supporters.get(id)
      if (!below || !supporters || supporters.has(contributor)) continue
      if (below.contributor !== contributor) supporters.add(contributor)
      waiting.push(...this.#references(below))
      if (supporters.size < CONFIRMATIONS) continue
      this.#supporters.delete(id)
      this.#confirm(below)
    }
  }

  #confirm(entry: LedgerEntry): void {
    const place = this.all.indexOf(entry, Math.max(0, this.all.length - 1_000))
    const confirmed = { ...entry, isConfirmed: true }
    this.all[place] = confirmed
    this.#byId.set(entry.id, confirmed)
    if (this.#heads.get(entry.contributor) === entry) this.#heads.set(entry.contributor, confirmed)
    this.#confirmed++
    const known = this.#credits.get(entry.contributor)
    if (known) known.confirmed++
    this.#emitter.emit('confirmed', { id: entry.id, contributor: entry.contributor })
  }

  #references({ parents, prev }: Pick<LedgerEntry, 'parents' | 'prev'>): string[] {
    return prev === undefined ? [...parents] : [...parents, prev]
  }

  #draw(): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0
    return this.#random / 2 ** 32
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#draw() * items.length)] as Item
  }
}
