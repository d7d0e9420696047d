/** Neighbours as a carrier: envelopes go from one to the next over their direct paths. See {@link Router}. */
import type { Bytes } from '../../protocol/bytes.ts'
import type { EnvelopeKind } from '../../protocol/envelope.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import type { Carrier, CarrierEvents, CarrierSelf } from '../carrier/carrier.ts'
import { nowMs } from '../clock.ts'

/** What carries. */
export interface NeighbourRoutes {
  /** Some neighbour has a direct path. */
  readonly canCarry: boolean
  /** When envelopes of kind `relay` can be carried again. */
  readonly bulkAtMs: number
  carry(to: PeerId, kind: EnvelopeKind, body: Bytes): void
}

export class NeighbourCarrier implements Carrier {
  readonly name = 'neighbours'
  readonly carriesBulk = true
  readonly #routes: NeighbourRoutes
  #events: CarrierEvents | undefined
  #isUp = false
  #isSuspended = false
  #readyTimer: ReturnType<typeof setTimeout> | undefined

  constructor(routes: NeighbourRoutes) {
    this.#routes = routes
  }

  get isReady(): boolean {
    return this.#isUp && nowMs() >= this.#routes.bulkAtMs
  }

  /** What has come over neighbours goes here. */
  get events(): CarrierEvents | undefined {
    return this.#isSuspended ? undefined : this.#events
  }

  start(_self: CarrierSelf, events: CarrierEvents): void {
    this.#events = events
    queueMicrotask(() => this.look())
  }

  sendEnvelope(kind: EnvelopeKind, to: PeerId, body: Bytes): void {
    if (!this.#isUp) return
    this.#routes.carry(to, kind, body.slice())
    if (!this.isReady) this.#awaitReady()
  }

  /** Neighbours tell each other's announcements by themselves, and look for members whenever some are missing. */
  announce(): void {}
  seek(): void {}
  /** Links find out by themselves whether they live. */
  nudge(): void {}

  suspend(): void {
    this.#isSuspended = true
    this.look()
  }

  resume(): void {
    this.#isSuspended = false
    this.look()
  }

  close(): Promise<void> {
    clearTimeout(this.#readyTimer)
    this.#events = undefined
    this.#isUp = false
    return Promise.resolve()
  }

  /** Neighbours or their paths have changed. */
  look(): void {
    const isUp = this.#events !== undefined && !this.#isSuspended && this.#routes.canCarry
    if (isUp === this.#isUp) return
    this.#isUp = isUp
    if (isUp) this.#events?.up()
    else this.#events?.down()
  }

  #awaitReady(): void {
    this.#readyTimer ??= setTimeout(
      () => {
        this.#readyTimer = undefined
        if (this.isReady) this.events?.ready()
        else if (this.#isUp) this.#awaitReady()
      },
      Math.max(this.#routes.bulkAtMs - nowMs(), 1),
    )
  }
}
