/**
 * A carrier within one process, and the shortest whole example of one: several peers share a {@link MemoryAir}, as members
 * share a room. Tests use it to lose, repeat and delay what they like.
 */
import { toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import type { EnvelopeKind } from '../../protocol/envelope.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import type { Carrier, CarrierEvents, CarrierSelf } from './carrier.ts'

/** What goes through the air: an act that arrives once, later, never or again, as whoever made the air wants it. */
export type Arrive = (act: () => void) => void

/** What the carriers of one process have in common. */
export class MemoryAir {
  readonly #listeners = new Set<MemoryCarrier>()
  readonly #arrive: Arrive
  #isUp = true

  /** @param arrive default: everything arrives, in order, soon */
  constructor(arrive: Arrive = queueMicrotask) {
    this.#arrive = arrive
  }

  carrier(): MemoryCarrier {
    return new MemoryCarrier(this)
  }

  /** Takes the air away from everybody, or gives it back. */
  set isUp(isUp: boolean) {
    if (this.#isUp === isUp) return
    this.#isUp = isUp
    for (const carrier of this.#listeners) carrier.weather(isUp)
  }

  get isUp(): boolean {
    return this.#isUp
  }

  enter(carrier: MemoryCarrier): void {
    this.#listeners.add(carrier)
  }

  leave(carrier: MemoryCarrier): void {
    this.#listeners.delete(carrier)
  }

  /** Has every other carrier of the network act, when it arrives and if the air is there then. */
  spread(from: MemoryCarrier, act: (to: MemoryCarrier) => void): void {
    for (const to of this.#listeners) {
      if (to === from || to.network !== from.network) continue
      this.#arrive(() => {
        if (this.#isUp && this.#listeners.has(to)) act(to)
      })
    }
  }
}

export class MemoryCarrier implements Carrier {
  readonly name = 'memory'
  readonly carriesBulk = true
  /** The network id as text. */
  network = ''
  readonly #air: MemoryAir
  #self: CarrierSelf | undefined
  #events: CarrierEvents | undefined
  /** Whom it told until it was put away. */
  #left: CarrierEvents | undefined
  #isSeeking = false
  #isAway = false

  constructor(air: MemoryAir) {
    this.#air = air
  }

  get isReady(): boolean {
    return this.#events !== undefined && this.#air.isUp
  }

  start(self: CarrierSelf, events: CarrierEvents): void {
    this.#self = self
    this.network = toBase64Url(self.networkId)
    queueMicrotask(() => {
      // Put away before its turn came.
      if (this.#isAway) this.#left = events
      else this.#enter(events)
    })
  }

  sendEnvelope(kind: EnvelopeKind, to: PeerId, body: Bytes): void {
    const from = this.#self?.peerId
    // What the receiver keeps is his own.
    const copy = body.slice()
    if (from && this.isReady) this.#air.spread(this, (other) => other.#heard(to, kind, from, copy))
  }

  announce(): void {
    const self = this.#self
    if (self && this.isReady) this.#air.spread(this, (other) => other.#met(self.announcement()))
  }

  seek(isMissingSomebody: boolean): void {
    this.#isSeeking = isMissingSomebody
    if (isMissingSomebody) this.#look()
  }

  nudge(): void {
    if (this.#isSeeking) this.#look()
  }

  suspend(): void {
    this.#isAway = true
    if (!this.#events) return
    this.#leave()
    this.#left?.down()
  }

  resume(): void {
    this.#isAway = false
    if (this.#left) this.#enter(this.#left)
  }

  close(): Promise<void> {
    this.#leave()
    this.#left = undefined
    this.#self = undefined
    return Promise.resolve()
  }

  /** The air has come or gone. */
  weather(isUp: boolean): void {
    if (!isUp) return this.#events?.down()
    this.#events?.up()
    this.#look()
  }

  #enter(events: CarrierEvents): void {
    // Closed before its turn came.
    if (!this.#self || this.#events) return
    this.#events = events
    this.#left = undefined
    this.#air.enter(this)
    if (!this.#air.isUp) return
    events.up()
    this.#look()
  }

  #leave(): void {
    this.#left = this.#events ?? this.#left
    this.#events = undefined
    this.#air.leave(this)
  }

  /** Shows itself to the others, and has them show themselves. */
  #look(): void {
    const self = this.#self
    if (!self || !this.isReady || !this.#isSeeking) return
    this.announce()
    this.#air.spread(this, (other) => other.#self && this.#met(other.#self.announcement()))
  }

  #met(announcement: Bytes): void {
    this.#events?.met(announcement)
  }

  #heard(to: PeerId, kind: EnvelopeKind, from: PeerId, body: Bytes): void {
    if (to === this.#self?.peerId) this.#events?.envelope({ kind, home: 0, peer: from, body })
  }
}
