/**
 * One seed's history: episodes of faults, alone or several at a time, under traffic both ways; after each everything must
 * get through and both sides be on the direct path again, within a bound; then an end. Whatever is promised is checked
 * on every event by `Application` and `FrameWatch`, and here at the end of every episode.
 */
import { ENDINGS } from './endings.ts'
import type { Harm } from './faults/harm.ts'
import { FAULTS, type NamedFault, RELAY_FAULTS } from './faults.ts'
import type { MakeLink, Peer } from './peer.ts'
import { SIDES } from './room.ts'
import { World } from './world.ts'

export interface HistoryOptions {
  readonly makeLink: MakeLink
  /** A history goes on until there were so many moves. */
  readonly moves: number
  readonly trace?: ((line: string) => void) | undefined
}

export interface Report {
  readonly moves: number
  readonly episodes: number
  readonly messages: number
  readonly simulatedMs: number
  readonly events: number
  /** Cost of all frames, once and with all repeats. */
  readonly newBytes: number
  readonly sentBytes: number
}

/** Whatever happened, when all is whole again everything gets through within this time. */
const WEDGED_MS = 60_000
/** The most that faults which follow each other may keep a link without any path. */
const LONG_MS = 200_000
/** Of all episodes. */
const CALM_SHARE = 0.05
/** And the direct path is used again: it is suspected for 5 s at most, then replaced. */
const REGAINED_MS = 20_000

export class History {
  readonly world: World
  readonly #moves: number
  /** The latest episodes, for the message of a failure. */
  readonly log: string[] = []
  #episodes = 0

  constructor(seed: number, { makeLink, moves, trace }: HistoryOptions) {
    this.world = new World(seed, makeLink, trace)
    this.#moves = moves
  }

  run(): Report {
    const { world } = this
    this.#regain()
    while (world.moves < this.#moves) {
      if (world.random.chance(CALM_SHARE)) this.#calm()
      else this.#episode()
    }
    const { random, peers } = world
    this.#log('end')
    random.pick(ENDINGS)(world)
    const data = peers.map(({ watch }) => watch)
    return {
      moves: world.moves,
      episodes: this.#episodes,
      messages: peers.reduce((sum, { application }) => sum + application.acceptedCount, 0),
      simulatedMs: world.agenda.nowMs,
      events: world.agenda.count,
      newBytes: data.reduce((sum, { newBytes }) => sum + newBytes, 0),
      sentBytes: data.reduce((sum, { dataBytes }) => sum + dataBytes, 0),
    }
  }

  /** Nothing happens: then nothing is sent twice or over the relay, and nobody moves. */
  #calm(): void {
    const { world } = this
    const { peers, traits, random } = world
    const { room, connection, traffic } = traits
    // The faults' last repeats arrive.
    world.pass(5_000)
    this.#log('calm')
    const before = peers.map(countsOf)
    const { moves } = world
    world.pass(random.between(1_000, 15_000))
    // Lost pings are reasons, and late timers; and so is a path that needs a second for what it has to carry.
    const isClean = connection.probeLoss + room.overtakeChance === 0 && world.timerGrainMs === 1
    if (!isClean || traffic.some(({ maxBytes }) => maxBytes > 1_000)) return
    if (world.moves !== moves) throw new Error('a move without a reason')
    for (const side of SIDES) {
      const now = countsOf(peers[side])
      const bytes = now.resentBytes - (before[side]?.resentBytes ?? 0)
      if (bytes > 0) throw new Error(`side ${side} sent ${bytes} bytes again without a reason`)
      const frames = now.relayFrames - (before[side]?.relayFrames ?? 0)
      if (frames > 0) throw new Error(`side ${side} sent ${frames} frames over the relay beside a healthy direct path`)
    }
  }

  #episode(): void {
    const { world } = this
    const { random } = world
    this.#episodes++
    const startMs = world.agenda.nowMs
    const before = world.peers.map(countsOf)
    for (const { watch } of world.peers) watch.forgetMaximum()
    // Paths are used for a while, or hardly at all.
    world.pass(random.pick([0, 20, 200, random.between(0, 2_000)]))
    const isAlone = random.chance(0.6)
    const isRelayed = random.chance(0.15)
    if (isRelayed) this.#leaveDirect()
    const isPatient = world.traits.peers[0].stalledMs > LONG_MS
    const count = isAlone ? 1 : isPatient && random.chance(0.2) ? 6 + random.below(25) : 2 + random.below(4)
    const harms: Harm[] = []
    let wholeAtMs = world.agenda.nowMs
    for (let i = 0; i < count; i++) {
      const { name, fault } = this.#someOf(isRelayed ? RELAY_FAULTS : FAULTS)
      this.#log(`${isRelayed ? 'on the relay: ' : ''}${isAlone ? '' : `${i + 1} of ${count}: `}${name}`)
      const harm = fault(world, random)
      harms.push(harm)
      wholeAtMs = Math.max(wholeAtMs, world.agenda.nowMs + harm.lastsMs)
      if (!isAlone) world.pass(random.pick([0, 0, 10, random.between(0, 3_000)]))
    }
    world.pass(Math.max(0, wholeAtMs - world.agenda.nowMs))
    const only = isAlone ? harms[0] : undefined
    this.#settle(only?.settlesMs ?? WEDGED_MS)
    if (only?.regainsMs !== undefined) this.#regain(only.regainsMs)
    for (const { check } of harms) check?.(isAlone)
    // Faults that come together keep attempts from succeeding for longer than one of them.
    world.isDirectPossible = true
    world.seekDirect()
    this.#regain()
    this.#checkEconomy(before, world.agenda.nowMs - startMs)
  }

  /** No storms: what is sent again is bounded by what happened and what was out, and so is all that is no data. */
  #checkEconomy(before: readonly Counts[], elapsedMs: number): void {
    const seconds = elapsedMs / 1_000
    for (const side of SIDES) {
      const peer = this.world.peers[side]
      const was = before[side]
      if (!was) return
      const now = countsOf(peer)
      const causes = now.causes - was.causes
      const resentBytes = now.resentBytes - was.resentBytes
      // A resend that an earlier episode has caused may go on.
      const allowedBytes = (causes + seconds + 2) * peer.watch.maxUnacknowledgedBytes
      if (resentBytes > allowedBytes) {
        throw new Error(`side ${side} sent ${resentBytes} bytes again, for ${causes} causes in ${seconds.toFixed(1)} s`)
      }
      const others = now.otherFrames - was.otherFrames
      const heard = now.heardFrames - was.heardFrames
      const allowed = 20 + 25 * seconds + 6 * causes + heard / 2
      if (others > allowed)
        throw new Error(`side ${side} sent ${others} frames besides data, ${allowed.toFixed()} are enough`)
      const ticks = now.ticks - was.ticks
      if (ticks > 50 + 60 * seconds + heard)
        throw new Error(`side ${side} ticked ${ticks} times in ${seconds.toFixed(1)} s`)
    }
  }

  /** Both sides are on the relay, and stay there. */
  #leaveDirect(): void {
    const { world } = this
    world.isDirectPossible = false
    const { connection } = world
    for (const side of SIDES) world.peers[side].event(() => connection?.close(side))
    world.pass(world.random.between(0, 3_000))
  }

  /** All that has been accepted gets through. */
  #settle(withinMs: number): void {
    const { world } = this
    const [a, b] = world.peers
    const last = [a.application.lastAcceptedId, b.application.lastAcceptedId] as const
    const bytes = a.link.unacknowledgedBytes + b.link.unacknowledgedBytes
    const { room, connection } = world.traits
    const slowest = Math.min(room.pipe.bytesPerMs, connection.pipe.bytesPerMs)
    const roundTripsMs = 16 * Math.max(room.pipe.latencyMs, connection.pipe.latencyMs)
    const allowedMs = withinMs + roundTripsMs + (4 * bytes) / slowest + 4 * (world.timerGrainMs - 1)
    const isThrough = () => b.application.hasTakenUpTo(last[0]) && a.application.hasTakenUpTo(last[1])
    if (world.until(isThrough, allowedMs)) return
    throw new Error(`not all is through ${allowedMs.toFixed()} ms after everything is whole: ${this.#state()}`)
  }

  /** Both sides send over the same direct path. */
  #regain(withinMs = REGAINED_MS + 4 * this.world.traits.attemptMs): void {
    const { world } = this
    const isRegained = () => world.areBothDirect() && world.isDirectWhole()
    const { connection } = world.traits
    const allowedMs = withinMs + 4 * connection.pipe.latencyMs + 2 * (world.timerGrainMs - 1)
    if (world.until(isRegained, allowedMs)) return
    throw new Error(`the direct path is not regained: ${this.#state()}`)
  }

  #someOf(faults: readonly NamedFault[]): NamedFault {
    let at = this.world.random.between(
      0,
      faults.reduce((sum, { weight }) => sum + weight, 0),
    )
    const found = faults.find(({ weight }) => (at -= weight) < 0) ?? faults[0]
    if (!found) throw new Error('there are no faults')
    return found
  }

  #log(what: string): void {
    this.world.trace?.(`==== ${what}`)
    this.log.push(`${this.world.agenda.nowMs.toFixed(1)} ms: ${what}`)
    if (this.log.length > 12) this.log.shift()
  }

  #state(): string {
    const { world } = this
    return SIDES.map((side) => {
      const { link, application, watch, socket, connection } = world.peers[side]
      return [
        `side ${side} sends on ${link.path}${link.isSuspect ? ' (suspect)' : ''}`,
        `socket ${socket ? (socket.isHalfDead ? 'half-dead' : 'open') : 'none'}`,
        `connection ${connection ? (connection.isBlack[side] ? 'black' : 'open') : 'none'}`,
        `${application.lastId} posted, ${application.acceptedCount} accepted, ${application.deliveredCount} confirmed`,
        `${application.takenCount} taken`,
        `${watch.numberedFrames} frames, ${watch.arrivedFrames} arrived, ${watch.unacknowledgedBytes} bytes out`,
      ].join(', ')
    }).join('; ')
  }
}

interface Counts {
  readonly causes: number
  readonly resentBytes: number
  readonly otherFrames: number
  readonly heardFrames: number
  readonly relayFrames: number
  readonly ticks: number
}

function countsOf({ watch, causes, loop }: Peer): Counts {
  const { dataBytes, newBytes, otherFrames, heardFrames, relayFrames } = watch
  return { causes, resentBytes: dataBytes - newBytes, otherFrames, heardFrames, relayFrames, ticks: loop.ticks }
}

/** Runs a seed; a failure says how to run it again. */
export function live(seed: number, options: HistoryOptions): Report {
  const history = new History(seed, options)
  try {
    return history.run()
  } catch (error) {
    const { world, log } = history
    const where = `seed ${seed}, move ${world.moves}, ${world.agenda.nowMs.toFixed(3)} simulated ms`
    const replay = `EDGE_NET_SEED=${seed} npx vitest run --project unit test/sim/model.test.ts`
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`${reason}\n  ${where}\n  ${log.join('\n  ')}\n  replay: ${replay}`, { cause: error })
  }
}
