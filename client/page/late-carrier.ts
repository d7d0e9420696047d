/** A carrier whose code is fetched while the network is being joined: nobody waits for it, and it is there before it is needed. */
import type { Bytes } from '../../protocol/bytes.ts'
import type { EnvelopeKind } from '../../protocol/envelope.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import type { Carrier, CarrierEvents, CarrierSelf } from '../carrier/carrier.ts'
import { EdgeNetError } from '../errors.ts'

export class LateCarrier implements Carrier {
  readonly name: string
  readonly carriesBulk: boolean
  readonly #load: () => Promise<Carrier>
  #begun: { readonly self: CarrierSelf; readonly events: CarrierEvents } | undefined
  #isLoading = false
  #carrier: Carrier | undefined
  #isSeeking = false
  #isSuspended = false

  constructor({ name, carriesBulk }: Pick<Carrier, 'name' | 'carriesBulk'>, load: () => Promise<Carrier>) {
    this.name = name
    this.carriesBulk = carriesBulk
    this.#load = load
  }

  get isReady(): boolean {
    return this.#carrier?.isReady ?? false
  }

  start(self: CarrierSelf, events: CarrierEvents): void {
    this.#begun = { self, events }
    void this.#begin()
  }

  async #begin(): Promise<void> {
    if (this.#isLoading || this.#carrier) return
    this.#isLoading = true
    try {
      const carrier = await this.#load()
      // Closed meanwhile.
      if (!this.#begun) return
      this.#carrier = carrier
      carrier.start(this.#begun.self, this.#begun.events)
      if (this.#isSeeking) carrier.seek(true)
      if (this.#isSuspended) carrier.suspend()
    } catch (cause) {
      const hint = 'It is tried again when the network changes.'
      const message = `The code of ${this.name} could not be loaded.`
      this.#begun?.events.down(new EdgeNetError('unsupported', 'carrier-not-loaded', message, hint, { cause }))
    } finally {
      this.#isLoading = false
    }
  }

  sendEnvelope(kind: EnvelopeKind, to: PeerId, body: Bytes): void {
    this.#carrier?.sendEnvelope(kind, to, body)
  }

  announce(): void {
    this.#carrier?.announce()
  }

  seek(isMissingSomebody: boolean): void {
    this.#isSeeking = isMissingSomebody
    this.#carrier?.seek(isMissingSomebody)
  }

  nudge(): void {
    if (this.#carrier) this.#carrier.nudge()
    else if (this.#begun) void this.#begin()
  }

  suspend(): void {
    this.#isSuspended = true
    this.#carrier?.suspend()
  }

  resume(): void {
    this.#isSuspended = false
    this.#carrier?.resume()
  }

  async close(): Promise<void> {
    this.#begun = undefined
    await this.#carrier?.close()
  }
}
