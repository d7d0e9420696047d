/**
 * The registry lists the public networks with somebody in them, and adds up what operators can count. Rooms and Worker
 * isolates report to it now and then, never per message. Strangers can make up names, so it keeps the largest networks
 * and forgets the rest.
 */
import { DurableObject } from 'cloudflare:workers'
import { SWEEP_INTERVAL_MS } from './room-limits.ts'
import type { Settings } from './settings.ts'
import { addRefusals, addTally, emptyTally, type Refusals, type Tally } from './tally.ts'

/** One storage row and some 100 bytes of memory each. */
const MAX_KEPT_NETWORKS = 1_000
/** Rooms with somebody in them report at every sweep; after three missed ones the room is no more. */
const FORGOTTEN_AFTER_MS = 3 * SWEEP_INTERVAL_MS
const NETWORK_PREFIX = 'network/'
const TOTALS_KEY = 'totals'

interface NetworkRecord {
  readonly members: number
  readonly reportedAtMs: number
}

export interface RegisteredNetwork {
  readonly name: string
  readonly members: number
}

export interface Totals {
  readonly tally: Tally
  readonly refusals: Refusals
}

export function registryOf(settings: Settings): DurableObjectStub<Registry> {
  return settings.REGISTRY.getByName('registry')
}

export class Registry extends DurableObject<Settings> {
  readonly #networks = new Map<string, NetworkRecord>()
  readonly #totals: Totals

  constructor(ctx: DurableObjectState, settings: Settings) {
    super(ctx, settings)
    for (const [key, record] of ctx.storage.kv.list<NetworkRecord>({ prefix: NETWORK_PREFIX })) {
      this.#networks.set(key.slice(NETWORK_PREFIX.length), record)
    }
    this.#totals = ctx.storage.kv.get<Totals>(TOTALS_KEY) ?? { tally: emptyTally(), refusals: {} }
  }

  /** A room's members now, and what it has counted since its last report. */
  report(network: string, members: number, tally: Tally): void {
    addTally(this.#totals.tally, tally)
    this.ctx.storage.kv.put(TOTALS_KEY, this.#totals)
    if (members === 0) this.#forget(network)
    else if (this.#networks.has(network) || this.#hasRoomFor(members)) {
      const record = { members, reportedAtMs: Date.now() }
      this.#networks.set(network, record)
      this.ctx.storage.kv.put(NETWORK_PREFIX + network, record)
    }
  }

  /** What a Worker isolate has refused since its last report. */
  countRefusals(refusals: Refusals): void {
    addRefusals(this.#totals.refusals, refusals)
    this.ctx.storage.kv.put(TOTALS_KEY, this.#totals)
  }

  /** The largest networks, the largest first. */
  largest(count: number): RegisteredNetwork[] {
    this.#forgetSilent()
    return [...this.#networks]
      .map(([name, { members }]) => ({ name, members }))
      .toSorted((a, b) => b.members - a.members || (a.name < b.name ? -1 : 1))
      .slice(0, count)
  }

  membersOf(network: string): number {
    this.#forgetSilent()
    return this.#networks.get(network)?.members ?? 0
  }

  totals(): Totals & { networks: number; members: number } {
    this.#forgetSilent()
    let members = 0
    for (const record of this.#networks.values()) members += record.members
    return { ...this.#totals, networks: this.#networks.size, members }
  }

  /** Makes room by forgetting a smaller network. A flood of new names pushes out small networks only. */
  #hasRoomFor(members: number): boolean {
    if (this.#networks.size < MAX_KEPT_NETWORKS) return true
    this.#forgetSilent()
    if (this.#networks.size < MAX_KEPT_NETWORKS) return true
    let smallest: string | undefined
    let fewest = members
    for (const [name, record] of this.#networks) {
      if (record.members >= fewest) continue
      smallest = name
      fewest = record.members
    }
    if (smallest === undefined) return false
    this.#forget(smallest)
    return true
  }

  #forgetSilent(): void {
    const sinceMs = Date.now() - FORGOTTEN_AFTER_MS
    for (const [name, { reportedAtMs }] of this.#networks) if (reportedAtMs < sinceMs) this.#forget(name)
  }

  #forget(network: string): void {
    if (this.#networks.delete(network)) this.ctx.storage.kv.delete(NETWORK_PREFIX + network)
  }
}
