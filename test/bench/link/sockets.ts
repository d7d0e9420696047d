/**
 * How long messages stand still when the way to the room breaks and the relay is the only path: one peer's socket is
 * killed, or the room is redeployed, which cuts all its sockets. Beside it, raw members of a room that reconnect at once.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { watched } from '../neighbours.ts'
import type { BenchOptions, Finding } from '../report.ts'
import { boundedRows } from './rows.ts'
import { DISTANCES_MS, SIDES, World, type DistanceMs, type Pair, type Side } from './world.ts'

const DEFAULT_ROUNDS = 30
const PAIRS = 2
/** One trouble at a time: dropping a room's memory holds up all of a workerd for some 40 ms. */
const STAGGER_MS = 120
const MESSAGE_EVERY_MS = 25
/** From one trouble to the next; silence longer than this counts as this long. */
const SETTLE_MS = 2_500
/** What breaks, in turns. */
const TROUBLES = ['socket killed', 'room redeployed'] as const
type Trouble = (typeof TROUBLES)[number]

interface Sample {
  readonly side: Side
  readonly distanceMs: DistanceMs
  readonly trouble: Trouble
  readonly silenceMs: number
}

export async function sockets({ rounds = DEFAULT_ROUNDS }: BenchOptions): Promise<Finding> {
  const world = await World.open()
  const times = Math.ceil(rounds / PAIRS)
  const turns = new Turns()
  try {
    await firstEviction(world)
    const lives: Promise<Sample[]>[] = []
    const { neighbourCores } = await watched(async () => {
      for (let i = 0; i < PAIRS; i++) {
        for (const distanceMs of DISTANCES_MS) {
          for (const side of SIDES) {
            lives.push(live(world, turns, side, distanceMs, times))
            await sleep(STAGGER_MS)
          }
        }
      }
      await Promise.all(lives)
      return {}
    })
    return finding((await Promise.all(lives)).flat(), neighbourCores)
  } finally {
    await world.close()
  }
}

async function live(world: World, turns: Turns, side: Side, distanceMs: DistanceMs, times: number): Promise<Sample[]> {
  const pair = await world.pair(side, distanceMs, { direct: false })
  const samples: Sample[] = []
  try {
    const ends = [pair.member, pair.joiner]
    await pair.member.join()
    await pair.member.reached('in-room')
    await pair.joiner.join()
    await Promise.all(ends.map((end) => end.reached('message')))
    await Promise.all(ends.map((end) => end.stream(MESSAGE_EVERY_MS, 'relay')))
    await sleep(SETTLE_MS)
    for (let i = 0; i < times; i++) {
      for (const trouble of TROUBLES) {
        await turns.next()
        const fromMs = performance.timeOrigin + performance.now()
        await make(world, trouble, pair, i)
        await sleep(SETTLE_MS)
        samples.push({ side, distanceMs, trouble, silenceMs: await silenceSince(pair, fromMs) })
      }
    }
    return samples
  } finally {
    await pair.end()
  }
}

/** One after the other. */
class Turns {
  #last: Promise<unknown> = Promise.resolve()

  next(): Promise<unknown> {
    const turn = this.#last
    this.#last = turn.then(() => sleep(STAGGER_MS))
    return turn
  }
}

/** The first eviction of a workerd holds it up for a second; that is the tool's, and not what is measured. */
async function firstEviction(world: World): Promise<void> {
  const pair = await world.pair('bare', 0, { direct: false })
  await pair.member.join()
  await pair.member.reached('in-room')
  await world.service.evict(pair.room, 'close')
  await pair.end()
}

async function make(world: World, trouble: Trouble, pair: Pair, turn: number): Promise<void> {
  if (trouble === 'room redeployed') await world.service.evict(pair.room, 'close')
  else if (turn % 2 === 0) pair.joinerToRoom.cut()
  else pair.memberToRoom.cut()
}

/** The longest time without an arrival, at the end that waited longer. */
async function silenceSince({ member, joiner }: Pair, fromMs: number): Promise<number> {
  const ends = await Promise.all([member.read(), joiner.read()])
  const untilMs = fromMs + SETTLE_MS
  const silences = ends.map(({ arrivals }) => {
    const times = [fromMs, ...arrivals.filter((atMs) => atMs > fromMs && atMs < untilMs), untilMs]
    return Math.max(...times.map((atMs, i) => atMs - (times[i - 1] ?? atMs)))
  })
  return Math.max(...silences)
}

function finding(samples: readonly Sample[], neighbourCores: number): Finding {
  const of = (trouble: Trouble) => (side: Side, distanceMs: DistanceMs) =>
    samples
      .filter((one) => one.side === side && one.distanceMs === distanceMs && one.trouble === trouble)
      .map((one) => one.silenceMs)
  const rows = TROUBLES.flatMap((trouble) => boundedRows(`${trouble}, silence`, of(trouble), () => 1_000, 0.95))
  const count = of('socket killed')('ours', 0).length
  const notes = [
    `${count} of each kind per side and distance, ${PAIRS} pairs of each at a time. Neighbours used ${neighbourCores.toFixed(2)} cores meanwhile. Cells: median, p95.`,
    `Relay only, a message every ${MESSAGE_EVERY_MS} ms both ways; silence is the longest time between two arrivals, at whichever end waited longer. Ours loses nothing, and what was under way is repeated; the control loses it.`,
    'Socket killed: the proxy in front of one peer ends its TCP connection, in turns the one’s and the other’s. Redeployed: the room’s memory is dropped and all its sockets are cut with 1006, as a deploy does.',
    'Control: raw members that open a new socket the moment the old one closes, with a ticket signed beforehand, without jitter. TCP and upgrade alone cost two to three times the distance.',
  ]
  return { title: 'The way to the room breaks', rows, notes, samples }
}
