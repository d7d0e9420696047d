/** What a link adds to a small message: round trips over our direct path and over a bare data channel, in turns. */
import type { BenchOptions, Finding, Row } from '../report.ts'
import { quietRounds, watched, type Watched } from '../neighbours.ts'
import { median } from '../stats.ts'
import { tail, MAX_ROUNDS_FACTOR } from './rows.ts'
import { connected, DISTANCES_MS, SIDES, World, type DistanceMs, type Pair, type Side } from './world.ts'

const DEFAULT_ROUNDS = 30
/** Without distance one after the other; with it every few ms, since a round trip is mostly waiting. */
const PINGS = 60
const PING_EVERY_MS = 7
/** More on the median than this would be felt by nobody, and is what a layer may cost. */
const ADDED_BAR_MS = 0.2

interface Sample extends Watched {
  readonly side: Side
  readonly distanceMs: DistanceMs
  readonly roundTripsMs: readonly number[]
}

export async function latency({ rounds = DEFAULT_ROUNDS }: BenchOptions): Promise<Finding> {
  const world = await World.open()
  try {
    const pairs: Pair[] = []
    for (const distanceMs of DISTANCES_MS) {
      for (const side of SIDES) pairs.push(await world.pair(side, distanceMs, { wired: distanceMs > 0 }))
    }
    await Promise.all(pairs.map((pair) => connected(pair)))
    const measured = await quietRounds(
      rounds,
      async (round) => {
        const samples: Sample[] = []
        for (const distanceMs of DISTANCES_MS) {
          const both = pairs.filter((pair) => pair.distanceMs === distanceMs)
          const measureOf = (pair: Pair) => watched(() => measure(pair))
          const inTurns = round % 2 === 0 ? both : both.toReversed()
          // Without distance they would disturb each other; with it they share the wire's timers.
          const found = distanceMs === 0 ? await series(inTurns, measureOf) : await Promise.all(inTurns.map(measureOf))
          samples.push(...SIDES.flatMap((side) => found.filter((sample) => sample.side === side)))
        }
        return samples
      },
      MAX_ROUNDS_FACTOR,
    )
    await Promise.all(pairs.map((pair) => pair.end()))
    return finding(measured.samples, measured.note)
  } finally {
    await world.close()
  }
}

async function measure({ side, distanceMs, joiner }: Pair): Promise<Omit<Sample, keyof Watched>> {
  const roundTripsMs = await joiner.ping(PINGS, distanceMs === 0 ? 0 : PING_EVERY_MS, 'direct')
  return { side, distanceMs, roundTripsMs }
}

async function series<T, R>(items: readonly T[], act: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const item of items) results.push(await act(item))
  return results
}

function finding(samples: readonly Sample[], roundsNote: string): Finding {
  const of = (side: Side, distanceMs: DistanceMs) =>
    samples.filter((one) => one.side === side && one.distanceMs === distanceMs).flatMap((one) => one.roundTripsMs)
  const rows = DISTANCES_MS.map((distanceMs): Row => {
    const [ours, bare] = [of('ours', distanceMs), of('bare', distanceMs)]
    return {
      what: `round trip of a small message, ${distanceMs} ms away, ms`,
      ours: tail(ours),
      control: tail(bare),
      value: median(ours) - median(bare),
      bar: ADDED_BAR_MS,
      unit: ' ms more',
    }
  })
  const notes = [
    roundsNote,
    `${PINGS} round trips a round and side over a standing direct path, answered by the other page at once; medians compared. Control: a bare, reliable, ordered data channel between two pages like ours.`,
    `Without distance: no wire between the peers, one round trip after the other. With it: one every ${PING_EVERY_MS} ms, both sides at the same time; the wire’s timers are whole milliseconds.`,
    'Pages are cross-origin isolated, so their clocks count 5 µs.',
  ]
  return { title: 'Added latency', rows, notes, samples }
}
