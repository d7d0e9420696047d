/**
 * The registry lists the public networks, and adds up what operators can count. Rooms and Worker isolates report to it now
 * and then, never per message.
 */
import { DurableObject } from 'cloudflare:workers'
import { toBase64Url } from '../protocol/bytes.ts'
import type { Genesis } from '../protocol/genesis.ts'
import { networkIdOfName, networkIdText } from '../protocol/network.ts'
import { ListPages, type Page } from './list-pages.ts'
import { Listing, type Listed } from './listing.ts'
import { SWEEP_INTERVAL_MS } from './room-limits.ts'
import type { Settings } from './settings.ts'
import { StoredMap } from './stored-map.ts'
import { addRefusals, addTally, emptyTally, type Refusals, type Tally } from './tally.ts'

/** Rooms with somebody in them report at every sweep; after three missed ones the room is no more. */
const FORGOTTEN_AFTER_MS = 3 * SWEEP_INTERVAL_MS
const TOTALS_KEY = 'totals'
/** Some 150 bytes each; ten times as many as there are networks at a time. */
const MAX_KNOWN_IDS = 10_000

export interface Totals {
  readonly tally: Tally
  readonly refusals: Refusals
}

export interface Question {
  /** Part of a name, a description or an id, in any case; empty for all. */
  readonly query: string
  /** Empty for the first page. */
  readonly after: string
  readonly limit: number
}

export function registryOf(settings: Settings): DurableObjectStub<Registry> {
  return settings.REGISTRY.getByName('registry')
}

export class Registry extends DurableObject<Settings> {
  readonly #listing: Listing
  readonly #pages: ListPages
  readonly #totals: Totals
  /** Ids of plain names that were searched for. */
  readonly #ids = new Map<string, string>()

  constructor(ctx: DurableObjectState, settings: Settings) {
    super(ctx, settings)
    const { kv } = ctx.storage
    this.#listing = new Listing(new StoredMap(kv, 'network/'), new StoredMap(kv, 'label/'), FORGOTTEN_AFTER_MS)
    this.#pages = new ListPages(new StoredMap(kv, 'order/'))
    this.#totals = kv.get<Totals>(TOTALS_KEY) ?? { tally: emptyTally(), refusals: {} }
  }

  /** A room's members now, and what it has counted since its last report. */
  report(network: string, members: number, tally: Tally): void {
    addTally(this.#totals.tally, tally)
    this.ctx.storage.kv.put(TOTALS_KEY, this.#totals)
    this.#listing.report(network, members, Date.now())
  }

  /** What a Worker isolate has refused since its last report. */
  countRefusals(refusals: Refusals): void {
    addRefusals(this.#totals.refusals, refusals)
    this.ctx.storage.kv.put(TOTALS_KEY, this.#totals)
  }

  /**
   * Lists a public founded network.
   *
   * @param source what stands for a part of the Internet; empty when it is not to be counted
   * @returns false when too many have been registered from there
   */
  list(network: string, { name, description, creator }: Genesis, source: string): boolean {
    return this.#listing.add(network, { name, description, creator: toBase64Url(creator) }, source, Date.now())
  }

  unlist(network: string): void {
    this.#listing.remove(network)
  }

  /** Listed networks that a query finds, the largest first. */
  async page({ query, after, limit }: Question): Promise<Page<Listed>> {
    const nowMs = Date.now()
    const wanted = query.toLowerCase()
    const ranked = this.#listing.ranked(nowMs).map(({ network }) => network)
    const isById = wanted.startsWith('net-')
    if (isById) await Promise.all(ranked.map((network) => this.#learnId(network)))
    const itemOf = (network: string) => {
      const listed = this.#listing.listed(network, nowMs)
      if (!listed) return undefined
      const id = isById ? this.#ids.get(network) : undefined
      const texts = [network, id, listed.label?.name, listed.label?.description]
      return texts.some((text) => text?.toLowerCase().includes(wanted)) ? listed : undefined
    }
    return this.#pages.page(() => ranked, itemOf, after, limit, nowMs)
  }

  membersOf(network: string): number {
    return this.#listing.membersOf(network, Date.now())
  }

  totals(): Totals & { networks: number; members: number } {
    return { ...this.#totals, ...this.#listing.totals(Date.now()) }
  }

  async #learnId(network: string): Promise<void> {
    if (this.#ids.has(network) || network.startsWith('net-')) return
    if (this.#ids.size >= MAX_KNOWN_IDS) this.#ids.clear()
    this.#ids.set(network, networkIdText(await networkIdOfName(network)))
  }
}
