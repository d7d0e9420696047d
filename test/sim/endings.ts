/** How a link ends, and what must be true then: everything is confirmed, or the application knows what is not. */
import type { Peer } from './peer.ts'
import { otherSide, SIDES, type Side } from './room.ts'
import type { World } from './world.ts'

export type Ending = (world: World) => void

/** Suspicion, the death of paths and the longest pause between relayed pings; then the time that a link may be stalled. */
const LOST_MS = 140_000
/** A goodbye waits two seconds for what it overtook. */
const BYE_MS = 4_000
/** As the real shell: what has been sent is given so long to be acknowledged. */
const FLUSH_MS = 500
const FLUSH_CHECK_MS = 10
/** Last words: a handful of them are on the way in much less than that, over any path here. */
const LAST_BYTES = 3_000
/** Nothing to say: pings, and nothing else. */
const IDLE_MS = 120_000
const IDLE_FRAMES = 100

/** Nobody posts any more: all is delivered, both sides know it, and then there is hardly any traffic. */
const quiet: Ending = (world) => {
  const [a, b] = world.peers
  world.isPosting = false
  const isQuiet = () => world.peers.every(({ link }) => link.isSettled && link.unconfirmed().length === 0)
  if (!world.until(isQuiet, restMs(world))) throw new Error('the links do not come to rest')
  for (const { application, link } of world.peers) {
    const { lastId, cancelledCount, deliveredCount, acceptedCount } = application
    const count = lastId - cancelledCount
    if (deliveredCount !== count || acceptedCount !== count) throw new Error('not all was accepted and confirmed')
    if (application.other.takenCount !== count) throw new Error('not all was taken')
    if (link.unacknowledgedBytes !== 0) throw new Error(`${link.unacknowledgedBytes} bytes are left`)
  }
  // What is still under way of the last resend arrives.
  world.pass(5_000)
  const before = world.peers.map(({ watch }) => [watch.dataFrames, watch.otherFrames] as const)
  world.pass(IDLE_MS)
  for (const side of SIDES) {
    const [data = 0, others = 0] = before[side] ?? []
    const { watch } = world.peers[side]
    if (watch.dataFrames > data) throw new Error('an idle link sends data')
    if (watch.otherFrames > others + IDLE_FRAMES)
      throw new Error(`an idle link sends ${watch.otherFrames - others} frames`)
  }
  checkLists(a, b)
}

/** One side says goodbye with messages on the way. */
const bye: Ending = (world) => {
  const leaving: Side = world.random.chance(0.5) ? 0 : 1
  const [peer, other] = [world.peers[leaving], world.peers[otherSide(leaving)]]
  // A path that is replaced takes the goodbye with it; then the room is who tells. What earlier faults have lost, and nobody
  // has missed yet, is no subject here either.
  world.isDirectPossible = false
  world.isPosting = false
  const isCalm = () => world.isDirectWhole() && peer.link.isSettled && other.link.isSettled
  if (!world.until(isCalm, restMs(world))) throw new Error('the links do not come to rest')
  for (const side of SIDES) {
    world.peers[side].event(() => {
      for (let i = world.random.below(10); i > 0; i--) world.peers[side].post(world.random.below(LAST_BYTES), 0)
    })
  }
  const lastId = peer.application.lastAcceptedId
  peer.event(() => peer.bye())
  const flush = (leftMs: number) => {
    if (peer.isOver) return
    if (leftMs <= 0 || peer.link.isSettled) peer.close()
    else world.agenda.after(FLUSH_CHECK_MS, () => peer.event(() => flush(leftMs - FLUSH_CHECK_MS)))
  }
  peer.event(() => flush(FLUSH_MS))
  if (!world.until(() => peer.isOver && other.isOver, BYE_MS)) throw new Error('a goodbye is not heard')
  if (other.ended !== 'left') throw new Error(`who was left thinks the peer was ${other.ended}`)
  if (!other.application.hasTakenUpTo(lastId)) throw new Error('a goodbye overtook messages')
  world.pass(BYE_MS)
  checkLists(...world.peers)
}

/** Every path is gone for good, with or without an event. */
const lost: Ending = (world) => {
  const { random, connection } = world
  world.isDirectPossible = false
  for (const side of SIDES) {
    if (random.chance(0.5)) connection?.blacken(side)
    else world.peers[side].event(() => connection?.close(side))
    if (random.chance(0.5)) world.dropSocket(side, 1e9)
    else world.peers[side].socket?.halfDie()
  }
  const lostMs = LOST_MS + world.traits.peers[0].stalledMs
  if (!world.until(() => world.peers.every(({ isOver }) => isOver), lostMs)) {
    throw new Error(`without any path the links do not end`)
  }
  for (const peer of world.peers) if (peer.ended !== 'lost') throw new Error(`a lost peer ${peer.ended}`)
  checkLists(...world.peers)
}

/** Until all that was posted is through, at a quarter of what the slower path carries. */
function restMs({ peers, traits }: World): number {
  const bytes = peers.reduce((sum, { link }) => sum + link.unacknowledgedBytes, 0)
  return 60_000 + (4 * bytes) / Math.min(traits.room.pipe.bytesPerMs, traits.connection.pipe.bytesPerMs)
}

/** The unconfirmed are exactly those that were not confirmed, and among them are all that were not handed over. */
export function checkLists(...peers: readonly Peer[]): void {
  for (const { application, link } of peers) {
    const expected = application.messages.filter(({ isDelivered, isCancelled }) => !isDelivered && !isCancelled)
    const named = link.unconfirmed()
    if (named.length !== expected.length || named.some((id, i) => id !== expected[i]?.id)) {
      throw new Error(`${named.length} messages are named as unconfirmed, and ${expected.length} are`)
    }
    const missing = application.messages.find(
      ({ id, isTaken, isCancelled }) => !isTaken && !isCancelled && !named.includes(id),
    )
    if (missing) throw new Error(`message ${missing.id} was not handed over, and nobody is told`)
  }
}

export const ENDINGS: readonly Ending[] = [quiet, bye, bye, lost]
