/**
 * Members that one could turn to: the passive view of HyParView (Leitão, Pereira, Rodrigues 2007). Every entry remembers who
 * told of it, for three reasons: nobody fills more than his share; a candidate is drawn by drawing a source first, so that
 * telling of many is worth nothing; and who told of somebody knows a way to him.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { AgingMap } from './aging-map.ts'
import type { PassivePolicy } from './overlay-policy.ts'

/** A neighbour, or the room. */
export type Source = PeerId | 'room'

export interface Candidate {
  readonly id: PeerId
  readonly announcement: Bytes
  readonly source: Source
  /** When somebody last had a link to it, as far as is told. */
  readonly seenAtMs: number
}

/** How many sources' deeds are remembered, and how long. */
const MAX_RECORDS = 256
const RECORD_MS = 600_000

export class PassiveView {
  readonly #policy: PassivePolicy
  readonly #random: () => number
  readonly #members = new Map<PeerId, Candidate>()
  readonly #bySource = new Map<Source, Set<PeerId>>()
  /** How many of those whom a source told of were in reach, and how many not. */
  readonly #records = new AgingMap<Source, { reached: number; ghosts: number }>(MAX_RECORDS, RECORD_MS)

  constructor(policy: PassivePolicy, random: () => number) {
    this.#policy = policy
    this.#random = random
  }

  get size(): number {
    return this.#members.size
  }

  get(id: PeerId): Candidate | undefined {
    return this.#members.get(id)
  }

  add(candidate: Candidate, nowMs: number): void {
    const { id, source, seenAtMs } = candidate
    const { maxMembers, maxAgeMs } = this.#policy
    if (nowMs - seenAtMs > maxAgeMs || this.#isIgnored(source, nowMs)) return
    const known = this.#members.get(id)
    // Telling of somebody whom another source told of first changes nothing but how fresh he is.
    if (known) return void this.#members.set(id, { ...known, seenAtMs: Math.max(known.seenAtMs, seenAtMs) })
    const ofSource = this.#bySource.get(source)
    if (ofSource && ofSource.size >= this.#shareOf(source)) this.#evictFrom(ofSource)
    else if (this.#members.size >= maxMembers) this.#evictFrom(this.#largest())
    this.#members.set(id, candidate)
    this.#bySource.set(source, (this.#bySource.get(source) ?? new Set()).add(id))
  }

  remove(id: PeerId): void {
    const candidate = this.#members.get(id)
    if (!candidate) return
    this.#members.delete(id)
    const ofSource = this.#bySource.get(candidate.source)
    ofSource?.delete(id)
    if (ofSource?.size === 0) this.#bySource.delete(candidate.source)
  }

  /** It was found out whether somebody is there whom a source told of. */
  found(source: Source, isThere: boolean, nowMs: number): void {
    const record = this.#records.get(source, nowMs) ?? { reached: 0, ghosts: 0 }
    if (isThere) record.reached++
    else record.ghosts++
    this.#records.set(source, record, nowMs)
    if (!this.#isIgnored(source, nowMs)) return
    for (const id of this.#bySource.get(source) ?? []) this.remove(id)
  }

  /** Somebody to turn to: any source is as likely as any other, and anybody of it. */
  draw(isWanted: (candidate: Candidate) => boolean, nowMs: number): Candidate | undefined {
    this.#forgetOld(nowMs)
    const sources = [...this.#bySource.values()]
    while (sources.length > 0) {
      const [ofSource] = sources.splice(Math.floor(this.#random() * sources.length), 1)
      const wanted = [...(ofSource ?? [])].flatMap((id) => this.#members.get(id) ?? []).filter(isWanted)
      if (wanted.length > 0) return wanted[Math.floor(this.#random() * wanted.length)]
    }
    return undefined
  }

  /** So many at random. */
  sample(count: number, nowMs: number): Candidate[] {
    this.#forgetOld(nowMs)
    const members = [...this.#members.values()]
    const drawn: Candidate[] = []
    while (drawn.length < count && members.length > 0) {
      drawn.push(...members.splice(Math.floor(this.#random() * members.length), 1))
    }
    return drawn
  }

  /** How many members a source has told of that are here. */
  countOf(source: Source): number {
    return this.#bySource.get(source)?.size ?? 0
  }

  #shareOf(source: Source): number {
    return source === 'room' ? this.#policy.maxFromRoom : this.#policy.maxPerSource
  }

  #isIgnored(source: Source, nowMs: number): boolean {
    // It lists whoever has a place, and makes nobody up.
    if (source === 'room') return false
    const { ghosts, reached } = this.#records.get(source, nowMs) ?? { ghosts: 0, reached: 0 }
    return ghosts >= this.#policy.maxGhosts && ghosts > 2 * reached
  }

  #largest(): Set<PeerId> {
    let largest = new Set<PeerId>()
    for (const ofSource of this.#bySource.values()) if (ofSource.size > largest.size) largest = ofSource
    return largest
  }

  #evictFrom(ofSource: ReadonlySet<PeerId>): void {
    const evicted = [...ofSource][Math.floor(this.#random() * ofSource.size)]
    if (evicted) this.remove(evicted)
  }

  #forgetOld(nowMs: number): void {
    for (const { id, seenAtMs } of this.#members.values()) {
      if (nowMs - seenAtMs > this.#policy.maxAgeMs) this.remove(id)
    }
  }
}
