/** What goes wrong in a network, and how often. What has an end is ended at the latest when all is to become quiet. */
import type { Entry } from '../../../client/qdag/entry.ts'
import { NO_CHAIN } from '../../../client/qdag/entry-fields.ts'
import type { Random } from '../../sim/random.ts'
import { EPOCH_MS } from './clock.ts'
import { bytesOf } from './crypto.ts'
import type { Device } from './device.ts'
import { signedEntry } from './pen.ts'
import type { Road } from './roads.ts'
import type { World } from './world.ts'

/** Does its harm. False when there is nothing to be harmed. */
export type Fault = (world: World, random: Random) => boolean

export interface NamedFault {
  readonly name: string
  readonly fault: Fault
  /** How often it comes, beside the others. */
  readonly weight: number
}

/** Devices in a network are not lost without end: somebody must be there. */
const MAX_DEVICES = 56

const someRoad = (world: World, random: Random): Road | undefined => {
  const open = world.roads.all.filter(({ isOpen }) => isOpen)
  return open.length > 0 ? random.pick(open) : undefined
}

const someDevice = (world: World, random: Random): Device | undefined => {
  const running = world.devices.filter(({ session }) => session?.isReady)
  return running.length > 0 ? random.pick(running) : undefined
}

/** A connection breaks; each side notices it when it does. */
const breakRoad: Fault = (world, random) => {
  const road = someRoad(world, random)
  if (road) world.roads.cut(road)
  return road !== undefined
}

/** One connection breaks again and again. */
const flap: Fault = (world, random) => {
  const road = someRoad(world, random)
  if (!road) return false
  let left = 3 + random.below(15)
  world.mendAfter(60_000, () => (left = 0))
  const again = (): void => {
    if (left-- <= 0) return
    world.roads.cut(road, [random.between(0, 100), random.between(0, 100)], random.between(10, 200))
    world.agenda.after(random.magnitude(20, 3_000), again)
  }
  again()
  return true
}

/** Nothing gets through for a while, one way or both; what is sent meanwhile arrives later. */
const stall: Fault = (world, random) => {
  const connection = someRoad(world, random)?.connection
  if (!connection) return false
  connection.freeze(random.pick([[0], [1], [0, 1]] as const))
  world.mendAfter(random.magnitude(100, 40_000), () => connection.thaw())
  return true
}

/** Two groups of peers cannot reach each other. */
const partition: Fault = (world, random) => {
  const share = random.between(0.1, 0.9)
  const group = new Set([...world.devices, ...world.rogues].filter(() => random.chance(share)))
  const divided = world.roads.all.filter(({ devices: [a, b] }) => group.has(a) !== group.has(b))
  for (const road of divided) world.roads.block(road)
  world.mendAfter(random.magnitude(1_000, 120_000), () => {
    for (const road of divided) world.roads.unblock(road)
  })
  return divided.length > 0
}

const crash =
  (kind: 'process' | 'power' | 'loss'): Fault =>
  (world, random) => {
    const device = someDevice(world, random)
    if (!device) return false
    device.crash(kind)
    for (const gone of world.devices.filter(({ session }) => !session)) {
      world.mendAfter(random.magnitude(10, 60_000), () => gone.start())
    }
    return true
  }

/** One goes, and comes back some time later. */
const leave: Fault = (world, random) => {
  const device = someDevice(world, random)
  if (!device) return false
  device.leave()
  world.mendAfter(random.magnitude(10, 200_000), () => device.start())
  return true
}

/** Somebody new comes, and has nothing. */
const join: Fault = (world) => {
  if (world.devices.length >= MAX_DEVICES) return false
  world.join()
  return true
}

/** Sleep, a busy thread, a frozen page. */
const standStill: Fault = (world, random) => {
  const device = someDevice(world, random)
  device?.session?.loop.standStill(random.magnitude(50, 60_000))
  return device !== undefined
}

/** A closed lid. Some clocks stand still meanwhile. */
const sleep: Fault = (world, random) => {
  const device = someDevice(world, random)
  if (!device) return false
  const sessionsOn = () =>
    world.devices.flatMap(({ disk, session }) => (disk === device.disk && session ? [session] : []))
  const sessions = sessionsOn()
  if (sessions.some(({ loop }) => loop.isStandingStill)) return false
  const ms = random.magnitude(1_000, 120_000)
  const doesClockSleep = random.chance(0.5)
  // Nobody starts anything on a machine that sleeps; if so, it has not slept.
  world.agenda.after(ms, () => {
    const isUndisturbed = sessionsOn().every((session, i) => session === sessions[i])
    if (doesClockSleep && isUndisturbed) device.clock.slept(ms)
  })
  for (const { loop } of sessions) loop.standStill(ms)
  return true
}

/** A disk takes nothing, or gives only some of what is asked for. */
const diskTrouble: Fault = (world, random) => {
  const disk = someDevice(world, random)?.disk
  if (!disk) return false
  const trouble = random.pick(['isFull', 'isUnreadable'] as const)
  disk[trouble] = true
  world.mendAfter(random.magnitude(500, 60_000), () => (disk[trouble] = false))
  return true
}

/** Somebody sets the clock. */
const setClock: Fault = (world, random) => {
  const device = someDevice(world, random)
  if (!device || world.traits.areClocksRight) return false
  device.clock.offsetMs = random.between(-600_000, 600_000)
  return true
}

/** Much at once. */
const burst: Fault = (world, random) => {
  const device = someDevice(world, random)
  if (device) world.application.contribute(device, 5 + random.below(60))
  return device !== undefined
}

/** A machine has something else to do. */
const slowDown: Fault = (world, random) => {
  const device = someDevice(world, random)
  const { session } = device ?? {}
  if (!device || !session) return false
  session.verifier.slowness = random.magnitude(2, 50)
  device.diskSlowness = random.magnitude(2, 50)
  world.mendAfter(random.magnitude(1_000, 60_000), () => {
    session.verifier.slowness = 1
    device.diskSlowness = 1
  })
  return true
}

/** Somebody finds other neighbours. */
const rewire: Fault = (world, random) => {
  const device = someDevice(world, random)
  const others = world.devices.filter((other) => other !== device)
  if (!device || others.length === 0) return false
  const road = world.roads.add(device, random.pick(others))
  world.mendAfter(random.magnitude(1_000, 100_000), () => world.roads.remove(road))
  return true
}

/** Somebody imports what was exported elsewhere, long ago. */
const importSome: Fault = (world, random) => {
  const { session } = someDevice(world, random) ?? {}
  session?.take(archive(world, random, 1 + random.below(80)))
  return session !== undefined
}

/** Entries by some contributors whom nobody here knows, in some shape or other. */
export function archive(world: World, random: Random, count: number): Entry[] {
  const name = random.below(2 ** 32)
  const entries: Entry[] = []
  const last: (Entry | undefined)[] = [undefined, undefined, undefined, undefined, undefined]
  for (let i = 0; i < count; i++) {
    const who = random.below(last.length)
    const prev = last[who]
    const parent = entries[Math.max(0, i - 1 - random.below(3))]
    const entry = signedEntry(
      {
        contributor: bytesOf(`${name} ${who}`),
        writer: bytesOf(`${name} ${who}`, 16),
        seq: prev ? prev.seq + 1 : 0,
        prev: prev?.id,
        tsMs: EPOCH_MS - 1e9 + i,
        computeUnits: random.below(10_000),
        taskId: `archived ${i}`,
        parents: [parent?.id ?? world.networkId],
        receipt: undefined,
        chain: NO_CHAIN,
      },
      world.networkId,
    )
    entries.push(entry)
    last[who] = entry
  }
  return entries
}

export const FAULTS: readonly NamedFault[] = [
  { name: 'break', fault: breakRoad, weight: 12 },
  { name: 'flap', fault: flap, weight: 2 },
  { name: 'stall', fault: stall, weight: 6 },
  { name: 'partition', fault: partition, weight: 8 },
  { name: 'process crash', fault: crash('process'), weight: 6 },
  { name: 'power failure', fault: crash('power'), weight: 4 },
  { name: 'lost disk', fault: crash('loss'), weight: 1.5 },
  { name: 'leave', fault: leave, weight: 4 },
  { name: 'join', fault: join, weight: 2 },
  { name: 'stand still', fault: standStill, weight: 3 },
  { name: 'sleep', fault: sleep, weight: 2 },
  { name: 'disk trouble', fault: diskTrouble, weight: 2 },
  { name: 'set clock', fault: setClock, weight: 2 },
  { name: 'burst', fault: burst, weight: 4 },
  { name: 'slow down', fault: slowDown, weight: 3 },
  { name: 'rewire', fault: rewire, weight: 3 },
  { name: 'import', fault: importSome, weight: 1 },
]
