/**
 * Messages that were told of and have not come: who told of each, whom it was asked of, and when the next one is asked. Who
 * was asked and did not send it has broken a promise.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import type { GossipLink } from './gossip-link.ts'
import type { GossipPolicy } from './gossip-policy.ts'

interface Lack {
  readonly id: Bytes
  /** Not asked yet, in the order in which they told of it. */
  announcers: GossipLink[]
  asked: GossipLink[]
  /** To whose account it is. */
  readonly first: GossipLink
  dueMs: number
}

export interface MissingHost {
  readonly nowMs: number
  /** It is still a neighbour, and in good standing. */
  isTrusted(link: GossipLink): boolean
  graft(link: GossipLink, ids: readonly Bytes[]): void
  promiseBroken(link: GossipLink): void
}

export class Missing {
  readonly #policy: GossipPolicy
  readonly #host: MissingHost
  readonly #lacks = new Map<string, Lack>()
  nextMs = Infinity

  constructor(policy: GossipPolicy, host: MissingHost) {
    this.#policy = policy
    this.#host = host
  }

  get size(): number {
    return this.#lacks.size
  }

  /** A neighbour has told of a message that has not come. */
  told(key: string, id: Bytes, by: GossipLink): void {
    const known = this.#lacks.get(key)
    const { maxAnnouncers, maxMissing, maxMissingOfOne, graftMs } = this.#policy
    if (known) {
      if (known.announcers.length < maxAnnouncers && !known.announcers.includes(by)) known.announcers.push(by)
      return
    }
    if (this.#lacks.size >= maxMissing || by.missing >= maxMissingOfOne) return
    by.missing++
    const dueMs = this.#host.nowMs + graftMs
    this.#lacks.set(key, { id, announcers: [by], asked: [], first: by, dueMs })
    this.nextMs = Math.min(this.nextMs, dueMs)
  }

  /** It has come. @returns who has told of it, and so has it */
  came(key: string): readonly GossipLink[] {
    const lack = this.#lacks.get(key)
    if (!lack) return []
    this.#end(key, lack)
    return [...lack.announcers, ...lack.asked]
  }

  /** It is no neighbour any more: what it has told of it tells of again, and what it was asked for may not reach it. */
  left(link: GossipLink): void {
    for (const lack of this.#lacks.values()) {
      lack.announcers = lack.announcers.filter((each) => each !== link)
      lack.asked = lack.asked.filter((each) => each !== link)
    }
  }

  tick(): void {
    const { nowMs } = this.#host
    if (nowMs < this.nextMs) return
    this.nextMs = Infinity
    const grafts = new Map<GossipLink, Bytes[]>()
    // Who was asked for much at once is not blamed for each: the answer to all of it may be late alike.
    const broken = new Set<GossipLink>()
    for (const [key, lack] of this.#lacks) {
      if (nowMs >= lack.dueMs) this.#chase(key, lack, grafts, broken)
      if (this.#lacks.has(key)) this.nextMs = Math.min(this.nextMs, lack.dueMs)
    }
    for (const [link, ids] of grafts) this.#host.graft(link, ids)
    for (const link of broken) this.#host.promiseBroken(link)
  }

  #chase(key: string, lack: Lack, grafts: Map<GossipLink, Bytes[]>, broken: Set<GossipLink>): void {
    let next = lack.announcers.shift()
    while (next && !this.#host.isTrusted(next)) next = lack.announcers.shift()
    if (next) {
      lack.asked.push(next)
      lack.dueMs = this.#host.nowMs + this.#policy.regraftMs
      const ids = grafts.get(next)
      if (ids) ids.push(lack.id)
      else grafts.set(next, [lack.id])
      return
    }
    for (const link of lack.asked) if (this.#host.isTrusted(link)) broken.add(link)
    this.#end(key, lack)
  }

  #end(key: string, lack: Lack): void {
    lack.first.missing--
    this.#lacks.delete(key)
  }
}
