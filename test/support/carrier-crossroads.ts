/** Several carriers that do as they are told, and a network that writes down what it hears of them. */
import type { Carrier, CarrierEvents, CarrierSelf } from '../../client/carrier/carrier.ts'
import { Carriers } from '../../client/carrier/carriers.ts'
import type { EnvelopeKind } from '../../protocol/envelope.ts'
import type { PeerId } from '../../protocol/peer-id.ts'

const SELF: CarrierSelf = {
  networkId: new Uint8Array(32),
  peerId: 'self' as PeerId,
  announcement: () => new Uint8Array(0),
  nowMs: () => 0,
}

export class ToldCarrier implements Carrier {
  readonly name: string
  readonly carriesBulk: boolean
  isReady = true
  /** What it was given to send: kinds and peers. */
  readonly sent: string[] = []
  readonly sought: boolean[] = []
  isClosed = false
  #events: CarrierEvents | undefined

  constructor(name: string, carriesBulk = true) {
    this.name = name
    this.carriesBulk = carriesBulk
  }

  /** What it tells, when a test wants it to. */
  get tell(): CarrierEvents {
    if (!this.#events) throw new Error(`${this.name} was not started`)
    return this.#events
  }

  start(_: CarrierSelf, events: CarrierEvents): void {
    this.#events = events
  }

  sendEnvelope(kind: EnvelopeKind, to: PeerId): void {
    this.sent.push(`${kind} ${to}`)
  }

  seek(isMissingSomebody: boolean): void {
    this.sought.push(isMissingSomebody)
  }

  announce(): void {}
  nudge(): void {}
  suspend(): void {}
  resume(): void {}

  close(): Promise<void> {
    this.isClosed = true
    return Promise.resolve()
  }
}

export class Crossroads {
  readonly carriers: Carriers
  /** What the network was told, in order: `up gun`, `down gun`, `relayUp ada`, … */
  readonly told: string[] = []
  /** Peers that owe an answer. */
  readonly silent = new Set<PeerId>()
  looks = 0

  constructor(given: readonly Carrier[]) {
    const tell = (what: string) => void this.told.push(what)
    this.carriers = new Carriers(given, {
      carrierUp: (carrier) => tell(`up ${carrier}`),
      carrierDown: (carrier, error) => tell(`down ${carrier}${error ? ` ${error.code}` : ''}`),
      met: (_, via) => tell(`met ${via}`),
      envelope: ({ peer }, via) => tell(`envelope ${peer} ${via}`),
      relayUp: (peer) => tell(`relayUp ${peer}`),
      relayDown: (peer) => tell(`relayDown ${peer}`),
      probe: (peer) => tell(`probe ${peer}`),
      relayReady: (peer) => tell(`relayReady ${peer}`),
      isSilent: (peer) => this.silent.has(peer),
      look: () => this.looks++,
    })
    this.carriers.start(SELF)
  }

  /** The name of the carrier that leads to a peer now. */
  way(peer: PeerId): string | undefined {
    return this.carriers.to(peer)?.name
  }

  /** What the network was told since this was called last. */
  news(): string[] {
    return this.told.splice(0)
  }
}
