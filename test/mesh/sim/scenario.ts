/** A network's life, from its first member on, and what is measured meanwhile. */
import type { MeshPolicy } from '../../../client/mesh/mesh.ts'
import { floodMs, largestComponent, mean, percentile } from './measures.ts'
import { VICES, type Vice } from './vices.ts'
import { World, type Said, type SimPeer } from './world.ts'

export interface Scenario {
  readonly name: string
  readonly seed: number
  readonly peers: number
  readonly policy: MeshPolicy
  /** How many of the peers have each vice, as a share of all. */
  readonly vices?: Readonly<Partial<Record<Vice, number>>>
  /** How many of the peers are replaced in a minute, as a share of all. Three in ten leave without a word. */
  readonly churnPerMinute?: number
  /** So many times in a minute a hostile member leaves without a word and comes again under another name. */
  readonly siegePerMinute?: number
  /** In the second fifth of the time the network is in two halves. */
  readonly isSplit?: boolean
  /** When everybody is there the room closes for good. Newcomers know one member each, over whatever carrier. */
  readonly roomCloses?: boolean
  /** So many times in a minute somebody wants a link to somebody whom it has none to. */
  readonly demandsPerMinute?: number
  /** How long everybody takes to come, and how long it is talked afterwards, at that rate. */
  readonly joinMs?: number
  readonly settleMs?: number
  readonly talkMs?: number
  readonly messagesPerSecond?: number
  readonly sampleMs?: number
}

/** What is so at one time. */
export interface Moment {
  readonly atS: number
  readonly peers: number
  readonly largest: number
  readonly meanDegree: number
  readonly maxDegree: number
  readonly minDegree: number
}

export interface Report {
  readonly name: string
  readonly seed: number
  readonly peers: number
  readonly moments: readonly Moment[]
  readonly messages: number
  /** Of those who were there all the time; should be none. */
  readonly missed: number
  readonly copies: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** A flood's on the same overlay, through those who relay. */
  readonly floodP50Ms: number
  readonly floodP99Ms: number
  /** Latencies of both, every hundredth, for a curve. */
  readonly latencyMs: readonly number[]
  readonly floodLatencyMs: readonly number[]
  /** What the room sends for one who joins, and what it is asked by everybody besides in a minute. */
  readonly roomMessagesPerJoin: number
  readonly connectionsPerHour: number
  readonly maxConnections: number
  readonly bytesPerSecond: number
  /** Hostile members that are still somebody's neighbours, by honest neighbour. */
  readonly hostileLinks: number
  readonly faults: Readonly<Record<string, number>>
  /** Honest neighbours who were blamed by honest ones, by fault. */
  readonly wronged: Readonly<Record<string, number>>
  readonly largestHeld: Readonly<Record<string, number>>
  readonly demands: number
  /** Links that were wanted and did not come. */
  readonly unmet: number
  readonly carried: number
  readonly lost: number
  readonly events: number
}

/** Members who came later, or left sooner, need not have heard: a neighbour takes some seconds to find. */
const SETTLED_MS = 15_000
const LASTING_MS = 30_000
/** Latencies of flood are computed for one in so many messages, unless they are few. */
const MAX_FLOODS = 100
const SPLIT_GROUPS = 2
/** A member that is there is sought, found and linked to within this time. */
const MEETING_MS = 20_000
const RETRY_MS = 6_000

export function live(scenario: Scenario): Report {
  return new Life(scenario).live()
}

interface Counters {
  readonly atMs: number
  readonly received: number
  readonly connections: number
  readonly sentBytes: number
}

class Life {
  readonly world: World
  readonly #scenario: Scenario
  readonly #moments: Moment[] = []
  readonly #floodMs: number[] = []
  readonly #held: Record<string, number> = {}
  /** Who could hear each message, if it leaves no sooner. */
  readonly #listeners = new Map<Said, readonly SimPeer[]>()
  #demands = 0
  #unmet = 0

  constructor(scenario: Scenario) {
    this.#scenario = scenario
    this.world = new World({ seed: scenario.seed, policy: scenario.policy })
  }

  live(): Report {
    const { world } = this
    const { peers, joinMs = 20_000, settleMs = 40_000, talkMs = 40_000 } = this.#scenario
    const { sampleMs = 5_000, roomCloses = false, isSplit = false } = this.#scenario
    const { churnPerMinute = 0, demandsPerMinute = 0, siegePerMinute = 0 } = this.#scenario
    for (const vice of this.#cast(peers)) world.after(world.random.between(0, joinMs), () => world.join(vice))
    for (let atMs = sampleMs; atMs <= joinMs + settleMs + talkMs; atMs += sampleMs)
      world.after(atMs, () => this.#look())
    world.run(joinMs)
    const roomAfterJoin = world.room.messages / world.room.joins
    if (roomCloses) world.after(settleMs / 2, () => world.closeRoom())
    if (churnPerMinute > 0) this.#churn(settleMs + talkMs - LASTING_MS)
    world.run(settleMs)
    if (isSplit) this.#split(talkMs)
    if (siegePerMinute > 0) this.#besiege(siegePerMinute, talkMs)
    if (demandsPerMinute > 0) this.#demandLinks(demandsPerMinute, talkMs)
    const before = this.#counters()
    const said = this.#talk(talkMs)
    return this.#report(said, before, roomAfterJoin)
  }

  /** The vice of each peer, in any order. */
  #cast(peers: number): (Vice | undefined)[] {
    const cast: (Vice | undefined)[] = []
    for (const vice of VICES) {
      const count = Math.round((this.#scenario.vices?.[vice] ?? 0) * peers)
      for (let i = 0; i < count; i++) cast.push(vice)
    }
    while (cast.length < peers) cast.push(undefined)
    return this.world.random.shuffled(cast)
  }

  /** Whoever leaves is replaced by another one at once. */
  #churn(forMs: number): void {
    const { world } = this
    const { peers, churnPerMinute = 0 } = this.#scenario
    const gapMs = 60_000 / (peers * churnPerMinute)
    const untilMs = world.nowMs + forMs
    const next = () => {
      if (world.nowMs >= untilMs) return
      world.leave(world.random.pick(world.honest), world.random.chance(0.7))
      world.join()
      world.after(gapMs, next)
    }
    world.after(gapMs, next)
  }

  #besiege(perMinute: number, forMs: number): void {
    const { world } = this
    const again = () => {
      const hostile = world.random.pick(world.present.filter(({ vice }) => vice !== undefined))
      world.leave(hostile, false)
      world.join(hostile.vice)
    }
    for (let atMs = 0; atMs < forMs; atMs += 60_000 / perMinute) world.after(atMs, again)
  }

  #split(talkMs: number): void {
    const { world } = this
    world.after(talkMs / 5, () => world.split(({ index }) => index % SPLIT_GROUPS))
    world.after((2 * talkMs) / 5, () => world.heal())
  }

  #demandLinks(perMinute: number, forMs: number): void {
    const { world } = this
    for (let atMs = 0; atMs < forMs; atMs += 60_000 / perMinute) world.after(atMs, () => this.#demandLink())
  }

  #demandLink(): void {
    const { world } = this
    const settled = world.honest.filter(({ joinedAtMs }) => world.nowMs - joinedAtMs >= SETTLED_MS)
    const peer = world.random.pick(settled)
    const others = settled.filter((other) => other !== peer && !peer.links.has(other.id))
    if (others.length === 0) return
    const other = world.random.pick(others)
    const demand = () => void (peer.links.has(other.id) || world.demand(peer, other))
    // As the shell does: a way may have ended just now, and then the next one is sought.
    for (let atMs = 0; atMs < MEETING_MS; atMs += RETRY_MS) world.after(atMs, demand)
    world.after(MEETING_MS, () => {
      if (peer.leftAtMs !== Infinity || other.leftAtMs !== Infinity) return
      this.#demands++
      if (!peer.links.has(other.id)) this.#unmet++
    })
  }

  #talk(talkMs: number): Said[] {
    const { world } = this
    const { messagesPerSecond = 5, isSplit = false } = this.#scenario
    const count = Math.floor((talkMs / 1_000) * messagesPerSecond)
    const said: Said[] = []
    for (let i = 0; i < count; i++) {
      world.run(1_000 / messagesPerSecond)
      // What is said while the network is apart, or falls apart, is a matter of synchronisation.
      const share = i / count
      if (isSplit && share > 0.15 && share < 0.7) continue
      const origin = world.random.pick(world.honest)
      if (i % Math.ceil(count / MAX_FLOODS) === 0) this.#flood(origin)
      const message = world.say(origin)
      this.#listeners.set(message, world.honest)
      said.push(message)
    }
    world.run(LASTING_MS)
    return said
  }

  #flood(origin: SimPeer): void {
    const { world } = this
    const relays = (index: number) => world.peers[index]?.vice === undefined
    const reached = floodMs(origin.index, world.neighboursOf, relays, (a, b) => world.places.delayMs(a, b))
    for (const [index, ms] of reached) if (relays(index) && index !== origin.index) this.#floodMs.push(ms)
  }

  #look(): void {
    const { world } = this
    // Newcomers need a moment, and so does a network in which nobody is yet.
    const settled = world.honest.filter(({ joinedAtMs }) => world.nowMs - joinedAtMs >= SETTLED_MS)
    const degrees = settled.map(({ mesh }) => mesh.degree)
    for (const { mesh } of settled) {
      for (const [what, count] of Object.entries(mesh.held)) this.#held[what] = Math.max(this.#held[what] ?? 0, count)
    }
    if (settled.length === 0) return
    const indexes = settled.map(({ index }) => index)
    const isApart = settled.some(({ group }) => group !== 0)
    const parts = isApart
      ? [0, 1].map((group) => indexes.filter((index) => world.peers[index]?.group === group))
      : [indexes]
    this.#moments.push({
      atS: world.nowMs / 1_000,
      peers: settled.length,
      largest: parts.reduce((sum, part) => sum + largestComponent(part, world.neighboursOf), 0),
      meanDegree: mean(degrees),
      maxDegree: degrees.reduce((a, b) => Math.max(a, b)),
      minDegree: degrees.reduce((a, b) => Math.min(a, b)),
    })
  }

  #counters(): Counters {
    // Those who have left as well: what they received and made was received and made.
    const honest = this.world.peers.filter(({ vice }) => vice === undefined)
    const sum = (of: (peer: SimPeer) => number) => honest.reduce((total, peer) => total + of(peer), 0)
    return {
      atMs: this.world.nowMs,
      received: sum(({ received }) => received),
      connections: sum(({ connections }) => connections),
      sentBytes: sum(({ sentBytes }) => sentBytes),
    }
  }

  #report(said: readonly Said[], before: Counters, roomMessagesPerJoin: number): Report {
    const { world } = this
    const { name, seed, peers } = this.#scenario
    const after = this.#counters()
    const latencies: number[] = []
    let missed = 0
    let heard = 0
    for (const message of said) {
      for (const index of message.heardAtMs.keys()) if (world.peers[index]?.vice === undefined) heard++
      heard--
      for (const peer of this.#listeners.get(message) ?? []) {
        if (peer === message.origin || message.atMs - peer.joinedAtMs < SETTLED_MS) continue
        if (peer.leftAtMs - message.atMs < LASTING_MS) continue
        const atMs = message.heardAtMs.get(peer.index)
        if (atMs === undefined) missed++
        else latencies.push(atMs - message.atMs)
      }
    }
    const hours = (after.atMs - before.atMs) / 3_600_000
    const { honest } = world
    const isHostile = (index: number) => world.peers[index]?.vice !== undefined
    return {
      name,
      seed,
      peers,
      moments: this.#moments,
      messages: said.length,
      missed,
      copies: (after.received - before.received) / heard,
      p50Ms: percentile(latencies, 0.5),
      p99Ms: percentile(latencies, 0.99),
      maxMs: percentile(latencies, 1),
      floodP50Ms: percentile(this.#floodMs, 0.5),
      floodP99Ms: percentile(this.#floodMs, 0.99),
      latencyMs: curve(latencies),
      floodLatencyMs: curve(this.#floodMs),
      roomMessagesPerJoin,
      connectionsPerHour: (after.connections - before.connections) / honest.length / hours,
      maxConnections: honest.reduce((most, { connections }) => Math.max(most, connections), 0),
      bytesPerSecond: (after.sentBytes - before.sentBytes) / honest.length / hours / 3_600,
      hostileLinks: mean(honest.map(({ index }) => world.neighboursOf(index).filter(isHostile).length)),
      faults: this.#faults(isHostile),
      wronged: this.#faults((index) => !isHostile(index)),
      largestHeld: this.#held,
      demands: this.#demands,
      unmet: this.#unmet,
      carried: world.carried,
      lost: world.lost,
      events: world.calendar.count,
    }
  }

  /** What honest peers blamed others for. */
  #faults(whom: (index: number) => boolean): Record<string, number> {
    const faults: Record<string, number> = {}
    for (const peer of this.world.honest) {
      for (const line of peer.faults) {
        const [fault = '', id = ''] = line.split(' ')
        const other = this.world.byId.get(id as SimPeer['id'])
        if (other && whom(other.index)) faults[fault] = (faults[fault] ?? 0) + 1
      }
    }
    return faults
  }
}

/** Every hundredth. */
function curve(values: readonly number[]): number[] {
  const sorted = values.toSorted((a, b) => a - b)
  return Array.from({ length: 100 }, (_, i) => sorted[Math.floor((i / 100) * sorted.length)] ?? 0)
}
