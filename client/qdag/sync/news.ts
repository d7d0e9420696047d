/**
 * What has become part of the ledger is told to every peer that is not known to have it: at once when it is a few entries,
 * and by comparing when it is what another comparison has brought, or peers would all send the same to each other. Of what
 * is said to everybody by gossip, those who hear that are told nothing; what came otherwise they are told when gossip has had the
 * time to bring it, and did not.
 */
import type { Entry } from '../entry.ts'
import type { Growth, Ledger } from '../ledger.ts'
import { GOSSIP_MS } from './gossip-time.ts'
import type { Item } from './intake.ts'
import type { SyncPeer } from './peer.ts'
import type { Recent } from './recent.ts'
import type { Underway } from './underway.ts'

/** What one comparison brings beyond this is too much to tell. */
const MAX_ENTRIES_OF_COMPARISON = 256

/** Entries that gossip may still bring. More come only by an import, and then it is nothing that others say, too. */
const MAX_UNSAID = 4_096
/** Among those who have sent an entry: it was said to everybody. */
export const EVERYBODY: object = Object.freeze({ name: 'everybody' })

export interface NewsHost {
  readonly ledger: Ledger
  readonly underway: Underway
  readonly recent: Recent
  readonly peers: ReadonlyMap<string, SyncPeer>
  readonly nowMs: number
  readonly random: () => number
  /** The peer hears what is said to everybody. */
  readonly hears: (peer: string) => boolean
}

export class News {
  readonly #host: NewsHost
  /** By index: entries that gossip has not brought yet, and until when it may, ascending but for jitter. */
  readonly #unsaid = new Map<number, number>()

  constructor(host: NewsHost) {
    this.#host = host
  }

  /**
   * The ledger has grown, by what a peer has sent or by itself.
   *
   * @param count how many entries came together, if these are only some of them
   */
  spread({ solid }: Growth, from?: SyncPeer, item?: Item, count = solid.length): void {
    const { ledger, underway, recent, peers, hears } = this.#host
    let laterMs: number | undefined
    const firstIndex = ledger.size - solid.length
    const isTooMuch = from !== undefined && item !== undefined && this.#isTooMuch(from, item, count)
    for (const [i, entry] of solid.entries()) {
      recent.add(firstIndex + i, entry)
      const sources = underway.end(entry.id)
      // Whoever misses it learns so from what builds on it, or when tips are compared.
      const isSaid = sources?.has(EVERYBODY) === true
      for (const peer of peers.values()) {
        if (sources?.has(peer)) this.#hasParents(peer, entry)
        else if (isTooMuch) continue
        else if (!hears(peer.id)) peer.delivery.tell(firstIndex + i)
        else if (!isSaid) {
          // Not all members at the same time: who is told first need not tell others.
          laterMs ??= this.#host.nowMs + GOSSIP_MS * (1 + this.#host.random())
          peer.delivery.tell(firstIndex + i, laterMs)
          this.#unsaid.set(firstIndex + i, laterMs)
        }
      }
    }
    this.#forgetOld()
    if (!isTooMuch) return
    for (const peer of peers.values()) if (peer !== from) peer.session.fallBehind(this.#host.nowMs)
  }

  /** Gossip has not brought this entry, and may still do. */
  isUnsaid(index: number, nowMs: number): boolean {
    return (this.#unsaid.get(index) ?? -Infinity) > nowMs
  }

  /** Gossip has brought it: whoever hears that need not be told. */
  said(index: number): void {
    this.#unsaid.delete(index)
    for (const { id, delivery } of this.#host.peers.values()) if (this.#host.hears(id)) delivery.forget(index)
  }

  #forgetOld(): void {
    for (const [index, untilMs] of this.#unsaid) {
      if (untilMs > this.#host.nowMs && this.#unsaid.size <= MAX_UNSAID) return
      this.#unsaid.delete(index)
    }
  }

  #isTooMuch(from: SyncPeer, item: Item, entries: number): boolean {
    const isOfComparison = item.kind === 'entries' && item.answer !== undefined
    const received = from.session.comparison?.received ?? 0
    return isOfComparison && received + entries > MAX_ENTRIES_OF_COMPARISON
  }

  /** Whoever has an entry has what it builds on. */
  #hasParents({ delivery }: SyncPeer, { parents, prev }: Entry): void {
    if (!delivery.hasNews) return
    for (const id of prev ? [prev, ...parents] : parents) delivery.forget(this.#host.ledger.indexOf(id))
  }
}
