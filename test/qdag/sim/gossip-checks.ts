/** What must be so in a mesh while gossip loses nothing: what is said is everywhere at once, and nobody is told of it twice. */
import type { Entry } from '../../../client/qdag/entry.ts'
import { sessionsOf } from './agreement.ts'
import { areClocksClose } from './calm.ts'
import type { Device } from './device.ts'
import { keyOf } from './reference.ts'
import type { Whispers } from './whispers.ts'
import type { World } from './world.ts'

/** Well before the second comparison of tips. */
const EVERYWHERE_MS = 8_000
/** Those who look for the first entry of two find it with each other. */
const FOUND_MS = 15_000
const KEPT_MS = 20_000
const AUTHORS = 5
const ENTRIES = 4
/** Messages with entries for each entry and member: those that came so late that they were asked for. */
const PUSHES = 0.2

export async function checkGossip(world: World, whispers: Whispers): Promise<void> {
  const before = whispers.lossChance
  whispers.lossChance = 0
  await checkTold(world, whispers)
  await checkOrphans(world, whispers)
  whispers.lossChance = before
}

async function checkTold(world: World, whispers: Whispers): Promise<void> {
  const members = world.devices.filter(({ traits }) => traits.hasMesh)
  if (!areClocksClose(world) || members.length === 0) return
  const { pushes } = whispers
  const entries: Entry[] = []
  for (const author of world.random.shuffled(members).slice(0, AUTHORS)) {
    for (let i = 0; i < ENTRIES; i++) entries.push(...(await contribute(world, author)))
  }
  await mustHave(world, entries, EVERYWHERE_MS)
  const told = whispers.pushes - pushes
  // Those who have no mesh are told, and tell others, to whom it may be new.
  if (world.traits.meshChance === 1 && told > PUSHES * entries.length * members.length)
    throw new Error(`${told} messages with entries to members who hear of the ${entries.length} by gossip`)
}

/** An entry gets lost on every link, and the next one of the same writer does not: it goes everywhere, and has the first one fetched. */
async function checkOrphans(world: World, whispers: Whispers): Promise<void> {
  const members = world.devices.filter(({ traits }) => traits.hasMesh)
  if (!areClocksClose(world) || members.length === 0) return
  const author = world.random.pick(members)
  whispers.lossChance = 1
  const lost = await contribute(world, author)
  // Whoever has no mesh is told, and tells others.
  await world.pass(1_000)
  whispers.lossChance = 0
  await mustHave(world, [...lost, ...(await contribute(world, author))], FOUND_MS)
}

/** Makes an entry and waits until it is kept. */
async function contribute(world: World, author: Device): Promise<Entry[]> {
  const { session } = author
  if (!session) return []
  const size = session.ledger.size
  world.application.contributeAnyway(author, 1)
  if (!(await world.until(() => session.author.isIdle, KEPT_MS, 20)))
    throw new Error('an own entry takes too long to be kept')
  return [...world.judge.keysOf(session)].slice(size).flatMap((key) => world.judge.entries.get(key) ?? [])
}

async function mustHave(world: World, entries: readonly Entry[], withinMs: number): Promise<void> {
  const keys = entries.map(({ id }) => keyOf(id))
  const lacking = () => sessionsOf(world).filter((one) => keys.some((key) => !world.judge.keysOf(one).has(key)))
  if (await world.until(() => lacking().length === 0, withinMs, 50)) return
  const names = lacking().map(({ name }) => name)
  throw new Error(`${names.join(', ')} miss what was said to everybody after ${withinMs} ms`)
}
