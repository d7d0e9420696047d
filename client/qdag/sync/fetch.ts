/**
 * Entries that orphans wait for are asked for by their ids: first from whoever sent the orphan, who must have them, then from
 * others, at growing intervals. When nobody gives them they are left to the next comparison.
 */
import type { Bytes } from '../../../protocol/bytes.ts'
import { mapKeyOf } from '../map-key.ts'
import { MAX_FETCH_IDS } from './limits.ts'

export interface FetchHost {
  readonly random: () => number
  /** Peers that can be asked now. */
  readonly livePeers: () => readonly string[]
  /** It is here already, and being verified. */
  readonly isUnderway: (id: Bytes) => boolean
  readonly fetch: (peer: string, ids: readonly Bytes[]) => void
  /** So much of what this peer sent builds on what is not here that the two must be compared. */
  readonly lacksMuch: (peer: string) => void
}

export interface Missing {
  readonly id: Bytes
  /** Who sent the orphan. */
  readonly from: string
}

interface Search {
  readonly id: Bytes
  readonly from: string
  readonly asked: Set<string>
  atMs: number
}

/** How long the first, second … peer has for its answer. */
const PATIENCE_MS = [500, 1_000, 2_000, 4_000]
/** Of one peer: more is not a gap but a difference. */
const MAX_MISSING = 32

export class Fetch {
  readonly #host: FetchHost
  #searches = new Map<string, Search>()

  constructor(host: FetchHost) {
    this.#host = host
  }

  /** These are missing now, and nothing else. */
  refresh(missing: readonly Missing[], nowMs: number): void {
    const before = this.#searches
    this.#searches = new Map()
    const counts = new Map<string, number>()
    for (const { id, from } of missing) {
      const key = mapKeyOf(id)
      this.#searches.set(key, before.get(key) ?? { id, from, asked: new Set(), atMs: nowMs })
      counts.set(from, (counts.get(from) ?? 0) + 1)
    }
    for (const [peer, count] of counts) if (count > MAX_MISSING) this.#host.lacksMuch(peer)
  }

  nextMs(): number {
    return Math.min(Infinity, ...Array.from(this.#searches.values(), ({ atMs }) => atMs))
  }

  tick(nowMs: number): void {
    const questions = new Map<string, Bytes[]>()
    const peers = this.#host.livePeers()
    for (const search of this.#searches.values()) {
      if (nowMs < search.atMs) continue
      const patienceMs = PATIENCE_MS[search.asked.size]
      if (patienceMs === undefined) {
        search.atMs = Infinity
        continue
      }
      search.atMs = nowMs + patienceMs
      const peer = this.#host.isUnderway(search.id) ? undefined : this.#choose(search, peers)
      if (peer === undefined) continue
      const ids = questions.get(peer) ?? []
      // The rest has its turn when these have come.
      if (ids.length === MAX_FETCH_IDS) continue
      search.asked.add(peer)
      questions.set(peer, [...ids, search.id])
    }
    for (const [peer, ids] of questions) this.#host.fetch(peer, ids)
  }

  #choose({ from, asked }: Search, peers: readonly string[]): string | undefined {
    if (!asked.has(from) && peers.includes(from)) return from
    const others = peers.filter((peer) => !asked.has(peer))
    return others[Math.floor(this.#host.random() * others.length)]
  }
}
