/** What must be so while nothing goes wrong: news spread at once, orphans find their parents, and nobody talks for nothing. */
import type { Entry } from '../../../client/qdag/entry.ts'
import { isAgreed, sessionsOf } from './agreement.ts'
import { Clock, EPOCH_MS } from './clock.ts'
import { aloof, chainOf } from './hostile/aloof.ts'
import { keyOf } from './reference.ts'
import type { World } from './world.ts'

/** Of slow timers, verifiers and roads, from one peer to the next. */
const HOP_MS = 2_000
const BASE_MS = 3_000
/** Four parents, asked for one after the other, of somebody who does not answer at first. */
const FETCH_MS = 40_000
/** Of the two minutes by which an entry may be ahead. */
const CLOSE_MS = 100_000
const CHAIN_LENGTH = 4
/** Until the next digest is due, and some more. */
const CLOCK_MS = 30_000
/** What a link and slow timers take is counted as a difference of clocks. */
const MAX_WRONG_MS = 5_000
const CALM_MS = 60_000
/** A digest every ten seconds, both ways, some sooner than others. */
const MAX_CALM_BYTES = 1_200

/** An entry that is made now is everywhere soon: it is told, not found by comparing. Unless clocks are too far apart. */
export async function checkNews(world: World): Promise<void> {
  if (!areClocksClose(world)) return
  const { application, random, devices } = world
  const author = random.pick(devices)
  const before = sessionsOf(world).map(({ ledger }) => ledger.size)
  application.contributeAnyway(author, 1)
  const isKept = (): boolean => author.session?.author.isIdle === true
  if (!(await world.until(isKept, 10_000, 50))) throw new Error('an own entry takes too long to be kept')
  const withinMs = BASE_MS + HOP_MS * devices.length
  const isEverywhere = (): boolean => sessionsOf(world).every(({ ledger }, i) => ledger.size > (before[i] ?? 0))
  if (!(await world.until(isEverywhere, withinMs, 50)))
    throw new Error(`an entry is not everywhere within ${withinMs} ms`)
}

/** Nobody would have to let an entry wait that somebody makes now, on the latest of all entries. */
export function areClocksClose(world: World): boolean {
  const sessions = sessionsOf(world)
  const clocks = sessions.map((session) => session.correctedWallMs)
  const latest = sessions.flatMap(({ ledger }) => ledger.tips().map((tip) => ledger.tsOf(tip)))
  return Math.max(...clocks, ...latest) - Math.min(...clocks) < CLOSE_MS
}

/** Whoever gets an entry whose parents nobody has offered asks for them, and gets them. */
export async function checkFetching(world: World): Promise<void> {
  if (!areClocksClose(world)) return
  const { random, devices } = world
  const stash = new Map<string, Entry>()
  const victim = random.pick(devices)
  const clock = new Clock(random, true)
  clock.offsetMs = (victim.session?.correctedWallMs ?? EPOCH_MS) - clock.wallMs(world.agenda.nowMs)
  const rogue = world.addRogue([aloof(stash)], [victim], clock)
  const isLike = (): boolean => rogue.session?.ledger.size === victim.session?.ledger.size
  if (!(await world.until(isLike, 60_000))) throw new Error('a newcomer does not get what there is')
  await world.pass(5_000)
  const chain = chainOf(rogue, CHAIN_LENGTH)
  for (const entry of chain) stash.set(keyOf(entry.id), entry)
  for (const end of rogue.ends) rogue.push(end, ...chain.slice(-1))
  const hasAll = (): boolean =>
    sessionsOf(world).every((session) => chain.every(({ id }) => world.judge.keysOf(session).has(keyOf(id))))
  const withinMs = FETCH_MS + HOP_MS * devices.length
  if (!(await world.until(hasAll, withinMs))) throw new Error('an orphan does not find its parents')
  rogue.leave()
}

/** Peers that have the same say so now and then, and nothing else. */
export async function checkSilence(world: World): Promise<void> {
  await world.pass(CALM_MS / 2)
  const before = world.roads.honestBytes
  const connections = world.roads.connections
  await world.pass(CALM_MS)
  if (!isAgreed(world) || world.roads.connections > connections) return
  const roads = world.roads.all.filter(({ isOpen, isHonest }) => isOpen && isHonest).length
  const bytes = world.roads.honestBytes - before
  if (bytes > MAX_CALM_BYTES * roads)
    throw new Error(`${bytes} bytes a minute on ${roads} roads, though nothing happens`)
}

/** A clock that somebody sets wrongly is put right by what others say, and so is one that is set right again. */
export async function checkClock(world: World): Promise<void> {
  const { random, traits, devices } = world
  const device = random.pick(devices)
  const { session, clock } = device
  const others = [...(session?.links.keys() ?? [])].map((peer) => world.deviceOf(peer)?.clock)
  const isOutvoted = others.filter((other) => other !== clock).length > (others.length + 1) / 2
  if (!session || !traits.areClocksRight || !isOutvoted || world.rogues.length > 0) return
  for (const offsetMs of [random.pick([-1, 1]) * random.between(60_000, 500_000), 0]) {
    clock.offsetMs = offsetMs
    await world.pass(CLOCK_MS)
    const wrongMs = session.correctedWallMs - EPOCH_MS - world.agenda.nowMs
    if (Math.abs(wrongMs) > MAX_WRONG_MS) throw new Error(`${device.name}'s corrected clock is wrong by ${wrongMs} ms`)
  }
}
