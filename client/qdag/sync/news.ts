/**
 * What has become part of the ledger is told to every peer that is not known to have it: at once when it is a few entries,
 * and by comparing when it is what another comparison has brought, or peers would all send the same to each other. Of what
 * is said to everybody by gossip, those who hear that are told nothing.
 */
import type { Bytes } from '../../../protocol/bytes.ts'
import type { Entry } from '../entry.ts'
import type { Growth, Ledger } from '../ledger.ts'
import type { Item } from './intake.ts'
import type { SyncPeer } from './peer.ts'
import type { Recent } from './recent.ts'
import type { Underway } from './underway.ts'

/** What one comparison brings beyond this is too much to tell. */
const MAX_ENTRIES_OF_COMPARISON = 256

/** Among those who have sent an entry: it was said to everybody. */
export const EVERYBODY: object = Object.freeze({ name: 'everybody' })

export interface NewsHost {
  readonly ledger: Ledger
  readonly underway: Underway
  readonly recent: Recent
  readonly peers: ReadonlyMap<string, SyncPeer>
  readonly nowMs: number
  /** The peer hears what is said to everybody. */
  readonly hears: (peer: string) => boolean
  /** The entry need not be looked for any more. True when something that was said to everybody builds on it. */
  readonly found: (id: Bytes) => boolean
}

export class News {
  readonly #host: NewsHost

  constructor(host: NewsHost) {
    this.#host = host
  }

  /**
   * The ledger has grown, by what a peer has sent or by itself.
   *
   * @param count how many entries came together, if these are only some of them
   */
  spread({ solid }: Growth, from?: SyncPeer, item?: Item, count = solid.length): void {
    const { ledger, underway, recent, peers, hears, found } = this.#host
    const firstIndex = ledger.size - solid.length
    const isTooMuch = from !== undefined && item !== undefined && this.#isTooMuch(from, item, count)
    for (const [i, entry] of solid.entries()) {
      recent.add(firstIndex + i, entry)
      const sources = underway.end(entry.id)
      // Whoever misses it, or an entry that this one builds on, looks for it as we do; what nobody misses shows when tips are compared.
      const isSaid = found(entry.id) || sources?.has(EVERYBODY) === true
      for (const peer of peers.values()) {
        if (sources?.has(peer)) this.#hasParents(peer, entry)
        else if (!isTooMuch && !(isSaid && hears(peer.id))) peer.delivery.tell(firstIndex + i)
      }
    }
    if (!isTooMuch) return
    for (const peer of peers.values()) if (peer !== from) peer.session.fallBehind(this.#host.nowMs)
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
