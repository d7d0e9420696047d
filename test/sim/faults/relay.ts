/** What befalls sockets, the room, and both paths at once. */
import { SIDES } from '../room.ts'
import { BACKSTOP_MS, type Fault, PROMPT_MS, RELAY_SILENCE_MS, someSide } from './harm.ts'

/** A socket closes, its owner knows it and opens another. */
export const dropSocket: Fault = (world, random) => {
  const side = someSide(random)
  const awayMs = random.magnitude(20, 3_000)
  world.dropSocket(side, awayMs)
  const { tellsJoins, noticeChance, noticeDelayMs } = world.traits.room
  // Where nobody tells, the one who comes back does. Only an old notice that it is away can come in between.
  const isOld = !tellsJoins && noticeChance > 0
  return { lastsMs: awayMs, settlesMs: PROMPT_MS + (isOld ? noticeDelayMs + 8_000 : 0) }
}

/** Nobody tells the other side that a socket was gone, or is there again: the peer itself has to. */
export const dropSocketUnnoticed: Fault = (world, random) => {
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
export const halfDeadSocket: Fault = (world, random) => {
  const side = someSide(random)
  const foundMs = random.magnitude(500, 12_000)
  const { socket } = world.peers[side]
  socket?.halfDie()
  world.agenda.after(foundMs, () => world.dropSocket(side, random.between(20, 500), socket))
  return { lastsMs: foundMs + 500, settlesMs: RELAY_SILENCE_MS }
}

/** The network below a socket comes back by itself: everything is late. */
export const lateSocket: Fault = (world, random) => {
  const side = someSide(random)
  const lastsMs = random.magnitude(100, 12_000)
  const { socket } = world.peers[side]
  socket?.halfDie()
  world.agenda.after(lastsMs, () => socket?.revive())
  return { lastsMs, settlesMs: RELAY_SILENCE_MS }
}

/** All sockets close, all in flight is lost; both sides learn it, each in its time, and come back. */
export const restartRoom: Fault = (world, random) => {
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
export const loseRelayed: Fault = (world) => {
  for (const side of SIDES) {
    world.peers[side].socket?.up.lose()
    world.room.socketOf(side)?.down.lose()
  }
  return { lastsMs: 0, settlesMs: BACKSTOP_MS }
}

/** The room drops bulk, and says so, perhaps. */
export const limitBulk: Fault = (world, random) => {
  const lastsMs = random.magnitude(100, 3_000)
  world.room.limit(someSide(random), lastsMs)
  return { lastsMs, settlesMs: BACKSTOP_MS }
}

/** The room says what is not so, or was so long ago. */
export const lie: Fault = (world, random) => {
  world.room.lie(someSide(random), random.pick(['away', 'joined', 'limited']))
  return { lastsMs: 0, settlesMs: BACKSTOP_MS }
}

/** No path at all for a while. */
export const outage: Fault = (world, random) => {
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
