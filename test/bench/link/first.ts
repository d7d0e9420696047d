/**
 * How soon two peers that see each other can talk, and how soon directly. Page A sits in the room, page B joins; beside
 * it a raw member of a room of the same Worker, which sends an unsealed envelope and signals a bare connection.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { quietRounds, watched, type Watched } from '../neighbours.ts'
import type { BenchOptions, Finding } from '../report.ts'
import { comparedRows, MAX_ROUNDS_FACTOR } from './rows.ts'
import type { Mark } from './pages/lane.ts'
import { DISTANCES_MS, SIDES, World, type DistanceMs, type Side } from './world.ts'

const DEFAULT_ROUNDS = 30
/** New pages this often, far below the limit of connections in a page. */
const ROUNDS_PER_PAGE = 15

interface Sample extends Watched {
  readonly side: Side
  readonly distanceMs: DistanceMs
  /** Both ways: from `announced` at the sender to `message` at the receiver. */
  readonly firstMs: readonly number[]
  /** The same from the room's word that the other is there, before any code has looked at it. */
  readonly firstFromWordMs: readonly number[]
  /** From the joiner's `announced` until both can send over the direct path. */
  readonly directMs: number
  readonly directFromJoinMs: number
  readonly member: readonly Mark[]
  readonly joiner: readonly Mark[]
}

export async function first({ rounds = DEFAULT_ROUNDS }: BenchOptions): Promise<Finding> {
  const world = await World.open()
  const cases = DISTANCES_MS.flatMap((distanceMs) => SIDES.map((side) => ({ side, distanceMs })))
  try {
    const measured = await quietRounds(
      rounds,
      async (round) => {
        if (round > 0 && round % ROUNDS_PER_PAGE === 0) await world.refresh()
        const samples = new Map<string, Sample>()
        for (const i of cases.keys()) {
          const { side, distanceMs } = cases[(i + round) % cases.length] ?? { side: 'ours', distanceMs: 0 }
          samples.set(`${side} ${distanceMs}`, await watched(() => measure(world, side, distanceMs, round)))
        }
        // In the order of the cases, whatever the order of the round.
        return cases.flatMap(({ side, distanceMs }) => samples.get(`${side} ${distanceMs}`) ?? [])
      },
      MAX_ROUNDS_FACTOR,
    )
    return finding(measured.samples, measured.note, world.browserVersion)
  } finally {
    await world.close()
  }
}

async function measure(
  world: World,
  side: Side,
  distanceMs: DistanceMs,
  round: number,
): Promise<Omit<Sample, keyof Watched>> {
  const pair = await world.pair(side, distanceMs)
  const { member: a, joiner: b } = pair
  try {
    await a.join()
    await a.reached('in-room')
    // Time to prepare what a waiting peer prepares; spread, so that nothing periodic falls in step with the rounds.
    await sleep(150 + ((round * 67) % 200))
    await b.join()
    const direct = Math.max(...(await Promise.all([a.reached('direct'), b.reached('direct')])))
    const [message, told, seen] = await Promise.all(
      ['message', 'told', 'seen'].map((step) => Promise.all([a.reached(step), b.reached(step)])),
    )
    const joinMs = await b.reached('join')
    const [member, joiner] = await Promise.all([a.read(), b.read()])
    const since = (marks: readonly Mark[]) => marks.map(({ step, atMs }) => ({ step, atMs: atMs - joinMs }))
    const bothWays = (from: readonly number[] = []) => [
      (message?.[1] ?? Number.NaN) - (from[0] ?? Number.NaN),
      (message?.[0] ?? Number.NaN) - (from[1] ?? Number.NaN),
    ]
    return {
      side,
      distanceMs,
      firstMs: bothWays(seen),
      firstFromWordMs: bothWays(told),
      directMs: direct - (seen?.[1] ?? Number.NaN),
      directFromJoinMs: direct - joinMs,
      member: since(member.marks),
      joiner: since(joiner.marks),
    }
  } finally {
    await pair.end()
  }
}

function finding(samples: readonly Sample[], roundsNote: string, browserVersion: string): Finding {
  const of =
    (key: 'firstMs' | 'firstFromWordMs' | 'directMs' | 'directFromJoinMs') => (side: Side, distanceMs: DistanceMs) =>
      samples.filter((one) => one.side === side && one.distanceMs === distanceMs).flatMap((one) => one[key])
  const rows = [
    ...comparedRows('first message after peers see each other', of('firstMs'), 1.2),
    ...comparedRows('first message after the room’s word', of('firstFromWordMs')),
    ...comparedRows('direct after peers see each other', of('directMs'), 1.15),
    ...comparedRows('direct after join()', of('directFromJoinMs')),
  ]
  const notes = [
    roundsNote,
    `Chromium ${browserVersion}, foreground pages, sides and distances in turns, new peers and rooms each time, pages used for ${ROUNDS_PER_PAGE} rounds. Cells: median, p95; ratios of medians.`,
    'Distance: round trip to the room (so a relayed message takes one such time one way) and between the peers. Both pass through user-space proxies, for both sides alike; addresses instead of mDNS names, host candidates of one IPv4 interface only, no ICE servers.',
    'Control of the first message: a plain WebSocket, member of a real room of the same Worker, sends an envelope as long as a sealed one, unsealed, when the room tells of the other; ours sends on `announced`. Both ways count.',
    'Control of direct: a bare RTCPeerConnection, signalled by that WebSocket, offered on the room’s word, candidates trickled, its channel open on both sides. Ours: the `path` event on both sides, that is after BIND and its answer.',
    'The room’s word: when the WebSocket message with the other’s announcement is in the page, before any code looks at it; so checking signatures and deriving keys count here.',
  ]
  return { title: 'First message and direct path', rows, notes, samples }
}
