/**
 * What goes wrong. Each fault does its harm and plans its own end; it tells after how long everything is whole again,
 * and within which time afterwards all messages must be through if nothing else has gone wrong.
 */
import type { Manner } from './application.ts'
import type { Random } from './random.ts'
import { otherSide, SIDES, type Side } from './room.ts'
import type { World } from './world.ts'

export interface Harm {
  /** When it is over, from now. */
  readonly lastsMs: number
  /** From then on: until all that was posted before is through, if this was the only fault. */
  readonly settlesMs: number
  /** From then on: until both sides send over the direct path again; without it, long enough for another attempt. */
  readonly regainsMs?: number
  /** When all is through: what else must be true, if this was the only fault. */
  readonly check?: (isAlone: boolean) => void
}

export type Fault = (world: World, random: Random) => Harm

/** Told at once, a link sends its tail at once: less than the second after which the back-stop would do it anyway. */
const PROMPT_MS = 900
/** Nobody tells: suspicion takes 750 ms or four round trips, and then the tail goes out. */
const SUSPICION_MS = 2_500
/** Only the back-stop can help: one to eight seconds apart, and once more when its own frames are lost. */
const BACKSTOP_MS = 20_000
/** A relay that answers nothing is believed for ten seconds; then it is asked again at up to eight seconds' distance. */
const RELAY_SILENCE_MS = 32_000

/** A ping each 250 ms, and its answer. */
const BLINK_MS = 1_500
/** Each side down once, up once when it is over, and once in vain. */
const MAX_HALF_OPEN_MOVES = 8

/** News of room that has become free: at once, unless it is lost. */
const acknowledgedMs = ({ traits }: World): number => (traits.connection.probeLoss > 0 ? BACKSTOP_MS : PROMPT_MS)

const someSide = (random: Random): Side => random.pick(SIDES)

/** An engine or a side closes the connection, and knows it. */
const closeConnection: Fault = (world, random) => {
  const side = someSide(random)
  world.peers[side].event(() => world.peers[side].connection?.close(side))
  return { lastsMs: 0, settlesMs: PROMPT_MS }
}

/** Both ends die at once. */
const closeBothEnds: Fault = (world) => {
  const { connection } = world
  for (const side of SIDES) world.peers[side].event(() => connection?.close(side))
  return { lastsMs: 0, settlesMs: PROMPT_MS }
}

/** The next connection dies as well, as soon as it is open at one side. */
const flap: Fault = (world, random) => {
  const count = 1 + random.below(4)
  const stepMs = world.traits.attemptMs * random.between(0.5, 2)
  for (let i = 0; i < count; i++) {
    world.agenda.after(i * stepMs, () => {
      const side = someSide(random)
      world.peers[side].event(() => world.peers[side].connection?.close(side))
    })
  }
  return { lastsMs: count * stepMs, settlesMs: PROMPT_MS + 1_000 }
}

/** A fresh attempt takes the place of an open connection. */
const replace: Fault = (world) => {
  world.connect()
  return { lastsMs: 0, settlesMs: PROMPT_MS }
}

/** The cable: nothing arrives, nobody is told, and nothing ever comes back on this connection. */
const cutForEver: Fault = (world, random) => {
  const { connection } = world
  const sides = random.pick([[0], [1], [0, 1], [0, 1]] as const)
  for (const side of sides) connection?.blacken(side)
  // An engine notices after half a minute, if it did not do so before.
  world.agenda.after(30_000, () => {
    for (const side of SIDES) world.peers[side].event(() => connection?.close(side))
  })
  return { lastsMs: 0, settlesMs: sides.length === 2 ? SUSPICION_MS : 2 * SUSPICION_MS }
}

/** Nothing arrives for a while; then the same connection goes on. */
const cutForAWhile: Fault = (world, random) => {
  const { connection } = world
  const sides = random.pick([[0], [1], [0, 1]] as const)
  const lastsMs = random.magnitude(50, 8_000)
  const backOffMs = random.between(0, 3_000)
  for (const side of sides) connection?.blacken(side)
  world.agenda.after(lastsMs, () => {
    for (const side of SIDES) connection?.clear(side, backOffMs)
  })
  return { lastsMs, settlesMs: 2 * SUSPICION_MS + backOffMs }
}

/** The direct path is gone for a second or so and recovers: it is used again at once, and without another attempt. */
const blink: Fault = (world, random) => {
  const { connection } = world
  const lastsMs = random.between(200, 1_500)
  world.isDirectPossible = false
  for (const side of SIDES) connection?.blacken(side)
  world.agenda.after(lastsMs, () => {
    for (const side of SIDES) connection?.clear(side, 0)
  })
  const check = () => {
    world.isDirectPossible = true
    world.seekDirect()
  }
  return { lastsMs, settlesMs: SUSPICION_MS, regainsMs: BLINK_MS, check }
}

/** One side is not heard, and hears: it must not take what it hears for an answer, and go back and forth. */
const halfOpen: Fault = (world, random) => {
  const { connection } = world
  const side = someSide(random)
  const lastsMs = random.between(2_000, 10_000)
  const movesBefore = world.moves
  world.isDirectPossible = false
  connection?.blacken(side)
  world.agenda.after(lastsMs, () => connection?.clear(side, 0))
  const check = (isAlone: boolean) => {
    const moves = world.moves - movesBefore
    world.isDirectPossible = true
    world.seekDirect()
    if (isAlone && moves > MAX_HALF_OPEN_MOVES)
      throw new Error(`${moves} moves on a path that is open in one direction`)
  }
  return { lastsMs, settlesMs: 2 * SUSPICION_MS, check }
}

/** Acknowledgements, pings and pongs are lost, data is not. */
const loseProbes: Fault = (world, random) => {
  const { connection } = world
  const sides = random.pick([[0], [1], [0, 1]] as const)
  const lastsMs = random.magnitude(100, 6_000)
  for (const side of sides) connection?.loseProbes(side, random.pick([0.5, 1]))
  world.agenda.after(lastsMs, () => {
    for (const side of SIDES) connection?.restoreProbes(side)
  })
  return { lastsMs, settlesMs: BACKSTOP_MS }
}

/** A socket closes, its owner knows it and opens another. */
const dropSocket: Fault = (world, random) => {
  const side = someSide(random)
  const awayMs = random.magnitude(20, 3_000)
  world.dropSocket(side, awayMs)
  const { tellsJoins, noticeChance, noticeDelayMs } = world.traits.room
  // Where nobody tells, the one who comes back does. Only an old notice that it is away can come in between.
  const isOld = !tellsJoins && noticeChance > 0
  return { lastsMs: awayMs, settlesMs: PROMPT_MS + (isOld ? noticeDelayMs + 8_000 : 0) }
}

/** Nobody tells the other side that a socket was gone, or is there again: the peer itself has to. */
const dropSocketUnnoticed: Fault = (world, random) => {
  const side = someSide(random)
  const awayMs = random.magnitude(20, 900)
  world.room.isSilent = true
  world.dropSocket(side, awayMs)
  const check = () => {
    world.room.isSilent = false
  }
  return { lastsMs: awayMs, settlesMs: PROMPT_MS, check }
}

/** A socket that carries nothing and says nothing, until its owner's own pings find out. */
const halfDeadSocket: Fault = (world, random) => {
  const side = someSide(random)
  const foundMs = random.magnitude(500, 12_000)
  const { socket } = world.peers[side]
  socket?.halfDie()
  world.agenda.after(foundMs, () => world.dropSocket(side, random.between(20, 500), socket))
  return { lastsMs: foundMs + 500, settlesMs: RELAY_SILENCE_MS }
}

/** The network below a socket comes back by itself: everything is late. */
const lateSocket: Fault = (world, random) => {
  const side = someSide(random)
  const lastsMs = random.magnitude(100, 12_000)
  const { socket } = world.peers[side]
  socket?.halfDie()
  world.agenda.after(lastsMs, () => socket?.revive())
  return { lastsMs, settlesMs: RELAY_SILENCE_MS }
}

/** All sockets close, all in flight is lost; both sides learn it, each in its time, and come back. */
const restartRoom: Fault = (world, random) => {
  const sockets = SIDES.map((side) => world.peers[side].socket)
  world.room.restart()
  let lastsMs = 0
  for (const side of SIDES) {
    const toldMs = random.pick([0, random.between(0, 100), random.between(0, 2_000)])
    const awayMs = random.magnitude(20, 3_000)
    world.agenda.after(toldMs, () => world.dropSocket(side, awayMs, sockets[side]))
    lastsMs = Math.max(lastsMs, toldMs + awayMs)
  }
  return { lastsMs, settlesMs: RELAY_SILENCE_MS }
}

/** What is under way through the room is lost, without a word. */
const loseRelayed: Fault = (world) => {
  for (const side of SIDES) {
    world.peers[side].socket?.up.lose()
    world.room.socketOf(side)?.down.lose()
  }
  return { lastsMs: 0, settlesMs: BACKSTOP_MS }
}

/** The room drops bulk, and says so, perhaps. */
const limitBulk: Fault = (world, random) => {
  const lastsMs = random.magnitude(100, 3_000)
  world.room.limit(someSide(random), lastsMs)
  return { lastsMs, settlesMs: BACKSTOP_MS }
}

/** The room says what is not so, or was so long ago. */
const lie: Fault = (world, random) => {
  world.room.lie(someSide(random), random.pick(['away', 'joined', 'limited']))
  return { lastsMs: 0, settlesMs: BACKSTOP_MS }
}

const standStill: Fault = (world, random) => {
  const lastsMs = random.magnitude(100, 15_000)
  const sides = random.pick([[0], [1], [0, 1]] as const)
  for (const side of sides) world.peers[side].standStill(lastsMs)
  return { lastsMs, settlesMs: RELAY_SILENCE_MS }
}

/** No path at all for a while. */
const outage: Fault = (world, random) => {
  const lastsMs = random.magnitude(200, 25_000)
  world.isDirectPossible = false
  const { connection } = world
  for (const side of SIDES) {
    if (random.chance(0.5)) connection?.blacken(side)
    else world.peers[side].event(() => connection?.close(side))
    if (random.chance(0.7)) world.dropSocket(side, lastsMs + random.between(0, 300))
    else {
      const { socket } = world.peers[side]
      socket?.halfDie()
      world.agenda.after(lastsMs, () => world.dropSocket(side, random.between(0, 300), socket))
    }
  }
  world.agenda.after(lastsMs, () => {
    world.isDirectPossible = true
    for (const side of SIDES) connection?.clear(side, random.between(0, 3_000))
  })
  return { lastsMs: lastsMs + 300, settlesMs: RELAY_SILENCE_MS }
}

/** The application reads in another manner, and then as before. */
const changeManner: Fault = (world, random) => {
  const peer = world.peers[someSide(random)]
  const manner = random.pick<Manner>(['absent', 'slow', 'pulling'])
  const lastsMs = random.magnitude(50, 6_000)
  peer.event(() => peer.setManner(manner))
  world.agenda.after(lastsMs, () => peer.event(() => !peer.isOver && peer.setManner('eager')))
  return { lastsMs, settlesMs: acknowledgedMs(world) }
}

/** Something may have changed, says the runtime. */
const nudge: Fault = (world, random) => {
  const peer = world.peers[someSide(random)]
  peer.event(() => !peer.isOver && peer.link.nudge(peer.nowMs))
  return { lastsMs: 0, settlesMs: PROMPT_MS }
}

/** A flood from one side, which fills window, credit and paths. */
const flood: Fault = (world, random) => {
  const peer = world.peers[someSide(random)]
  const bytes = Math.floor(random.magnitude(20_000, world.hasBigMessages ? 5_000_000 : 400_000))
  peer.event(() => {
    for (let left = bytes; left > 0 && !peer.isOver;) {
      const size = Math.min(left, Math.floor(random.magnitude(100, bytes)))
      peer.post(size, 0)
      left -= size
    }
  })
  return { lastsMs: 0, settlesMs: BACKSTOP_MS }
}

/** More than the link may hold, for an application that takes nothing for a while. */
const overfill: Fault = (world, random) => {
  const side = someSide(random)
  const [peer, other] = [world.peers[side], world.peers[otherSide(side)]]
  const lastsMs = random.between(500, 5_000)
  other.event(() => other.setManner('absent'))
  peer.event(() => {
    for (let i = 0; i < 30; i++) peer.post(random.below(150_000), 0)
  })
  world.agenda.after(lastsMs, () => other.event(() => !other.isOver && other.setManner('eager')))
  return { lastsMs, settlesMs: acknowledgedMs(world) }
}

/** Other peers send big messages to the same side, so that one of ours has to wait for its place. */
const takeSlots: Fault = (world, random) => {
  const side = someSide(random)
  const { slots } = world.peers[side]
  const lastsMs = random.between(500, 10_000)
  const others = Array.from({ length: 4 }, () => ({ granted: () => {} }))
  for (const other of others) slots.request(other)
  if (world.hasBigMessages) {
    const peer = world.peers[otherSide(side)]
    peer.event(() => peer.post(1_500_000 + random.below(3_000_000), 0))
  }
  world.agenda.after(lastsMs, () => world.peers[side].event(() => others.forEach((other) => slots.release(other))))
  return { lastsMs, settlesMs: acknowledgedMs(world) }
}

export interface NamedFault {
  readonly name: string
  readonly fault: Fault
  /** How often it comes, beside the others. */
  readonly weight: number
}

/** What may happen while there is no direct path and can be none. */
export const RELAY_FAULTS: readonly NamedFault[] = [
  { name: 'drop socket', fault: dropSocket, weight: 8 },
  { name: 'drop socket unnoticed', fault: dropSocketUnnoticed, weight: 8 },
  { name: 'half-dead socket', fault: halfDeadSocket, weight: 2 },
  { name: 'late socket', fault: lateSocket, weight: 2 },
  { name: 'restart room', fault: restartRoom, weight: 4 },
  { name: 'lose relayed', fault: loseRelayed, weight: 4 },
  { name: 'limit bulk', fault: limitBulk, weight: 2 },
  { name: 'lie', fault: lie, weight: 4 },
  { name: 'stand still', fault: standStill, weight: 1 },
  { name: 'change manner', fault: changeManner, weight: 2 },
  { name: 'flood', fault: flood, weight: 2 },
]

export const FAULTS: readonly NamedFault[] = [
  { name: 'close connection', fault: closeConnection, weight: 40 },
  { name: 'close both ends', fault: closeBothEnds, weight: 16 },
  { name: 'flap', fault: flap, weight: 16 },
  { name: 'replace', fault: replace, weight: 6 },
  { name: 'cut for ever', fault: cutForEver, weight: 6 },
  { name: 'cut for a while', fault: cutForAWhile, weight: 8 },
  { name: 'blink', fault: blink, weight: 4 },
  { name: 'half open', fault: halfOpen, weight: 3 },
  { name: 'lose probes', fault: loseProbes, weight: 3 },
  { name: 'drop socket', fault: dropSocket, weight: 4 },
  { name: 'half-dead socket', fault: halfDeadSocket, weight: 2 },
  { name: 'late socket', fault: lateSocket, weight: 2 },
  { name: 'restart room', fault: restartRoom, weight: 3 },
  { name: 'lose relayed', fault: loseRelayed, weight: 4 },
  { name: 'limit bulk', fault: limitBulk, weight: 2 },
  { name: 'lie', fault: lie, weight: 3 },
  { name: 'stand still', fault: standStill, weight: 3 },
  { name: 'outage', fault: outage, weight: 2 },
  { name: 'change manner', fault: changeManner, weight: 6 },
  { name: 'nudge', fault: nudge, weight: 3 },
  { name: 'flood', fault: flood, weight: 3 },
  { name: 'overfill', fault: overfill, weight: 2 },
  { name: 'take slots', fault: takeSlots, weight: 1 },
]
