/**
 * Entries that orphans wait for are asked for by their ids: first from whoever sent the orphan, who must have them, then from
 * others, at growing intervals. When nobody gives them they are left to the next comparison. However many orphans wait, an
 * event costs only what it changes.
 */
import type { Bytes } from '../../../protocol/bytes.ts'
import { mapKeyOf } from '../map-key.ts'
import { GOSSIP_MS } from './gossip-time.ts'
import { MAX_FETCH_IDS } from './limits.ts'

export interface FetchHost {
  readonly random: () => number
  /** Peers that can be asked now. */
  readonly livePeers: () => readonly string[]
  /** An orphan waits for it. */
  readonly isMissing: (id: Bytes) => boolean
  /** It is here already, and being verified. */
  readonly isUnderway: (id: Bytes) => boolean
  readonly fetch: (peer: string, ids: readonly Bytes[]) => void
  /** So much of what this peer sent builds on what is not here that the two must be compared. */
  readonly lacksMuch: (peer: string) => void
}

interface Search {
  readonly id: Bytes
  /** Who sent the orphan. */
  readonly from: string
  /** Who is asked first. */
  readonly first: string
  readonly asked: Set<string>
  atMs: number
}

/** How long the first, second … peer has for its answer. */
const PATIENCE_MS = [500, 1_000, 2_000, 4_000]
/** Others take 50 messages a second of us: whoever sends orphans one by one does not decide how often they are asked. */
const ASK_INTERVAL_MS = 50
/** Of one peer: more is not a gap but a difference. */
const MAX_MISSING = 32
/** Of one peer, at a time: what one question can hold. */
const MAX_SEARCHES = MAX_FETCH_IDS

export class Fetch {
  readonly #host: FetchHost
  readonly #searches = new Map<string, Search>()
  /** The new ones, and then those that wait for the first, second … answer; in each the one that is due first is first. */
  readonly #queues = [0, ...PATIENCE_MS].map(() => new Set<Search>())
  /** New ones that may come by themselves, likewise. */
  readonly #patient = new Set<Search>()
  /** How many there are because of what a peer has sent. */
  readonly #counts = new Map<string, number>()
  /** Nobody is asked before. */
  #askAtMs = -Infinity

  constructor(host: FetchHost) {
    this.#host = host
  }

  /**
   * An orphan from this peer waits for these.
   *
   * @param bringer who passed on the orphan when it was said to everybody, as they may be, too
   */
  begin(ids: readonly Bytes[], from: string, nowMs: number, bringer?: string): void {
    for (const id of ids) {
      const key = mapKeyOf(id)
      const count = this.#counts.get(from) ?? 0
      if (count >= MAX_MISSING) this.#host.lacksMuch(from)
      if (count >= MAX_SEARCHES || this.#searches.has(key)) continue
      const atMs = bringer === undefined ? nowMs : nowMs + GOSSIP_MS
      const search = { id, from, first: bringer ?? from, asked: new Set<string>(), atMs }
      this.#searches.set(key, search)
      const queue = bringer === undefined ? this.#queues[0] : this.#patient
      queue?.add(search)
      this.#counts.set(from, count + 1)
    }
  }

  /** It is here. */
  end(id: Bytes): void {
    const search = this.#searches.size > 0 && this.#searches.get(mapKeyOf(id))
    if (search) this.#forget(search)
  }

  nextMs(): number {
    let nextMs = Infinity
    for (const queue of [this.#patient, ...this.#queues]) {
      for (const { atMs } of queue) {
        nextMs = Math.min(nextMs, atMs)
        break
      }
    }
    return Math.max(nextMs, this.#askAtMs)
  }

  tick(nowMs: number): void {
    if (nowMs < this.nextMs()) return
    const questions = new Map<string, Bytes[]>()
    const peers = this.#host.livePeers()
    for (const queue of [this.#patient, ...this.#queues]) {
      for (const search of queue) {
        if (nowMs < search.atMs) break
        queue.delete(search)
        this.#goOn(search, questions, peers, nowMs)
      }
    }
    if (questions.size > 0) this.#askAtMs = nowMs + ASK_INTERVAL_MS
    for (const [peer, ids] of questions) this.#host.fetch(peer, ids)
  }

  #goOn(search: Search, questions: Map<string, Bytes[]>, peers: readonly string[], nowMs: number): void {
    const { id, asked } = search
    const patienceMs = PATIENCE_MS[asked.size]
    if (patienceMs === undefined || !this.#host.isMissing(id)) return this.#forget(search)
    search.atMs = nowMs + patienceMs
    this.#queues[asked.size + 1]?.add(search)
    const peer = this.#host.isUnderway(id) ? undefined : this.#choose(search, peers)
    if (peer === undefined) return
    const ids = questions.get(peer) ?? []
    questions.set(peer, ids)
    // The rest has its turn when these have come.
    if (ids.length === MAX_FETCH_IDS) return
    asked.add(peer)
    ids.push(id)
  }

  #choose({ first, asked }: Search, peers: readonly string[]): string | undefined {
    if (!asked.has(first) && peers.includes(first)) return first
    const others = peers.filter((peer) => !asked.has(peer))
    return others[Math.floor(this.#host.random() * others.length)]
  }

  #forget(search: Search): void {
    const { id, from } = search
    this.#searches.delete(mapKeyOf(id))
    this.#patient.delete(search)
    for (const queue of this.#queues) queue.delete(search)
    const count = (this.#counts.get(from) ?? 0) - 1
    if (count > 0) this.#counts.set(from, count)
    else this.#counts.delete(from)
  }
}
