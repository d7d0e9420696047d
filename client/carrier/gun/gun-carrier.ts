/**
 * Gun as a carrier: for when the room cannot be reached. Relays of others, several at once, are taken for what they are, a
 * lossy, public, flooding bulletin board: members show themselves in one node an hour, and each has a mailbox, a node where
 * others write envelopes into slots of their own. All records are sealed, short-lived and small; see {@link Records}.
 */
import type { Bytes } from '../../../protocol/bytes.ts'
import type { EnvelopeKind } from '../../../protocol/envelope.ts'
import { gunRelayUrl, MAX_GUN_RELAYS } from '../../../protocol/gun-relays.ts'
import { ENVELOPE_HEADER_BYTES, MAX_INTRO_ENVELOPE_BYTES, MAX_SIGNAL_ENVELOPE_BYTES } from '../../../protocol/limits.ts'
import type { PeerId } from '../../../protocol/peer-id.ts'
import { nowMs } from '../../clock.ts'
import { EdgeNetError } from '../../errors.ts'
import type { Timer } from '../../timers.ts'
import type { Carrier, CarrierEvents, CarrierSelf } from '../carrier.ts'
import { GunGraph, loadGun, type GunConstructor, type GunSocket } from './gun-graph.ts'
import { BUCKET_MS, CLOCK_TOLERANCE_MS, LOOK_AT_CLOCK_MS, MAX_MEMBERS } from './limits.ts'
import { Inbox } from './inbox.ts'
import { Outbox, type Letter } from './outbox.ts'
import { AnnouncePace } from './pace.ts'
import type { ReadMessage } from './read-message.ts'
import { bucketOf, bucketsAround, isPresence, Records, type GunRecord, type Place } from './records.ts'
import { Relay } from './relay.ts'

export interface GunCarrierOptions {
  /** URLs of Gun relays, as `https://relay.example/gun`. All of them are used at once; eight at most. */
  readonly relays: readonly string[]
  /** Gun, where it cannot be imported as `gun/gun.js` by its name. */
  readonly gun?: GunConstructor
}

/** How much a carrier has done and refused, from its start. */
export interface GunCarrierStatistics {
  readonly relaysUp: number
  /** Announcements, and envelopes, written. */
  readonly announced: number
  readonly mailed: number
  /** Records taken. */
  readonly taken: number
  /** Of our nodes, but no record of this network: a stranger's. */
  readonly rubbish: number
  /** Records that are outdated, replayed, or came by another relay before. */
  readonly stale: number
  /** Beyond what a carrier reads. */
  readonly dropped: number
}

export interface GunCarrier extends Carrier {
  readonly name: 'gun'
  statistics(): GunCarrierStatistics
}

/**
 * A carrier over Gun relays.
 *
 * @throws EdgeNetError `invalid-argument` when there is no list of relays, or one of them is not a URL
 * @example
 * const carrier = gunCarrier({ relays: ['https://relay.example/gun'] })
 */
export function gunCarrier(options: GunCarrierOptions): GunCarrier {
  const { relays, gun }: Partial<GunCarrierOptions> = options ?? {}
  if (!Array.isArray(relays)) throw invalid('Relays are a list.')
  return new RunningGunCarrier(relayUrls(relays), gun)
}

/** As WebSocket URLs, each once. */
function relayUrls(relays: readonly unknown[]): readonly string[] {
  const urls = relays.map((relay) => {
    const url = typeof relay === 'string' ? gunRelayUrl(relay) : undefined
    if (url !== undefined) return url
    throw invalid(`${JSON.stringify(relay)} is not the URL of a Gun relay.`)
  })
  const distinct = [...new Set(urls)]
  if (distinct.length === 0) throw invalid('There is no relay.')
  if (distinct.length > MAX_GUN_RELAYS) throw invalid(`${distinct.length} relays are more than ${MAX_GUN_RELAYS}.`)
  return distinct
}

function invalid(message: string): EdgeNetError {
  return new EdgeNetError('invalid-argument', 'relays', message, 'Give URLs such as https://relay.example/gun.')
}

class RunningGunCarrier implements GunCarrier {
  readonly name = 'gun'
  readonly carriesBulk = false
  readonly #relays: readonly Relay[]
  /** The nodes that we listen to. */
  readonly #souls = new Set<string>()
  #Gun: GunConstructor | undefined
  #graph: GunGraph | undefined
  #records: Records | undefined
  #self: CarrierSelf | undefined
  #events: CarrierEvents | undefined
  #told: 'up' | 'down' | undefined
  #isSuspended = false
  #timer: Timer | undefined
  /** The hours whose nodes we listen to. */
  #buckets: readonly number[] = []
  readonly #pace = new AnnouncePace()
  readonly #outbox = new Outbox()
  #outboxAtMs = Infinity
  readonly #inbox = new Inbox((record) => this.#take(record))
  /** Members that showed themselves in these hours. */
  readonly #members = new Set<PeerId>()
  #lastIssuedAtMs = 0
  readonly #count = { announced: 0, mailed: 0 }

  constructor(urls: readonly string[], gun: GunConstructor | undefined) {
    this.#Gun = gun
    const output = {
      souls: this.#souls,
      changed: (relay: Relay) => this.#changed(relay),
      heard: (message: ReadMessage) => this.#heard(message),
      dropped: () => void this.#inbox.count.dropped++,
    }
    this.#relays = urls.map((url) => new Relay(url, output))
  }

  get isReady(): boolean {
    return this.#told === 'up'
  }

  statistics(): GunCarrierStatistics {
    return { relaysUp: this.#relays.filter(({ isUp }) => isUp).length, ...this.#count, ...this.#inbox.count }
  }

  start(self: CarrierSelf, events: CarrierEvents): void {
    this.#self = self
    this.#events = events
    void this.#prepare(self)
  }

  sendEnvelope(kind: EnvelopeKind, to: PeerId, body: Bytes): void {
    const mostBytes = kind === 'intro' ? MAX_INTRO_ENVELOPE_BYTES : MAX_SIGNAL_ENVELOPE_BYTES
    if (!this.isReady || kind === 'relay' || body.length > mostBytes - ENVELOPE_HEADER_BYTES) return
    this.#outbox.post({ kind, to, body: body.slice() })
    this.#post()
  }

  announce(): void {
    this.#pace.restart(nowMs())
    this.#tick()
  }

  seek(isMissingSomebody: boolean): void {
    this.#pace.seek(isMissingSomebody, nowMs())
    this.#tick()
  }

  nudge(): void {
    for (const relay of this.#relays) relay.nudge()
  }

  suspend(): void {
    if (!this.#self || this.#isSuspended) return
    this.#isSuspended = true
    this.#letGo()
    this.#tell('down')
  }

  resume(): void {
    if (!this.#self || !this.#isSuspended) return
    this.#isSuspended = false
    this.#connect()
  }

  close(): Promise<void> {
    this.#self = this.#events = undefined
    this.#letGo()
    this.#told = undefined
    return Promise.resolve()
  }

  // ---- relays --------------------------------------------------------------------------------------------------------

  async #prepare(self: CarrierSelf): Promise<void> {
    try {
      this.#records = await Records.of(self.networkId)
      this.#Gun ??= await loadGun()
    } catch (cause) {
      return this.#failed(cause)
    }
    this.#connect()
  }

  #connect(): void {
    const Gun = this.#Gun
    // Closed or put away meanwhile, or not loaded yet.
    if (!this.#self || this.#isSuspended || this.#graph || !Gun) return
    try {
      const graph = new GunGraph(Gun, (url) => this.#socketTo(url))
      this.#graph = graph
      for (const relay of this.#relays) relay.connect(graph)
      this.#tick()
    } catch (cause) {
      this.#failed(cause)
    }
  }

  #failed(cause: unknown): void {
    this.#events?.down(cause instanceof EdgeNetError ? cause : undefined)
  }

  #socketTo(url: string): GunSocket {
    const relay = this.#relays.find((of) => of.url === url)
    // Gun was told of a host by somebody else.
    if (!relay) throw new Error('no relay of ours')
    return relay.open()
  }

  #letGo(): void {
    clearTimeout(this.#timer)
    this.#graph?.close()
    for (const relay of this.#relays) relay.end()
    this.#graph = undefined
    this.#outbox.clear()
    this.#souls.clear()
    this.#buckets = []
  }

  #changed(relay: Relay): void {
    if (!this.#graph) return
    if (relay.isUp) {
      for (const soul of this.#souls) this.#graph.ask(relay.url, soul)
      // A relay that was started again has forgotten us.
      this.#pace.restart(nowMs())
    }
    const isUp = this.#relays.some((of) => of.isUp)
    // One that is down says nothing while another may still answer.
    const isKnown = isUp || this.#told !== undefined || !this.#relays.some(({ isTrying }) => isTrying)
    if (isKnown) this.#tell(isUp ? 'up' : 'down')
    this.#tick()
  }

  #tell(state: 'up' | 'down'): void {
    if (this.#told === state) return
    this.#told = state
    this.#events?.[state]()
  }

  // ---- writing -------------------------------------------------------------------------------------------------------

  /** Does what is due, and plans the next time. */
  #tick(): void {
    clearTimeout(this.#timer)
    const self = this.#self
    if (!self || !this.#graph) return
    const now = nowMs()
    void this.#listen(self)
    if (this.isReady && this.#pace.due(now, Math.random())) void this.#writePresence(self)
    if (now >= this.#outboxAtMs) this.#post()
    const bucketEndsInMs = BUCKET_MS - (self.nowMs() % BUCKET_MS)
    const waitMs = this.isReady ? Math.min(this.#pace.dueAtMs, this.#outboxAtMs) - now : Infinity
    this.#timer = setTimeout(() => this.#tick(), Math.min(Math.max(waitMs, 0), bucketEndsInMs, LOOK_AT_CLOCK_MS))
  }

  async #writePresence(self: CarrierSelf): Promise<void> {
    const records = this.#records
    const nowByAllMs = self.nowMs()
    const place = await records?.presencePlace(self.peerId, bucketOf(nowByAllMs))
    if (!place) return
    this.#count.announced++
    await this.#write(self, place, { kind: this.#pace.isSeeking ? 'presence' : 'answer', body: self.announcement() })
  }

  #post(): void {
    const self = this.#self
    if (!self || !this.isReady) return
    const { letters, againAtMs } = this.#outbox.take(nowMs())
    const isSooner = againAtMs < this.#outboxAtMs
    this.#outboxAtMs = againAtMs
    for (const letter of letters) void this.#writeLetter(self, letter)
    if (isSooner) this.#tick()
  }

  async #writeLetter(self: CarrierSelf, { kind, to, body, ring }: Letter & { ring: number }): Promise<void> {
    const place = await this.#records?.mailPlace(self.peerId, to, ring, bucketOf(self.nowMs()))
    if (!place) return
    this.#count.mailed++
    await this.#write(self, place, { kind, body })
  }

  async #write(self: CarrierSelf, place: Place, { kind, body }: Pick<GunRecord, 'kind' | 'body'>): Promise<void> {
    const issuedAtMs = this.#nextTimeMs(self.nowMs())
    const text = await this.#records?.seal(place, { kind, from: self.peerId, issuedAtMs, body })
    if (text !== undefined && this.#self) this.#graph?.write(place, text, issuedAtMs)
  }

  /** Rises, so that the newest record is known as such; but when the clock was set back, nobody bears to go on from where it was. */
  #nextTimeMs(nowByAllMs: number): number {
    const isSetBack = this.#lastIssuedAtMs - nowByAllMs > CLOCK_TOLERANCE_MS
    this.#lastIssuedAtMs = isSetBack ? nowByAllMs : Math.max(nowByAllMs, this.#lastIssuedAtMs + 1)
    return this.#lastIssuedAtMs
  }

  // ---- reading -------------------------------------------------------------------------------------------------------

  /** Listens to the nodes of now. */
  async #listen(self: CarrierSelf): Promise<void> {
    const records = this.#records
    const buckets = bucketsAround(self.nowMs())
    if (!records || String(buckets) === String(this.#buckets)) return
    // In another node nobody stands yet: who shows himself there is new again.
    if (buckets[0] !== this.#buckets[0]) this.#members.clear()
    const graph = this.#graph
    this.#buckets = buckets
    const souls = await Promise.all(
      buckets.flatMap((bucket) => [records.presenceSoul(bucket), records.mailboxSoul(self.peerId, bucket)]),
    )
    if (graph !== this.#graph || buckets !== this.#buckets) return
    const added = souls.filter((soul) => !this.#souls.has(soul))
    this.#souls.clear()
    for (const soul of souls) this.#souls.add(soul)
    for (const relay of this.#relays) {
      if (relay.isUp) for (const soul of added) graph?.ask(relay.url, soul)
    }
  }

  #heard(message: ReadMessage): void {
    if (this.#records && this.#self) this.#inbox.hear(message, this.#records, this.#self)
  }

  #take({ kind, from, body }: GunRecord): void {
    // Closed or put away while it was opened.
    if (!this.#graph) return
    if (!isPresence(kind)) {
      this.#events?.envelope({ kind, home: 0, peer: from, body })
      return
    }
    if (!this.#members.has(from) && this.#members.size < MAX_MEMBERS) {
      this.#members.add(from)
      const { size } = this.#members
      if (kind === 'presence') this.#pace.answer(size, nowMs(), Math.random(), Math.random())
      this.#tick()
    }
    // Or every newcomer had all who answer him meet each other.
    if (kind === 'presence' || this.#pace.isSeeking) this.#events?.met(body)
  }
}
