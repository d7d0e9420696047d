/** What befalls applications and event loops. */
import type { Manner } from '../application.ts'
import { otherSide } from '../room.ts'
import { acknowledgedMs, BACKSTOP_MS, type Fault, PROMPT_MS, RELAY_SILENCE_MS, someSide } from './harm.ts'

export const standStill: Fault = (world, random) => {
  const lastsMs = random.magnitude(100, 15_000)
  const sides = random.pick([[0], [1], [0, 1]] as const)
  for (const side of sides) world.peers[side].loop.standStill(lastsMs)
  return { lastsMs, settlesMs: RELAY_SILENCE_MS }
}

/** The application reads in another manner, and then as before. */
export const changeManner: Fault = (world, random) => {
  const peer = world.peers[someSide(random)]
  const manner = random.pick<Manner>(['absent', 'slow', 'pulling'])
  const lastsMs = random.magnitude(50, 6_000)
  peer.event(() => peer.setManner(manner))
  world.agenda.after(lastsMs, () => peer.event(() => !peer.isOver && peer.setManner('eager')))
  return { lastsMs, settlesMs: acknowledgedMs(world) }
}

/** Something may have changed, says the runtime. */
export const nudge: Fault = (world, random) => {
  const peer = world.peers[someSide(random)]
  peer.event(() => !peer.isOver && peer.link.nudge(peer.nowMs))
  return { lastsMs: 0, settlesMs: PROMPT_MS }
}

/** A flood from one side, which fills window, credit and paths. */
export const flood: Fault = (world, random) => {
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
export const overfill: Fault = (world, random) => {
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
export const takeSlots: Fault = (world, random) => {
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
