/**
 * Entries that cannot be part of the ledger yet: orphans, which build on entries that are not there, and parked ones, whose
 * time has not come. Both are kept within bounds, by whom they came from: when there are too many, whoever has sent the most
 * loses their oldest, so that a flood washes away only itself. What is lost here is found again by comparing ledgers.
 */
import type { Bytes } from '../../../protocol/bytes.ts'
import type { Entry } from '../entry.ts'
import { mapKeyOf } from '../map-key.ts'
import { compact, sizeOf } from './compact.ts'

/** Of one peer. An honest one that is ahead sends parents first, so it has few of either kind. */
export const PEER_ENTRIES = 256
export const PEER_BYTES = 65_536
/** Of all together: the shares of sixteen peers. */
export const ALL_ENTRIES = 4_096
export const ALL_BYTES = 1_048_576
/** What an orphan builds on is asked for again and again meanwhile; nobody seems to have it. */
const ORPHAN_MS = 30_000
/** How often it is looked for those whose time is up. */
const SWEEP_MS = 1_000
/** No more passes between two looks: what a clock shows beyond that it was set by, or the machine has slept, and nobody could be asked. */
const MAX_PASSED_MS = 2_000

export interface Waiting {
  readonly entry: Entry
  readonly from: string
  /** By {@link WaitingRoom}'s own time. */
  readonly sinceMs: number
  readonly bytes: number
  /** What it builds on and is not solid; of parked ones empty. */
  readonly missing: Set<string>
  readonly isParked: boolean
}

/** What came from one peer, the oldest first. */
interface Share {
  readonly waiting: Set<Waiting>
  bytes: number
}

export class WaitingRoom {
  /** By id, the oldest first. */
  readonly #waiting = new Map<string, Waiting>()
  readonly #shares = new Map<string, Share>()
  /** Who waits for an id. */
  readonly #children = new Map<string, Set<Waiting>>()
  #bytes = 0
  #parked = 0
  #sweptMs = -Infinity
  /** Its own time, which nobody sets. */
  #nowMs = 0

  get size(): number {
    return this.#waiting.size
  }
  get parked(): number {
    return this.#parked
  }
  get orphans(): number {
    return this.#waiting.size - this.#parked
  }
  get bytes(): number {
    return this.#bytes
  }
  /** Nothing is left of any entry that was here. */
  get isEmpty(): boolean {
    return this.#waiting.size + this.#shares.size + this.#children.size + this.#bytes + this.#parked === 0
  }

  has(id: Bytes): boolean {
    return this.#waiting.size > 0 && this.#waiting.has(mapKeyOf(id))
  }

  /** Takes an entry in until what it builds on is there. */
  holdOrphan(entry: Entry, from: string, missing: readonly Bytes[]): void {
    this.#hold(entry, from, new Set(missing.map(mapKeyOf)))
  }

  /** Takes an entry in until its time has come. */
  park(entry: Entry, from: string): void {
    this.#hold(entry, from, new Set())
  }

  /** An entry has become solid. Lets out whoever waited for nothing else. */
  release(id: Bytes): readonly Waiting[] {
    if (this.#waiting.size === 0) return []
    const key = mapKeyOf(id)
    const free: Waiting[] = []
    for (const child of this.#children.get(key) ?? []) {
      child.missing.delete(key)
      if (child.missing.size === 0) free.push(child)
    }
    this.#children.delete(key)
    for (const child of free) this.#drop(child)
    return free
  }

  /** Lets out the parked entries with times up to this one, the earliest first. */
  releaseParked(untilMs: number): readonly Waiting[] {
    if (this.#parked === 0) return []
    const ripe = [...this.#waiting.values()].filter(({ isParked, entry }) => isParked && entry.tsMs <= untilMs)
    for (const waiting of ripe) this.#drop(waiting)
    return ripe.toSorted((a, b) => a.entry.tsMs - b.entry.tsMs)
  }

  /**
   * Drops orphans that have waited long enough for something that nobody has.
   *
   * @param wallMs a clock that is corrected now and then, in either direction
   */
  sweep(wallMs: number): void {
    const passedMs = wallMs - this.#sweptMs
    // No number from one time without end to another.
    if (!(Math.abs(passedMs) >= SWEEP_MS)) return
    this.#sweptMs = wallMs
    this.#nowMs += Math.max(0, Math.min(passedMs, MAX_PASSED_MS))
    for (const waiting of this.#waiting.values()) {
      if (this.#nowMs - waiting.sinceMs < ORPHAN_MS) continue
      // One whose parent waits, too, has its parent's fate.
      if ([...waiting.missing].some((key) => !this.#waiting.has(key))) this.#drop(waiting)
    }
  }

  /** Drops what came from this peer. */
  forget(from: string): void {
    for (const waiting of this.#shares.get(from)?.waiting ?? []) this.#drop(waiting)
  }

  isMissing(id: Bytes): boolean {
    const key = mapKeyOf(id)
    return this.#children.has(key) && !this.#waiting.has(key)
  }

  /** What orphans wait for and is not here either, with the peer that sent the first of them. */
  missing(): { readonly id: Bytes; readonly from: string }[] {
    const missing: { id: Bytes; from: string }[] = []
    for (const [key, children] of this.#children) {
      if (this.#waiting.has(key)) continue
      for (const { from } of children) {
        missing.push({ id: Uint8Array.from(key, (character) => character.charCodeAt(0)), from })
        break
      }
    }
    return missing
  }

  #hold(entry: Entry, from: string, missing: Set<string>): void {
    const waiting: Waiting = {
      entry: compact(entry),
      from,
      sinceMs: this.#nowMs,
      bytes: sizeOf(entry),
      missing,
      isParked: missing.size === 0,
    }
    const share = this.#shares.get(from) ?? { waiting: new Set(), bytes: 0 }
    this.#shares.set(from, share)
    share.waiting.add(waiting)
    share.bytes += waiting.bytes
    this.#bytes += waiting.bytes
    this.#waiting.set(mapKeyOf(entry.id), waiting)
    if (waiting.isParked) this.#parked++
    for (const key of missing) this.#childrenOf(key).add(waiting)
    while (share.waiting.size > PEER_ENTRIES || share.bytes > PEER_BYTES) this.#dropOldest(share)
    while (this.#waiting.size > ALL_ENTRIES || this.#bytes > ALL_BYTES) this.#dropOldest(this.#largest())
  }

  #childrenOf(key: string): Set<Waiting> {
    const children = this.#children.get(key) ?? new Set()
    this.#children.set(key, children)
    return children
  }

  /** The share that takes the most of what is scarce. */
  #largest(): Share | undefined {
    const areMany = this.#waiting.size > ALL_ENTRIES
    const size = (share: Share | undefined) => (areMany ? share?.waiting.size : share?.bytes) ?? 0
    let largest: Share | undefined
    for (const share of this.#shares.values()) if (size(share) > size(largest)) largest = share
    return largest
  }

  #dropOldest(share: Share | undefined): void {
    for (const oldest of share?.waiting ?? []) return this.#drop(oldest)
  }

  #drop(waiting: Waiting): void {
    const { entry, from, bytes, missing, isParked } = waiting
    if (!this.#waiting.delete(mapKeyOf(entry.id))) return
    if (isParked) this.#parked--
    this.#bytes -= bytes
    const share = this.#shares.get(from)
    share?.waiting.delete(waiting)
    if (share) share.bytes -= bytes
    if (share?.waiting.size === 0) this.#shares.delete(from)
    for (const key of missing) {
      const children = this.#children.get(key)
      children?.delete(waiting)
      if (children?.size === 0) this.#children.delete(key)
    }
  }
}
