/**
 * Several carriers side by side, in the order of resort, and which of them leads to each peer: the room, if it does; otherwise
 * the one that last brought something of the peer's. Now and then a better one is tried: if it leads, the peer answers by it.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import type { Envelope, EnvelopeKind } from '../../protocol/envelope.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { nowMs } from '../clock.ts'
import type { EdgeNetError } from '../errors.ts'
import type { Carrier, CarrierSelf } from './carrier.ts'

/** What the network does with what carriers tell. `via` is the carrier's place in the order of resort. */
export interface CarriersHost {
  carrierUp(carrier: string): void
  carrierDown(carrier: string, error: EdgeNetError | undefined): void
  met(announcement: Bytes, via: number): void
  envelope(envelope: Envelope, via: number): void
  /** A carrier leads to this peer, anew or again: what was in flight may be lost. */
  relayUp(peer: PeerId, via: number): void
  /** None does. */
  relayDown(peer: PeerId): void
  /** Another one is tried: whatever the peer answers shows that it leads there. */
  probe(peer: PeerId): void
  /** Bulk goes to this peer again. */
  relayReady(peer: PeerId): void
  /** The peer was asked for an answer on the relay, and has said nothing since. */
  isSilent(peer: PeerId, sinceMs: number): boolean
  /** Called twice a second. */
  look(): void
}

interface Way {
  /** The one in use; -1 when there is none. */
  current: number
  /** The one that brought something last; -1 when none has, or it is to be seen whether a better one does. */
  heard: number
  /** Those that do not lead to the peer, a bit each. */
  lost: number
  steeredAtMs: number
  /** The one that the link was told of; -1 when it was told that there is none. */
  told: number
  /** How often in a row all were tried in vain. */
  tries: number
}

/** The room's place in the order of resort. */
export const ROOM = 0
const LOOK_MS = 500
/** A link asks again and again. Whoever has not answered for so long over one carrier may answer over another. */
const SILENT_MS = 3_000
/** So long the next best is used before a better one is tried. */
const BETTER_MS = 2_000
/** Neighbours change, and relays come back, without saying for whom. Each time twice as long, as seeking costs others. */
const RETRY_MS = 2_000
const MAX_RETRY_MS = 16_000

export class Carriers {
  readonly #carriers: readonly Carrier[]
  readonly #host: CarriersHost
  readonly #ways = new Map<PeerId, Way>()
  /** Those that work, a bit each. */
  #up = 0
  /** Those that have said whether they do. */
  #told = 0
  #isSeeking = false
  #looking: ReturnType<typeof setInterval> | undefined

  /** @param carriers the room first */
  constructor(carriers: readonly Carrier[], host: CarriersHost) {
    this.#carriers = carriers
    this.#host = host
  }

  /** Names, in the order of resort. */
  get list(): { readonly name: string; readonly isUp: boolean }[] {
    return this.#carriers.map(({ name }, via) => ({ name, isUp: this.isUp(via) }))
  }

  /** Any of them works. */
  get isAnyUp(): boolean {
    return this.#up > 0
  }

  isUp(via: number): boolean {
    return (this.#up & (1 << via)) > 0
  }

  /** A carrier has said whether it works. */
  hasTold(carrier: Carrier): boolean {
    return (this.#told & (1 << this.#carriers.indexOf(carrier))) > 0
  }

  /** The carrier that leads to a peer now. */
  to(peer: PeerId): Carrier | undefined {
    return this.#carriers[this.#ways.get(peer)?.current ?? -1]
  }

  start(self: CarrierSelf): void {
    for (const [via, carrier] of this.#carriers.entries()) {
      carrier.start(self, {
        up: () => this.#cameUp(via),
        down: (cause) => this.#wentDown(via, cause),
        met: (announcement) => this.#host.met(announcement, via),
        envelope: (envelope) => this.#host.envelope(envelope, via),
        unreachable: (peer) => this.lost(peer, via),
        ready: () => {
          for (const [peer, { current }] of this.#ways) if (current === via) this.#host.relayReady(peer)
        },
      })
    }
    // With the room alone there is nothing to choose.
    if (this.#carriers.length > 1) this.#looking = setInterval(() => this.#look(), LOOK_MS)
  }

  // ---- what goes out -----------------------------------------------------------------------------------------------

  send(kind: EnvelopeKind, to: PeerId, body: Bytes): void {
    // A carrier that denies a peer may err or lie, and last words go to whoever has no link any more.
    const carrier = this.to(to) ?? this.#carriers[firstOf(this.#up)]
    if (kind !== 'relay' || carrier?.carriesBulk) carrier?.sendEnvelope(kind, to, body)
  }

  /** Answers somebody who may be a stranger the way that he came. */
  reply(via: number, kind: EnvelopeKind, to: PeerId, body: Bytes): void {
    this.#carriers[via]?.sendEnvelope(kind, to, body)
  }

  each(act: (carrier: Carrier) => unknown): unknown[] {
    return this.#carriers.map(act)
  }

  /** Somebody is missing whom the room does not bring. */
  seek(isMissingSomebody: boolean): void {
    if (this.#isSeeking === isMissingSomebody) return
    this.#isSeeking = isMissingSomebody
    this.each((carrier) => carrier.seek(isMissingSomebody))
  }

  async close(): Promise<void> {
    clearInterval(this.#looking)
    await Promise.all(this.each((carrier) => carrier.close()))
  }

  // ---- ways --------------------------------------------------------------------------------------------------------

  /** There is a link to this peer; `via`, if it is a carrier, told of it. */
  add(peer: PeerId, via = -1): void {
    const way = { current: -1, heard: via, lost: 0, steeredAtMs: 0, told: -1, tries: 0 }
    this.#ways.set(peer, way)
    this.#steer(peer, way)
  }

  remove(peer: PeerId): void {
    this.#ways.delete(peer)
  }

  /** This carrier leads to the peer. True when that changes the way. */
  found(peer: PeerId, via: number): boolean {
    const way = this.#ways.get(peer)
    if (!way) return false
    way.heard = via
    way.lost &= ~(1 << via)
    way.tries = 0
    return this.#steer(peer, way)
  }

  /** This carrier does not lead to the peer now. */
  lost(peer: PeerId, via: number): void {
    const way = this.#ways.get(peer)
    if (!way) return
    way.lost |= 1 << via
    // Where all have been tried in vain, the next one is tried, too.
    this.#steer(peer, way, way.told < 0 && way.tries > 0)
  }

  /**
   * Chooses a peer's way anew. True when the link was told.
   *
   * @param isTry the link is told when the peer answers by it: one that nobody answers on is not up
   */
  #steer(peer: PeerId, way: Way, isTry = false): boolean {
    const { current, heard } = way
    const open = this.#up & ~way.lost
    // The room answers at once when it does not know somebody; others may take long to find out.
    const isRoom = (open & 1) > 0
    way.current = !isRoom && heard >= 0 && open & (1 << heard) ? heard : firstOf(open)
    const isSame = way.current === current
    if (!isSame) way.steeredAtMs = nowMs()
    if (isTry && way.current >= 0) {
      if (!isSame) this.#host.probe(peer)
      return false
    }
    if (way.told === way.current) return false
    way.told = way.current
    if (way.current < 0) this.#host.relayDown(peer)
    else this.#host.relayUp(peer, way.current)
    return true
  }

  #cameUp(via: number): void {
    const wasUp = this.isUp(via)
    this.#told |= 1 << via
    this.#up |= 1 << via
    for (const [peer, way] of this.#ways) {
      if (!this.#steer(peer, way) && way.current === via) this.#host.relayUp(peer, via)
    }
    if (!wasUp) this.#host.carrierUp(this.#nameOf(via))
  }

  #wentDown(via: number, cause: EdgeNetError | undefined): void {
    const wasUp = this.isUp(via)
    this.#told |= 1 << via
    this.#up &= ~(1 << via)
    for (const [peer, way] of this.#ways) {
      way.lost &= ~(1 << via)
      this.#steer(peer, way)
    }
    if (wasUp || cause) this.#host.carrierDown(this.#nameOf(via), cause)
  }

  #nameOf(via: number): string {
    return this.#carriers[via]?.name ?? ''
  }

  #look(): void {
    for (const [peer, way] of this.#ways) {
      const { current, steeredAtMs, tries } = way
      const ageMs = nowMs() - steeredAtMs
      const others = this.#up & ~(1 << current)
      if (current < 0) {
        if (ageMs < Math.min(RETRY_MS * 2 ** tries, MAX_RETRY_MS)) continue
        way.tries++
        way.lost &= 1
        way.steeredAtMs = nowMs()
        this.#steer(peer, way, true)
      } else if (others && ageMs >= SILENT_MS && this.#host.isSilent(peer, nowMs() - SILENT_MS)) {
        // Round and round, while nobody answers.
        if ((others & ~way.lost) === 0) way.lost = 0
        way.lost |= 1 << current
        this.#steer(peer, way, true)
      } else if (ageMs >= BETTER_MS) {
        way.heard = -1
        this.#steer(peer, way, true)
      }
    }
    this.#host.look()
  }
}

/** The lowest bit; -1 when there is none. */
function firstOf(bits: number): number {
  return 31 - Math.clz32(bits & -bits)
}
