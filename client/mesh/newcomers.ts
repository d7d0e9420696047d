/**
 * Members of whom carriers tell. The room tells a few of a newcomer, so that it has somebody to turn to. Where there is no room,
 * everybody who listens hears of it, and waits for nobody: each decides alone whether it links to the newcomer, by a chance
 * that makes some eight of any number do so.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import type { Applicant } from '../api.ts'
import { ROOM } from '../carrier/carriers.ts'
import { nowMs } from '../clock.ts'
import { TokenBucket } from '../token-bucket.ts'
import type { Announcements } from './announcements.ts'

/** Announcements being proven. What a room that floods tells beyond is not heard. */
const MAX_PROVING = 64
/** As many as the room tells of a newcomer: some of them are slow, or have gone. */
const GREETERS = 8
/** Links to newcomers: when many come at once, they have each other. A newcomer himself needs no more either. */
const GREETINGS = { burst: 8, perSecond: 0.5 }

export interface NewcomersHost {
  readonly random: () => number
  /** How many members there are, as far as is known. */
  readonly size: number
  /** The network is so small, as far as is known, that everybody is linked to everybody. */
  readonly isComplete: boolean
  /** Too few neighbours: whoever shows himself is welcome. */
  readonly isLacking: boolean
  /** Another one is known. */
  counted(): void
  /** A member is there. */
  member(id: PeerId, announcement: Bytes, via: number): void
  link(announcement: Bytes, via: number): void
}

export class Newcomers {
  readonly #host: NewcomersHost
  readonly #announcements: Announcements
  readonly #greetings = new TokenBucket(GREETINGS)
  #proving = 0

  constructor(host: NewcomersHost, announcements: Announcements) {
    this.#host = host
    this.#announcements = announcements
  }

  /** A carrier told of somebody. */
  async told(announcement: Bytes, via: number): Promise<void> {
    if (this.#proving >= MAX_PROVING) return
    this.#proving++
    const member = await this.#known(announcement, via)
    this.#proving--
    if (!member) return
    this.#host.member(member.id, announcement, via)
    if (via !== ROOM && this.#isGreeter && this.#greetings.take(nowMs())) this.#host.link(announcement, via)
  }

  /** Somebody who is let in and may become a neighbour; in a small network everybody is linked to, and whoever links asks whether he may. */
  async #known(announcement: Bytes, via: number): Promise<Applicant | undefined> {
    const member = await this.#announcements.prove(announcement)
    if (member) this.#host.counted()
    if (!member || !this.#host.isComplete) return member && this.#announcements.admit(announcement)
    this.#host.link(announcement, via)
    return undefined
  }

  get #isGreeter(): boolean {
    const { isLacking, random, size } = this.#host
    return isLacking || random() * Math.max(size - 1, 1) < GREETERS
  }
}
