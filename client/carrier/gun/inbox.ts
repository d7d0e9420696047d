/** What is taken of the values that relays bring: records of this network, of now, each once, within a budget. */
import { decodeAnnouncement } from '../../../protocol/announcement.ts'
import { compareBytes } from '../../../protocol/bytes.ts'
import { nowMs } from '../../clock.ts'
import { TokenBucket } from '../../token-bucket.ts'
import type { CarrierSelf } from '../carrier.ts'
import { Freshness } from './freshness.ts'
import { MAX_OPENING, OPEN_RATE } from './limits.ts'
import type { ReadMessage, ValueAt } from './read-message.ts'
import { isCurrent, isPresence, type GunRecord, type Records } from './records.ts'

type Origin = 'known' | 'unknown'

export class Inbox {
  readonly count = { taken: 0, rubbish: 0, stale: 0, dropped: 0 }
  readonly #take: (record: GunRecord) => void
  readonly #freshness = new Freshness()
  /** Slots in which members have written have a budget of their own, which a flood of made-up names does not touch. */
  readonly #opens = { known: new TokenBucket(OPEN_RATE), unknown: new TokenBucket(OPEN_RATE) }
  readonly #opening = { known: 0, unknown: 0 }

  /** @param take is given what is taken */
  constructor(take: (record: GunRecord) => void) {
    this.#take = take
  }

  hear({ values, rubbish }: ReadMessage, records: Records, self: CarrierSelf): void {
    this.count.rubbish += rubbish
    for (const value of values) {
      const origin = this.#freshness.knows(value.slot) ? 'known' : 'unknown'
      if (this.#opening[origin] < MAX_OPENING && this.#opens[origin].take(nowMs())) {
        void this.#open(value, origin, records, self)
      } else this.count.dropped++
    }
  }

  async #open({ soul, slot, text }: ValueAt, origin: Origin, records: Records, self: CarrierSelf): Promise<void> {
    this.#opening[origin]++
    const record = await records.open({ soul, slot }, text)
    this.#opening[origin]--
    // Our own come back from the relays.
    if (record?.from === self.peerId) return
    if (!record || (isPresence(record.kind) && !isAnnouncement(record, self))) this.count.rubbish++
    else if (!isCurrent(record, self.nowMs()) || !this.#freshness.take(slot, record.issuedAtMs)) this.count.stale++
    else {
      this.count.taken++
      this.#take(record)
    }
  }
}

/** Of this network. Whether it is genuine, the receiver finds out, within a budget of his own. */
function isAnnouncement({ body }: GunRecord, self: CarrierSelf): boolean {
  const announcement = decodeAnnouncement(body)
  return announcement !== undefined && compareBytes(announcement.core.network, self.networkId) === 0
}
