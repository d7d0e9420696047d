/**
 * One seed's history: a network lives through faults, alone and several at a time, while its members contribute and its
 * hostile members do what they can; then it becomes quiet, and all honest peers must agree, within a bound of time and of
 * bytes. And once more.
 */
import { checkAgreement, isAgreed, missingOf, sessionsOf, unionOf } from './agreement.ts'
import { checkClock, checkFetching, checkNews, checkSilence } from './calm.ts'
import { checkGossip } from './gossip-checks.ts'
import { archive, FAULTS, type NamedFault } from './faults.ts'
import { restoreShortIds, weakenShortIds } from './weak-short-ids.ts'
import { type Parts, World } from './world.ts'

export interface Report {
  readonly devices: number
  readonly rogues: number
  readonly entries: number
  readonly connections: number
  readonly faults: ReadonlyMap<string, number>
  readonly deeds: ReadonlyMap<string, number>
  readonly accusations: ReadonlyMap<string, number>
  /** The most that any honest peer held of what is bounded. */
  readonly largest: ReadonlyMap<string, number>
  /** Messages of honest peers. */
  readonly kinds: ReadonlyMap<string, number>
  readonly simulatedMs: number
  readonly events: number
  readonly areClocksRight: boolean
  /** What it took at most after all had become quiet. */
  readonly agreedAfterMs: number
  /** What was heard by gossip, over all members. */
  readonly whispers: number
  /** Bytes that it took at most, of those that it may take. */
  readonly economy: number
}

export interface HistoryOptions {
  readonly parts: Parts
  readonly trace?: ((line: string) => void) | undefined
  /** Most members have a mesh. */
  readonly hasMesh?: boolean | undefined
}

/** The longest that it may take until all agree, after all has become quiet. */
const AGREEMENT_MS = 300_000
/** An entry from the fastest of clocks must wait until the slowest comes close to its time. */
const SKEW_MS = 1_200_000
/** Until then everybody has started. */
const STARTED_MS = 2_000
/** Whoever stands still goes on, notices that a link is dead, and finds another; and compares, when it is listened to again. */
const WHOLE_MS = 400_000
const WEAK_IDS_CHANCE = 0.1
/** An entry that somebody lacks is told by several others at once; and told to some who had it from others. */
const ENTRY_BYTES = 1_000
/** A few comparisons from the start, of which the frontiers are the largest part; and what was under way. */
const ROAD_BYTES = 20_000
const ROAD_BYTES_A_MINUTE = 3_000
/** What hostile peers have said makes honest ones ask each other: for what orphans lack, for instance. */
const PROVOCATION = 2
/** Of what goes over a link. */
const GOSSIP_LOSS = [0, 0.02, 0.2, 0.7]
const DIVIDED_CHANCE = 0.04
/** It takes a second for each peer. */
const MAX_DIVIDED = 8
/** More than one list of short ids can name. */
const DIVIDED_ENTRIES = 4_300

export class History {
  readonly world: World
  /** The latest that has happened, for the message of a failure. */
  readonly log: string[] = []
  readonly #faults = new Map<string, number>()
  #agreedAfterMs = 0
  #economy = 0
  #areIdsWeak = false

  constructor(seed: number, options: HistoryOptions) {
    this.world = new World(seed, options)
  }

  async run(): Promise<Report> {
    const { world } = this
    const { fate: random } = world
    this.#areIdsWeak = random.chance(WEAK_IDS_CHANCE)
    if (this.#areIdsWeak) {
      weakenShortIds()
      add(this.#faults, 'weak short ids', 1)
    }
    await world.pass(random.between(0, 5_000))
    for (let round = 1 + random.below(3); round > 0; round--) {
      await this.#faultsCome()
      await this.#becomesQuiet()
    }
    const deeds = new Map<string, number>()
    for (const rogue of world.rogues) for (const [name, count] of rogue.deeds) add(deeds, name, count)
    return {
      devices: world.devices.length,
      rogues: world.rogues.length,
      entries: world.judge.entries.size,
      connections: world.roads.connections,
      faults: this.#faults,
      deeds,
      accusations: world.judge.accusations,
      largest: world.judge.largest,
      kinds: world.roads.kinds,
      simulatedMs: world.agenda.nowMs,
      events: world.agenda.count,
      areClocksRight: world.traits.areClocksRight,
      agreedAfterMs: this.#agreedAfterMs,
      whispers: world.whispers?.heard ?? 0,
      economy: this.#economy,
    }
  }

  async #faultsCome(): Promise<void> {
    const { world } = this
    const { fate: random } = world
    world.isQuiet = false
    world.application.isOn = true
    if (world.whispers) world.whispers.lossChance = random.pick(GOSSIP_LOSS)
    // With so many entries, hardly any weak id would be its entry's alone.
    const canDivide = !this.#areIdsWeak && world.devices.length <= MAX_DIVIDED
    if (random.chance(DIVIDED_CHANCE) && canDivide) await this.#divide()
    for (let count = 2 + random.below(12); count > 0; count--) {
      const { name, fault } = someOf(FAULTS, random.fraction())
      this.#note(name)
      if (fault(world, random)) add(this.#faults, name, 1)
      await world.pass(random.pick([0, 0, 50, random.between(0, 2_000), random.magnitude(1_000, 20_000)]))
    }
    await world.pass(random.magnitude(10, 10_000))
  }

  /** Both sides of a partition have more than one list can name. */
  async #divide(): Promise<void> {
    const { world } = this
    const { fate: random, roads } = world
    this.#note('divide')
    add(this.#faults, 'divide', 1)
    for (const road of roads.all) roads.block(road)
    for (const session of random.shuffled(sessionsOf(world)).slice(0, 2)) {
      session.take(archive(world, random, DIVIDED_ENTRIES + random.below(500)))
    }
    await world.pass(random.between(1_000, 40_000))
    for (const road of roads.all) roads.unblock(road)
  }

  async #becomesQuiet(): Promise<void> {
    const { world } = this
    this.#note('quiet')
    world.application.isOn = false
    world.isQuiet = true
    const startMs = world.agenda.nowMs
    const { honestBytes: startBytes, hostileBytes: startHostileBytes } = world.roads
    const present = unionOf(world)
    const underWay = missingOf(world, present)
    world.mend()
    await world.pass(STARTED_MS)
    const union = unionOf(world)
    const missing = missingOf(world, union)
    this.#note(`${missing} missing`)
    const withinMs = AGREEMENT_MS + (world.traits.areClocksRight ? 0 : SKEW_MS)
    if (!(await world.until(() => isAgreed(world), withinMs))) {
      throw new Error(`no agreement ${withinMs / 1_000} s after all has become quiet: ${this.#state()}`)
    }
    checkAgreement(world, union)
    const tookMs = world.agenda.nowMs - startMs
    this.#agreedAfterMs = Math.max(this.#agreedAfterMs, tookMs)
    const sessions = sessionsOf(world)
    // What authors had not written down yet.
    const late = (unionOf(world).size - present.size) * sessions.length
    this.#checkEconomy(underWay + missing + late, world.roads.honestBytes - startBytes, startHostileBytes, tookMs)
    await this.#staysCalm()
  }

  /** What it took to agree is bounded by what was missing, and by how many talked for how long. */
  #checkEconomy(missing: number, bytes: number, hostileBytes: number, tookMs: number): void {
    const roads = this.world.roads.all.filter(({ isHonest }) => isHonest).length
    const provoked = PROVOCATION * (this.world.roads.hostileBytes - hostileBytes)
    const allowed = provoked + missing * ENTRY_BYTES + roads * (ROAD_BYTES + ROAD_BYTES_A_MINUTE * (tookMs / 60_000))
    this.#economy = Math.max(this.#economy, bytes / allowed)
    if (bytes > allowed) throw new Error(`${bytes} bytes for ${missing} missing entries, ${allowed} are enough`)
  }

  async #staysCalm(): Promise<void> {
    const { world } = this
    this.#note('calm')
    if (!(await world.until(() => isWhole(world), WHOLE_MS)))
      throw new Error(`something stays broken: ${this.#state()}`)
    if (world.whispers) await checkGossip(world, world.whispers)
    await checkNews(world)
    if (world.rogues.length === 0) await checkSilence(world)
    if (world.fate.chance(0.3)) await checkClock(world)
    if (world.fate.chance(0.3)) await checkFetching(world)
  }

  #note(what: string): void {
    this.world.trace?.(`==== ${what}`)
    this.log.push(`${(this.world.agenda.nowMs / 1_000).toFixed(3)} s: ${what}`)
    if (this.log.length > 20) this.log.shift()
  }

  #state(): string {
    const { world } = this
    const union = unionOf(world)
    return sessionsOf(world)
      .map(({ name, ledger, author, replica, vault }) => {
        const { orphans, parked } = ledger.statistics()
        const lacks = union.size - ledger.size
        const syncs = [...replica.syncs].map(([peer, state]) => `${peer} ${state}`).join(', ')
        const waits = `${orphans} orphans, ${parked} parked, ${vault.ownEntries.unsettledCount} unsettled${author.isIdle ? '' : ', writing'}`
        return `\n    ${name} lacks ${lacks} of ${union.size}, ${waits}; ${syncs}`
      })
      .join('')
  }
}

function isWhole(world: World): boolean {
  return (
    world.roads.all.every(({ isHonest, isOpen }) => !isHonest || isOpen) &&
    sessionsOf(world).every(({ loop, replica }) => {
      const syncs = [...replica.syncs].filter(([peer]) => world.deviceOf(peer)?.isHonest)
      return !loop.isStandingStill && syncs.every(([, state]) => state === 'live')
    })
  )
}

function someOf(faults: readonly NamedFault[], fraction: number): NamedFault {
  let at = fraction * faults.reduce((sum, { weight }) => sum + weight, 0)
  const found = faults.find(({ weight }) => (at -= weight) < 0) ?? faults[0]
  if (!found) throw new Error('there are no faults')
  return found
}

function add(counts: Map<string, number>, name: string, count: number): void {
  counts.set(name, (counts.get(name) ?? 0) + count)
}

/** Runs a seed; a failure says how to run it again. */
export async function live(seed: number, options: HistoryOptions): Promise<Report> {
  const history = new History(seed, options)
  try {
    return await history.run()
  } catch (error) {
    const { world, log } = history
    const where = `seed ${seed}, ${world.agenda.nowMs.toFixed(3)} simulated ms`
    const file = options.hasMesh ? 'mesh-network' : 'network'
    const replay = `EDGE_NET_SEED=${seed} npx vitest run --project thorough test/qdag/sim/${file}.test.ts`
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${reason}\n  ${where}\n  ${log.join('\n  ')}\n  replay: ${replay}`, { cause: error })
  } finally {
    restoreShortIds()
  }
}
