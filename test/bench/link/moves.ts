/**
 * What applications notice when a link changes its path: the longest silence in a steady stream of messages when the
 * direct path comes up, when it is cut without a word, and when it is back. Beside each link stands a bare connection
 * with the same stream that is cut and restored alike, and replaced by a fresh one at the moment of restoration.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { watched } from '../neighbours.ts'
import type { BenchOptions, Finding } from '../report.ts'
import { median } from '../stats.ts'
import { boundedRows, comparedRows, tail } from './rows.ts'
import type { Mark } from './pages/lane.ts'
import { DISTANCES_MS, SIDES, World, type DistanceMs, type Pair, type Side } from './world.ts'

const DEFAULT_ROUNDS = 10
/** So many pairs of a kind live at a time: an outage is mostly waiting. */
const PAIRS_AT_A_TIME = 5
const OUTAGES_MS = [2_000, 5_000, 15_000]
/** Each pair begins so much after the one before it, so that what costs processor time seldom coincides. */
const STAGGER_MS = 170
const MESSAGE_EVERY_MS = 30
/** Between one trouble and the next: the path is called healthy again. */
const SETTLE_MS = 1_500
/** Arrivals this long after a move belong to it, beside what is under way. */
const MARGIN_MS = 200
/** A direct path that is not back by then counts with this time. */
const REGAIN_TIMEOUT_MS = 20_000
const POLL_MS = 50

interface Move {
  readonly kind: 'upgrade' | 'cut' | 'regained'
  readonly outageMs: number
  /** `upgrade`, `cut`: longest silence at the one of both receivers that waited longer. `regained`: time until direct. */
  readonly ms: number
}

interface Sample extends Move {
  readonly side: Side
  readonly distanceMs: DistanceMs
}

export async function moves({ rounds = DEFAULT_ROUNDS }: BenchOptions): Promise<Finding> {
  const world = await World.open()
  const samples: Sample[] = []
  let busiest = 0
  try {
    for (let done = 0; done < rounds; done += PAIRS_AT_A_TIME) {
      await world.refresh()
      const lives: Promise<Sample[]>[] = []
      const { neighbourCores } = await watched(async () => {
        for (let i = 0; i < Math.min(PAIRS_AT_A_TIME, rounds - done); i++) {
          for (const distanceMs of DISTANCES_MS) {
            for (const side of SIDES) {
              lives.push(live(world, side, distanceMs, i))
              await sleep(STAGGER_MS)
            }
          }
        }
        await Promise.all(lives)
        return {}
      })
      busiest = Math.max(busiest, neighbourCores)
      samples.push(...(await Promise.all(lives)).flat())
    }
  } finally {
    await world.close()
  }
  return finding(samples, rounds, busiest)
}

/** One pair from its joining through three outages. */
async function live(world: World, side: Side, distanceMs: DistanceMs, turn: number): Promise<Sample[]> {
  const pair = await world.pair(side, distanceMs)
  const found: Move[] = []
  try {
    const { member, joiner } = pair
    await member.join()
    await member.reached('in-room')
    await joiner.join()
    const via = side === 'ours' ? 'relay' : 'direct'
    await Promise.all([member, joiner].map((end) => end.stream(MESSAGE_EVERY_MS, via)))
    const opens = await Promise.all([member.reached('direct'), joiner.reached('direct')])
    await sleep(SETTLE_MS)
    if (side === 'ours') {
      found.push({ kind: 'upgrade', outageMs: 0, ms: await silence(pair, Math.min(...opens), Math.max(...opens)) })
    }
    for (const i of OUTAGES_MS.keys()) {
      const outageMs = OUTAGES_MS[(i + turn) % OUTAGES_MS.length] ?? 0
      found.push(...(await outage(pair, outageMs)))
    }
    return found.map((move) => ({ ...move, side, distanceMs }))
  } finally {
    await pair.end()
  }
}

async function outage(pair: Pair, outageMs: number): Promise<Move[]> {
  const { side, joiner, between } = pair
  const cutMs = now()
  between.cut()
  await sleep(outageMs)
  const restoredMs = now()
  between.restore()
  if (side === 'bare') await joiner.offer()
  const directMs = await bothDirect(pair, restoredMs)
  await sleep(SETTLE_MS)
  const regained: Move = { kind: 'regained', outageMs, ms: directMs - restoredMs }
  // Silence of the control lasts until its fresh connection, and that of ours until messages take the relay.
  if (side === 'bare') return [{ kind: 'cut', outageMs, ms: await silence(pair, cutMs, directMs) }, regained]
  return [
    { kind: 'cut', outageMs, ms: await silence(pair, cutMs, restoredMs) },
    { kind: 'upgrade', outageMs, ms: await silence(pair, restoredMs, directMs) },
    regained,
  ]
}

/** The first time from `sinceMs` on at which both ends were on a direct path; for the control, on a fresh one. */
async function bothDirect({ side, member, joiner }: Pair, sinceMs: number): Promise<number> {
  for (;;) {
    const ends = await Promise.all([member.read(), joiner.read()])
    const times = ends.map(({ marks }) => directFrom(marks, sinceMs, side === 'bare'))
    const atMs = Math.max(...times.map((time) => time ?? Infinity))
    if (atMs < Infinity) return atMs
    if (now() - sinceMs > REGAIN_TIMEOUT_MS) return sinceMs + REGAIN_TIMEOUT_MS
    await sleep(POLL_MS)
  }
}

/** When one end was first direct at or after a time; `mustBeNew` leaves out a path that it had before. */
function directFrom(marks: readonly Mark[], sinceMs: number, mustBeNew: boolean): number | undefined {
  const paths = marks.filter(({ step }) => step === 'direct' || step === 'relay')
  const before = paths.findLast(({ atMs }) => atMs < sinceMs)
  if (before?.step === 'direct' && !mustBeNew) return sinceMs
  return paths.find(({ step, atMs }) => step === 'direct' && atMs >= sinceMs)?.atMs
}

/** The longest time without an arrival around a stretch of time, at the end that waited longer. */
async function silence({ member, joiner, distanceMs }: Pair, fromMs: number, toMs: number): Promise<number> {
  const ends = await Promise.all([member.read(), joiner.read()])
  const silences = ends.map(({ arrivals }) => {
    // The first arrivals after `toMs` may still have been under way over the relay.
    const untilMs = toMs + 2 * distanceMs + MARGIN_MS
    // From the last arrival before; a first connection can be faster than the first message of the stream.
    const startMs = arrivals.findLast((atMs) => atMs <= fromMs) ?? arrivals[0] ?? fromMs
    const times = [startMs, ...arrivals.filter((atMs) => atMs > startMs && atMs < untilMs), untilMs]
    return Math.max(...times.map((atMs, i) => atMs - (times[i - 1] ?? atMs)))
  })
  return Math.max(...silences)
}

function now(): number {
  return performance.timeOrigin + performance.now()
}

function finding(samples: readonly Sample[], rounds: number, busiest: number): Finding {
  const of = (kind: Move['kind'], outageMs?: number) => (side: Side, distanceMs: DistanceMs) =>
    samples
      .filter((one) => one.side === side && one.kind === kind && one.distanceMs === distanceMs)
      .filter((one) => outageMs === undefined || one.outageMs === outageMs)
      .map((one) => one.ms)
  const all = (kind: Move['kind'], side: Side, outageMs: number) =>
    DISTANCES_MS.flatMap((distanceMs) => of(kind, outageMs)(side, distanceMs))
  const rows = [
    // A relayed message takes one distance to the room and one from it: its round trip is twice the distance.
    ...boundedRows('silence when direct comes up', of('upgrade'), (ms) => (ms === 0 ? undefined : 2 * ms + 10), 0.95),
    ...boundedRows('silence when direct is cut', of('cut'), () => 1_000, 0.5),
    ...boundedRows('silence when direct is cut', of('cut'), () => 1_500, 0.95),
    ...comparedRows('direct again after an outage', of('regained'), 1.5, 0.95),
    ...OUTAGES_MS.map((outageMs) => ({
      what: `direct again after ${outageMs / 1_000} s, all distances, ms`,
      ours: tail(all('regained', 'ours', outageMs)),
      control: tail(all('regained', 'bare', outageMs)),
    })),
  ]
  const late = samples.filter(({ kind, ms }) => kind === 'regained' && ms >= REGAIN_TIMEOUT_MS).length
  const notes = [
    `${rounds} pairs per side and distance, ${PAIRS_AT_A_TIME} of each at a time, each through outages of 2, 5 and 15 s in turns: ${rounds * OUTAGES_MS.length} outages per cell. Neighbours used at most ${busiest.toFixed(2)} cores during a batch. Cells: median, p95.`,
    `A message every ${MESSAGE_EVERY_MS} ms both ways; a silence is the longest time between two arrivals, this interval included, at whichever end waited longer. An outage drops every packet of the direct path and tells nobody; the room stays.`,
    'Silence when direct comes up: at the first connection and after every outage. Bar: one round trip over the relay (twice the distance) and 10 ms.',
    `Control of a cut: a bare connection with the same stream is silent until it is replaced, which here happens at the moment of restoration (in life nobody tells it; Chromium itself says “failed” after 16 s). Median of its silence beyond the outage: ${median(samples.filter(({ side, kind }) => side === 'bare' && kind === 'cut').map(({ ms, outageMs }) => ms - outageMs)).toFixed(0)} ms.`,
    `Control of direct again: a fresh bare connection, offered at the moment of restoration over the same room. Ours is told nothing. Not back within ${REGAIN_TIMEOUT_MS / 1_000} s, and counted so: ${late}.`,
  ]
  return { title: 'Moves between paths', rows, notes, samples }
}
