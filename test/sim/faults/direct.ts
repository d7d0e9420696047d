/** What befalls the direct path. */
import { SIDES } from '../room.ts'
import { BACKSTOP_MS, type Fault, PROMPT_MS, someSide, SUSPICION_MS } from './harm.ts'

/** A ping each 250 ms, and its answer. */
const BLINK_MS = 1_500
/** Each side down once, up once when it is over, and once in vain. */
const MAX_HALF_OPEN_MOVES = 8

/** An engine or a side closes the connection, and knows it. */
export const closeConnection: Fault = (world, random) => {
  const side = someSide(random)
  world.peers[side].event(() => world.peers[side].connection?.close(side))
  return { lastsMs: 0, settlesMs: PROMPT_MS }
}

/** Both ends die at once. */
export const closeBothEnds: Fault = (world) => {
  const { connection } = world
  for (const side of SIDES) world.peers[side].event(() => connection?.close(side))
  return { lastsMs: 0, settlesMs: PROMPT_MS }
}

/** The next connection dies as well, as soon as it is open at one side. */
export const flap: Fault = (world, random) => {
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
export const replace: Fault = (world) => {
  world.connect()
  return { lastsMs: 0, settlesMs: PROMPT_MS }
}

/** The cable: nothing arrives, nobody is told, and nothing ever comes back on this connection. */
export const cutForEver: Fault = (world, random) => {
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
export const cutForAWhile: Fault = (world, random) => {
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
export const blink: Fault = (world, random) => {
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
export const halfOpen: Fault = (world, random) => {
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
export const loseProbes: Fault = (world, random) => {
  const { connection } = world
  const sides = random.pick([[0], [1], [0, 1]] as const)
  const lastsMs = random.magnitude(100, 6_000)
  for (const side of sides) connection?.loseProbes(side, random.pick([0.5, 1]))
  world.agenda.after(lastsMs, () => {
    for (const side of SIDES) connection?.restoreProbes(side)
  })
  return { lastsMs, settlesMs: BACKSTOP_MS }
}
