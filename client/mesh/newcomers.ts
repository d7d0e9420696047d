/**
 * Members of whom carriers tell. The room tells a few of a newcomer, so that it has somebody to turn to. Where there is no room,
 * everybody who listens hears of it, and waits for nobody: each decides alone whether it links to the newcomer, by a chance
 * that makes some eight of any number do so.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { nowMs } from '../clock.ts'
import { TokenBucket } from '../token-bucket.ts'
import type { Announcements } from './announcements.ts'

/** Announcements being proven. What a room that floods tells beyond is not heard. */
const MAX_PROVING = 64
/** As many as the room tells of a newcomer: some of them are slow, or have gone. */
const GREETERS = 8
/** Links to newcomers: when many come at once, they have each other. */
const GREETINGS = { burst: 16, perSecond: 0.5 }

export interface NewcomersHost {
  readonly random: () => number
  /** How many members there are, as far as is known. */
  readonly size: number
  /** Too few neighbours: whoever shows himself is welcome. */
  readonly isLacking: boolean
  /** A member is there. */
  member(id: PeerId, announcement: Bytes): void
  link(announcement: Bytes): void
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
  async told(announcement: Bytes, isFromRoom: boolean): Promise<void> {
    if (this.#proving >= MAX_PROVING) return
    this.#proving++
    const member = await this.#announcements.admit(announcement)
    this.#proving--
    if (!member) return
    this.#host.member(member.id, announcement)
    if (!isFromRoom && this.#isGreeter && this.#greetings.take(nowMs())) this.#host.link(announcement)
  }

  get #isGreeter(): boolean {
    const { isLacking, random, size } = this.#host
    return isLacking || random() * Math.max(size - 1, 1) < GREETERS
  }
}
