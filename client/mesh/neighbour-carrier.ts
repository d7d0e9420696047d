/**
 * Neighbours as a carrier: envelopes go from one to the next over their direct paths (see {@link Router}). It works while some
 * neighbour has a direct path.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import { encodeEnvelope, readEnvelope, type EnvelopeKind } from '../../protocol/envelope.ts'
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
  /** Whether somebody is missing whom no room brings. */
  seek(isMissingSomebody: boolean): void
}

export class NeighbourCarrier implements Carrier {
  readonly name = 'neighbours'
  readonly carriesBulk = true
  #routes: NeighbourRoutes | undefined
  #events: CarrierEvents | undefined
  #isUp = false
  #isSuspended = false
  #readyTimer: ReturnType<typeof setTimeout> | undefined

  // ---- what the network uses ---------------------------------------------------------------------------------------

  get isReady(): boolean {
    return this.#isUp && nowMs() >= this.#bulkAtMs
  }

  start(_self: CarrierSelf, events: CarrierEvents): void {
    this.#events = events
    queueMicrotask(() => this.look())
  }

  sendEnvelope(kind: EnvelopeKind, to: PeerId, body: Bytes): void {
    if (!this.#isUp) return
    this.#routes?.carry(to, kind, body.slice())
    if (!this.isReady) this.#awaitReady()
  }

  /** Links show their peers what is new, and neighbours tell each other of members all the time. */
  announce(): void {}

  seek(isMissingSomebody: boolean): void {
    this.#routes?.seek(isMissingSomebody)
  }

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
    this.#readyTimer = undefined
    this.#events = undefined
    this.#isUp = false
    this.#isSuspended = false
    return Promise.resolve()
  }

  // ---- what the mesh uses ------------------------------------------------------------------------------------------

  /** The mesh of a network, or none any more. */
  set routes(routes: NeighbourRoutes | undefined) {
    this.#routes = routes
    this.look()
  }

  /** Neighbours or their paths may have changed. */
  look(): void {
    const isUp = this.#events !== undefined && !this.#isSuspended && this.#routes?.canCarry === true
    if (isUp === this.#isUp) return
    this.#isUp = isUp
    if (isUp) this.#events?.up()
    else this.#events?.down()
  }

  /** Neighbours have carried something to us. What is too large for its kind is no envelope. */
  arrived(peer: PeerId, kind: EnvelopeKind, body: Bytes): void {
    const envelope = readEnvelope(encodeEnvelope({ kind, home: 0, peer, body }))
    if (envelope && !this.#isSuspended) this.#events?.envelope(envelope)
  }

  /** A member can be reached by way of neighbours, as they say. */
  met(announcement: Bytes): void {
    if (!this.#isSuspended) this.#events?.met(announcement)
  }

  /** No neighbour leads to this peer. */
  lost(peer: PeerId): void {
    if (!this.#isSuspended) this.#events?.unreachable(peer)
  }

  // ---- inside ------------------------------------------------------------------------------------------------------

  get #bulkAtMs(): number {
    return this.#routes?.bulkAtMs ?? Infinity
  }

  #awaitReady(): void {
    if (this.#readyTimer !== undefined || this.#bulkAtMs === Infinity) return
    const waitMs = Math.max(Math.ceil(this.#bulkAtMs - nowMs()), 1)
    this.#readyTimer = setTimeout(() => {
      this.#readyTimer = undefined
      if (this.isReady) this.#events?.ready()
      else if (this.#isUp) this.#awaitReady()
    }, waitMs)
  }
}
