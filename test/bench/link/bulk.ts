/** How much of a bare data channel's throughput a link leaves, in frames of the same size. */
import type { BenchOptions, Finding, Row } from '../report.ts'
import { quietRounds, watched, type Watched } from '../neighbours.ts'
import { median, spread } from '../stats.ts'
import { MAX_FRAME_BYTES, MAX_FRAME_PAYLOAD_BYTES } from '../../../protocol/limits.ts'
import { MAX_ROUNDS_FACTOR } from './rows.ts'
import { connected, DISTANCES_MS, SIDES, World, type DistanceMs, type Pair, type Side } from './world.ts'

const DEFAULT_ROUNDS = 30
/** About a second each without distance, and with it as long as a window opens. */
const FRAMES: Record<DistanceMs, number> = { 0: 512, 50: 128, 100: 96 }
/** 90 % of the throughput, said so that smaller is better. */
const TIME_BAR = 1 / 0.9

interface Sample extends Watched {
  readonly side: Side
  readonly distanceMs: DistanceMs
  readonly megabytesPerSecond: number
}

export async function bulk({ rounds = DEFAULT_ROUNDS }: BenchOptions): Promise<Finding> {
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
        const samples = new Map<Pair, Sample>()
        for (const side of round % 2 === 0 ? SIDES : SIDES.toReversed()) {
          const [near, ...far] = pairs.filter((pair) => pair.side === side)
          if (near) samples.set(near, await watched(() => measure(near)))
          // The others wait for their windows more than for the processor: at the same time, on both sides alike.
          await Promise.all(far.map(async (pair) => samples.set(pair, await watched(() => measure(pair)))))
        }
        return pairs.flatMap((pair) => samples.get(pair) ?? [])
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
  // Ours has its header inside the frame: the same frames on the wire, fewer bytes of the application's in each.
  const messageBytes = side === 'ours' ? MAX_FRAME_PAYLOAD_BYTES : MAX_FRAME_BYTES
  const bytes = FRAMES[distanceMs] * messageBytes
  const elapsedMs = await joiner.bulk(bytes, messageBytes)
  return { side, distanceMs, megabytesPerSecond: bytes / 1_000 / elapsedMs }
}

function finding(samples: readonly Sample[], roundsNote: string): Finding {
  const of = (side: Side, distanceMs: DistanceMs) =>
    samples.filter((one) => one.side === side && one.distanceMs === distanceMs).map((one) => one.megabytesPerSecond)
  const rows = DISTANCES_MS.map((distanceMs): Row => {
    const [ours, bare] = [of('ours', distanceMs), of('bare', distanceMs)]
    return {
      what: `bulk one way, ${distanceMs} ms away, MB/s (bar: time of the same bytes)`,
      ours: spread(ours),
      control: spread(bare),
      value: median(bare) / median(ours),
      unit: ' ×',
      // Every distance: a throughput's ratio means as much without one.
      bar: Number(TIME_BAR.toFixed(3)),
    }
  })
  const notes = [
    roundsNote,
    `${FRAMES[0]} frames of 16 KiB a transfer (${FRAMES[50]} and ${FRAMES[100]} with distance), from the first to the receiver’s word that it has all, on standing paths, sides in turns, the two with distance at the same time. 90 % of the control’s throughput is ${TIME_BAR.toFixed(3)} times its time.`,
    'Ours: messages of 16,368 bytes, one frame each, sent as fast as `send()` lets one. Control: messages of 16,384 bytes on a bare channel, at most 64 KiB queued. Without distance no wire between the peers.',
  ]
  return { title: 'Bulk', rows, notes, samples }
}
