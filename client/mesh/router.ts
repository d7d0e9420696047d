/**
 * Envelopes to members without a link, carried by neighbours: what lets a mesh outlive its room. Ways are found as in AODV
 * (RFC 3561): whoever told of a member leads to it; otherwise everybody is asked by gossip, and the answer comes back along
 * the way on which the question came. What is carried is sealed; whoever carries it learns who wants to talk to whom.
 *
 * Invariants: an envelope passes a peer once, and at most so many peers; what is remembered is bounded by neighbour; whoever
 * carries can lose an envelope and no more.
 */
import { concat, type Bytes } from '../../protocol/bytes.ts'
import type { EnvelopeKind } from '../../protocol/envelope.ts'
import { MAX_ANNOUNCEMENT_BYTES, PEER_ID_BYTES } from '../../protocol/limits.ts'
import { peerIdBytes, peerIdText, type PeerId } from '../../protocol/peer-id.ts'
import { TokenBucket } from '../token-bucket.ts'
import { AgingMap } from './aging-map.ts'
import { Allowance } from './allowance.ts'
import { Budget } from './budget.ts'
import { CARRY_ID_BYTES, MAX_CARRY_HOPS } from './limits.ts'
import type { Bodies, Carry, Kind } from './messages.ts'
import type { Fault } from './reputation.ts'
import type { RoutePolicy } from './route-policy.ts'
import { Routes, type Proof } from './routes.ts'
import { Unanswered } from './unanswered.ts'

/** What the router needs of its mesh. */
export interface RouterHost {
  readonly self: PeerId
  /** Our own, as it is now. */
  readonly announcement: Bytes
  readonly nowMs: number
  readonly random: () => number
  send<K extends Kind>(peer: PeerId, kind: K, body: Bodies[K]): void
  /** Says to everybody whom we seek. */
  seek(payload: Bytes): void
  /** Whether there is a link with a direct path. */
  isDirect(peer: PeerId): boolean
  hasLink(peer: PeerId): boolean
  /** The neighbour who told of a member. */
  toldBy(peer: PeerId): PeerId | undefined
  /** For us. */
  envelope(from: PeerId, kind: EnvelopeKind, body: Bytes): void
  /** Somebody who knows us by name only seeks us, and says who he is; `origin` is whose announcement it has to be. */
  met(announcement: Bytes, origin: PeerId): void
  /** Nobody knows a way. */
  lost(to: PeerId): void
  blame(peer: PeerId, fault: Fault): void
}

interface Waiting {
  readonly envelopes: { readonly kind: EnvelopeKind; readonly body: Bytes }[]
  byteLength: number
  readonly payload: Bytes
  askAgainAtMs: number
  readonly untilMs: number
}

/** An envelope has passed here. */
interface Passage {
  readonly to: PeerId
  /** Whom it came from; `undefined` when it was our own. */
  readonly before: PeerId | undefined
  /** Whom it went to; `undefined` when it went no further. */
  readonly next: PeerId | undefined
}

/** Somebody who was sought has answered. */
interface Found {
  readonly envelopes: Waiting['envelopes']
  /** Neighbours over which an answer came, and what has waited was sent. */
  readonly ways: Set<PeerId>
}

interface Rates {
  readonly carryKiB: Budget
  /** What is beyond this as well is not haste. */
  readonly floodKiB: Budget
  /** What others have carried to it: it takes no more, and would blame us for what they have sent. */
  readonly onwardKiB: Budget
  readonly seeks: TokenBucket
}

export class Router {
  readonly #policy: RoutePolicy
  readonly #host: RouterHost
  readonly #routes: Routes
  /** What was carried, by its id. */
  readonly #carried: AgingMap<string, Passage>
  /** To whom no way led, with its first neighbour: those who told of them lead there no better, and they are sought. */
  readonly #misled: AgingMap<PeerId, PeerId | undefined>
  readonly #unanswered: Unanswered
  readonly #sought = new Map<PeerId, Waiting>()
  readonly #found: AgingMap<PeerId, Found>
  readonly #rates = new Map<PeerId, Rates>()
  /** Of those with a mere link, over which one may be asked to carry as well, and of former neighbours. */
  readonly #linkRates: AgingMap<PeerId, Rates>
  readonly #ownSeeks: TokenBucket
  /** Gossip's origins are claims: whoever likes can have us introduce ourselves to others. */
  readonly #introductions: TokenBucket
  readonly #bulk: Allowance
  nextMs = Infinity

  constructor(host: RouterHost, policy: RoutePolicy) {
    this.#host = host
    this.#policy = policy
    this.#routes = new Routes(policy)
    this.#carried = new AgingMap(policy.maxCarried, policy.carriedMs)
    this.#misled = new AgingMap(policy.maxMisled, policy.routeMs)
    this.#unanswered = new Unanswered(policy)
    this.#found = new AgingMap(policy.maxSought, policy.seekMs)
    this.#linkRates = new AgingMap(policy.maxLinks, policy.routeMs)
    this.#ownSeeks = new TokenBucket(policy.ownSeeks)
    this.#introductions = new TokenBucket(policy.introductions)
    this.#bulk = new Allowance(policy.ownBulkKiB)
  }

  /** What is held, for those who watch bounds. */
  get held(): { routes: number; carried: number; sought: number } {
    return { routes: this.#routes.size, carried: this.#carried.size, sought: this.#sought.size }
  }

  neighbourUp(id: PeerId): void {
    // Whoever parts and comes again has no more for it.
    this.#rates.set(id, this.#linkRates.get(id, this.#host.nowMs) ?? this.#newRates())
  }

  #newRates(): Rates {
    const { carryKiB, floodFactor, seeks } = this.#policy
    const floodKiB = { burst: floodFactor * carryKiB.burst, perSecond: floodFactor * carryKiB.perSecond }
    return {
      carryKiB: new Budget(carryKiB),
      floodKiB: new Budget(floodKiB),
      onwardKiB: new Budget(carryKiB),
      seeks: new TokenBucket(seeks),
    }
  }

  neighbourDown(id: PeerId): void {
    const rates = this.#rates.get(id)
    if (rates) this.#linkRates.set(id, rates, this.#host.nowMs)
    this.#rates.delete(id)
    this.#routes.neighbourDown(id)
  }

  get bulkAtMs(): number {
    return this.#bulk.readyAtMs
  }

  // ---- our own -----------------------------------------------------------------------------------------------------

  /** Carries an envelope to a member, or keeps it while a way is sought. False when it was dropped. */
  carry(to: PeerId, kind: EnvelopeKind, body: Bytes): boolean {
    if (kind === 'relay') this.#bulk.spend(body.length / 1_024, this.#host.nowMs)
    const waiting = this.#sought.get(to)
    if (waiting) {
      this.#askAgain(waiting)
      return this.#wait(waiting, kind, body)
    }
    // Whoever is asked who he is has just shown a way, if he is there: strangers that are none would have us seek them.
    return this.#depart(to, kind, body) || (kind !== 'who' && this.#seek(to, kind, body))
  }

  #depart(to: PeerId, kind: EnvelopeKind, body: Bytes): boolean {
    const { nowMs } = this.#host
    // What our own link to somebody sends by neighbours cannot go by that link.
    const next = this.#neighbourTo(to, to)
    if (next === undefined) return false
    if (!this.#unanswered.sending(to, kind, nowMs)) {
      this.#abandon(to)
      return false
    }
    const id = this.#hand(next, to, kind, body)
    this.#carried.set(keyOf(id), { to, before: undefined, next }, nowMs)
    return true
  }

  /** The way to somebody leads nowhere: the next time he is sought. */
  #abandon(to: PeerId): void {
    const { nowMs } = this.#host
    this.#unanswered.forget(to)
    this.#misled.set(to, this.#routes.next(to, nowMs), nowMs)
    this.#routes.remove(to)
  }

  #seek(to: PeerId, kind: EnvelopeKind, body: Bytes): boolean {
    const waiting = this.#beginToSeek(to, peerIdBytes(to))
    return waiting !== undefined && this.#wait(waiting, kind, body)
  }

  /** Seeks a member of whom nothing but the name is known: it is told who we are, and introduces itself. */
  seekByName(to: PeerId): void {
    if (this.#sought.has(to)) return
    const payload = concat(peerIdBytes(to), this.#host.announcement)
    // In this turn nobody can be told.
    const { nowMs } = this.#host
    if (!this.#beginToSeek(to, payload))
      this.#sought.set(to, { envelopes: [], byteLength: 0, payload, askAgainAtMs: Infinity, untilMs: nowMs })
    this.nextMs = Math.min(this.nextMs, this.#sought.get(to)?.untilMs ?? Infinity)
  }

  #beginToSeek(to: PeerId, payload: Bytes): Waiting | undefined {
    const { nowMs } = this.#host
    const isPossible = this.#rates.size > 0 && this.#sought.size < this.#policy.maxSought
    if (!isPossible || !this.#ownSeeks.take(nowMs)) return undefined
    const { seekMs, askAgainMs } = this.#policy
    const waiting = { envelopes: [], byteLength: 0, payload, askAgainAtMs: nowMs + askAgainMs, untilMs: nowMs + seekMs }
    this.#sought.set(to, waiting)
    this.nextMs = Math.min(this.nextMs, waiting.untilMs)
    this.#host.seek(payload)
    return waiting
  }

  /** The answer may have gone a way that is none any more. */
  #askAgain(waiting: Waiting): void {
    const { nowMs } = this.#host
    if (nowMs < waiting.askAgainAtMs || !this.#ownSeeks.take(nowMs)) return
    waiting.askAgainAtMs = nowMs + this.#policy.askAgainMs
    this.#host.seek(waiting.payload)
  }

  #wait(waiting: Waiting, kind: EnvelopeKind, body: Bytes): boolean {
    const { maxWaiting, maxWaitingBytes } = this.#policy
    const byteLength = waiting.byteLength + body.length
    if (waiting.envelopes.length >= maxWaiting || byteLength > maxWaitingBytes) return false
    waiting.envelopes.push({ kind, body })
    waiting.byteLength = byteLength
    return true
  }

  /** Some swallow what they are to carry: the answer goes several ways, and the one on which it comes first leads to us. */
  #answer(origin: PeerId, via: PeerId): void {
    const leads = (next: PeerId) => next !== origin && this.#host.isDirect(next)
    const others = [...this.#rates.keys()].filter((next) => next !== via && leads(next))
    const ways = leads(via) ? [via] : []
    while (ways.length < this.#policy.answerWays && others.length > 0)
      ways.push(...others.splice(Math.floor(this.#host.random() * others.length), 1))
    // Which of them gets lost does not matter.
    for (const next of ways) this.#hand(next, origin, 'who', new Uint8Array(0))
  }

  /** @returns the id of what is carried */
  #hand(next: PeerId, to: PeerId, kind: EnvelopeKind, body: Bytes): Bytes {
    const { random, self } = this.#host
    const id = Uint8Array.from({ length: CARRY_ID_BYTES }, () => Math.floor(random() * 256))
    this.#host.send(next, 'mesh_carry', { id, from: self, to, hops: 0, kind, body })
    return id
  }

  // ---- what neighbours bring ---------------------------------------------------------------------------------------

  /** Whether somebody's seeking may be told on. */
  mayTell(from: PeerId, payload: Bytes): boolean {
    const rates = this.#rates.get(from)
    const isSeeking = payload.length >= PEER_ID_BYTES && payload.length <= PEER_ID_BYTES + MAX_ANNOUNCEMENT_BYTES
    return isSeeking && rates !== undefined && rates.seeks.take(this.#host.nowMs)
  }

  /** Somebody seeks somebody. If it is us, we answer with what a room's member answers to a stranger: who are you? */
  soughtBy(origin: PeerId, payload: Bytes, via: PeerId): void {
    const { self } = this.#host
    if (origin === self) return
    this.#learn(origin, via, 0)
    if (peerIdText(payload.subarray(0, PEER_ID_BYTES)) !== self) return
    this.#answer(origin, via)
    if (payload.length > PEER_ID_BYTES && this.#introductions.take(this.#host.nowMs))
      this.#host.met(payload.slice(PEER_ID_BYTES), origin)
  }

  receive(via: PeerId, carry: Carry): void {
    const { nowMs, self } = this.#host
    const rates = this.#rates.get(via) ?? this.#ratesOfLink(via)
    if (!rates) return
    const key = keyOf(carry.id)
    const kib = kibOf(carry)
    if (!rates.floodKiB.take(nowMs, kib)) return this.#host.blame(via, 'flood')
    // It may carry for many, each of whom sends no more than he should.
    if (!rates.carryKiB.take(nowMs, kib)) return
    // Ways that lead in a circle: whoever sent it this way forgets that, and so does everybody before him.
    if (this.#carried.has(key, nowMs) || carry.from === self) return this.#cannot(via, carry)
    const next = this.#nextOf(carry, via)
    this.#carried.set(key, { to: carry.to, before: via, next }, nowMs)
    // An answer shows the way that holds now, whatever was known before.
    if (this.#sought.has(carry.from)) this.#routes.remove(carry.from)
    this.#learn(carry.from, via, carry.kind === 'who' ? 1 : 2)
    if (carry.to === self) return this.#arrived(via, carry)
    if (next !== undefined) this.#pass(next, carry)
    else this.#cannot(via, carry)
  }

  /** What comes from many may be more than one takes: what is beyond is dropped here as it would be there. */
  #pass(next: PeerId, carry: Carry): void {
    const rates = this.#rates.get(next) ?? this.#ratesOfLink(next)
    if (!rates?.onwardKiB.take(this.#host.nowMs, kibOf(carry))) return
    this.#host.send(next, 'mesh_carry', { ...carry, hops: carry.hops + 1 })
  }

  #ratesOfLink(via: PeerId): Rates | undefined {
    const { nowMs } = this.#host
    if (!this.#host.hasLink(via)) return undefined
    const rates = this.#linkRates.get(via, nowMs) ?? this.#newRates()
    this.#linkRates.set(via, rates, nowMs)
    return rates
  }

  #cannot(via: PeerId, { id, from, to }: Carry): void {
    this.#host.send(via, 'mesh_lost', { id, from, to })
  }

  #arrived(via: PeerId, { from, kind, body }: Carry): void {
    this.#unanswered.forget(from)
    this.#host.envelope(from, kind, body)
    const waiting = this.#sought.get(from)
    if (waiting) {
      // A way has shown itself.
      this.#sought.delete(from)
      this.#found.set(from, { envelopes: waiting.envelopes, ways: new Set([via]) }, this.#host.nowMs)
      for (const envelope of waiting.envelopes) this.#depart(from, envelope.kind, envelope.body)
    } else if (kind === 'who') this.#foundAgain(from, via)
  }

  /** By another way: some carry answers and swallow the rest, and whoever makes answers up does not get everything. */
  #foundAgain(from: PeerId, via: PeerId): void {
    const found = this.#found.get(from, this.#host.nowMs)
    if (!found || found.ways.has(via) || found.ways.size >= this.#policy.answerWays || !this.#host.isDirect(via)) return
    found.ways.add(via)
    for (const { kind, body } of found.envelopes) this.#hand(via, from, kind, body)
  }

  /** What was carried this way got no further: it goes back to whoever it came from, who forgets the way. */
  lost(via: PeerId, { id, from }: Bodies['mesh_lost']): void {
    const { nowMs } = this.#host
    const key = keyOf(id)
    const passage = this.#carried.get(key, nowMs)
    // Only whoever was to carry it on can say so, and once; what it says besides is known here.
    if (passage?.next !== via) return
    const { to, before } = passage
    this.#carried.set(key, { ...passage, next: undefined }, nowMs)
    if (before !== undefined) {
      if (this.#routes.next(to, nowMs) === via) this.#routes.remove(to)
      return this.#host.send(before, 'mesh_lost', { id, from, to })
    }
    // Another way may have shown itself meanwhile.
    if ((this.#routes.next(to, nowMs) ?? via) === via) this.#abandon(to)
    this.#host.lost(to)
  }

  // ---- ways --------------------------------------------------------------------------------------------------------

  #nextOf({ to, hops }: Carry, via: PeerId): PeerId | undefined {
    const mayGoOn = to !== this.#host.self && hops + 1 < MAX_CARRY_HOPS
    return mayGoOn ? this.#nextTo(to, via) : undefined
  }

  /** To whom an envelope of somebody else's goes next. */
  #nextTo(to: PeerId, via: PeerId): PeerId | undefined {
    return this.#host.isDirect(to) ? to : this.#neighbourTo(to, via)
  }

  /** To whom with a link an envelope goes next, but not to this one. Only direct paths carry: others are themselves carried. */
  #neighbourTo(to: PeerId, except: PeerId): PeerId | undefined {
    const { nowMs } = this.#host
    const leads = (next: PeerId | undefined) => next !== undefined && next !== except && this.#host.isDirect(next)
    const route = this.#routes.next(to, nowMs)
    if (leads(route)) return route
    // Another one may take its place.
    if (route !== except) this.#routes.remove(to)
    const hint = this.#misled.has(to, nowMs) ? undefined : this.#host.toldBy(to)
    return leads(hint) ? hint : undefined
  }

  /** Somebody was heard through this peer. Whoever has a link himself needs no way, and has none when that is down. */
  #learn(from: PeerId, via: PeerId, proof: Proof): void {
    const { nowMs } = this.#host
    if (from === via || !this.#host.isDirect(via)) return
    this.#routes.heard(from, via, proof, this.#misled.get(from, nowMs), nowMs)
  }

  tick(): void {
    const { nowMs } = this.#host
    if (nowMs < this.nextMs) return
    this.nextMs = Infinity
    for (const [to, { untilMs }] of this.#sought) {
      if (nowMs < untilMs) this.nextMs = Math.min(this.nextMs, untilMs)
      else {
        this.#sought.delete(to)
        this.#host.lost(to)
      }
    }
  }
}

/** Each envelope takes one at least. */
function kibOf({ body }: Carry): number {
  return Math.max(1, Math.ceil(body.length / 1_024))
}

function keyOf(bytes: Bytes): string {
  return String.fromCharCode.apply(undefined, bytes as unknown as number[])
}
