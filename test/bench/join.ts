/**
 * Join to open and join to first message, two pages on one machine; and both again with 50 ms of round trip to the room,
 * which shows how many round trips a join waits for. Page A has sat in the room for one to two seconds, page B joins.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { startPages, type PageFactory, type Side } from './pages.ts'
import { quietRounds, watched, type Watched } from './neighbours.ts'
import type { Mark } from './pages/recorder.ts'
import { startProxy } from './proxy.ts'
import type { BenchOptions, Finding, Row } from './report.ts'
import { startBare, startEdgeNet } from './servers.ts'
import { figure, median, spread } from './stats.ts'

const DEFAULT_ROUNDS = 12
const DISTANCE_MS = 50

interface Case {
  readonly side: Side
  readonly roundTripMs: 0 | typeof DISTANCE_MS
  readonly roomUrl: (round: number) => string
}

interface Sample extends Watched {
  readonly side: Side
  readonly roundTripMs: number
  /** From B's join() until both sides can send over the direct path. */
  readonly openMs: number
  /** From B's join() until both sides have received a message; ours goes over the relay. */
  readonly firstMs: number
  /** The same until the first of them has. */
  readonly firstOneMs: number
  readonly mdns: boolean
  readonly joiner: readonly Mark[]
  readonly member: readonly Mark[]
}

export async function join({ rounds = DEFAULT_ROUNDS }: BenchOptions): Promise<Finding> {
  const [ours, bare, pages] = [await startEdgeNet(), await startBare(), await startPages()]
  const [oursFar, bareFar] = [await startProxy(ours.port, DISTANCE_MS), await startProxy(bare.port, DISTANCE_MS)]
  const cases: Case[] = [
    { side: 'ours', roundTripMs: 0, roomUrl: oursUrl(ours.port) },
    { side: 'bare', roundTripMs: 0, roomUrl: bareUrl(bare.port) },
    { side: 'ours', roundTripMs: DISTANCE_MS, roomUrl: oursUrl(oursFar.port) },
    { side: 'bare', roundTripMs: DISTANCE_MS, roomUrl: bareUrl(bareFar.port) },
  ]
  try {
    const measured = await quietRounds(rounds, async (round) => {
      const samples = new Map<Case, Sample>()
      const order = cases.map((_, i) => cases[(i + round) % cases.length]).filter((some) => some !== undefined)
      for (const one of order) samples.set(one, await watched(() => measure(pages, one, round)))
      // In the order of the cases, whatever the order of the round.
      return cases.flatMap((one) => samples.get(one) ?? [])
    })
    return finding(measured.samples, measured.note, pages.browserVersion)
  } finally {
    await Promise.all([pages.close(), oursFar.close(), bareFar.close()])
    await Promise.all([ours.close(), bare.close()])
  }
}

const oursUrl = (port: number) => (round: number) => `http://127.0.0.1:${port}/n/join-${port}-${round}`
const bareUrl = (port: number) => (round: number) => `ws://127.0.0.1:${port}/join-${port}-${round}`

async function measure(
  pages: PageFactory,
  { side, roundTripMs, roomUrl }: Case,
  round: number,
): Promise<Omit<Sample, keyof Watched>> {
  const [a, b] = [await pages.open(side), await pages.open(side)]
  try {
    await a.join(roomUrl(round))
    await a.reached('in-room', 1)
    // Spread over a second, so that nothing periodic can fall in step with the rounds.
    await sleep(1_000 + ((round * 379) % 1_000))
    await b.page.bringToFront()
    await b.join(roomUrl(round))
    const opens = await Promise.all([a.reached('open', 1), b.reached('open', 1)])
    const firsts = await Promise.all([a.reached('message', 1), b.reached('message', 1)])
    const startMs = await b.reached('join', 1)
    const since = (marks: readonly Mark[]) => marks.map(({ step, atMs }) => ({ step, atMs: atMs - startMs }))
    const [member, joiner] = [since(await a.marks()), since(await b.marks())]
    return {
      side,
      roundTripMs,
      openMs: Math.max(...opens) - startMs,
      firstMs: Math.max(...firsts) - startMs,
      firstOneMs: Math.min(...firsts) - startMs,
      mdns: [...member, ...joiner].some(({ step }) => step === 'candidate-mdns'),
      member,
      joiner,
    }
  } finally {
    await Promise.all([a.close(), b.close()])
  }
}

function finding(samples: readonly Sample[], roundsNote: string, browserVersion: string): Finding {
  const of = (side: Side, roundTripMs: number, key: 'openMs' | 'firstMs' | 'firstOneMs') =>
    samples.filter((sample) => sample.side === side && sample.roundTripMs === roundTripMs).map((sample) => sample[key])
  const open = { ours: of('ours', 0, 'openMs'), bare: of('bare', 0, 'openMs') }
  const openFar = { ours: of('ours', DISTANCE_MS, 'openMs'), bare: of('bare', DISTANCE_MS, 'openMs') }
  const first = { ours: of('ours', 0, 'firstMs'), bare: of('bare', 0, 'firstMs') }
  const firstFar = { ours: of('ours', DISTANCE_MS, 'firstMs'), bare: of('bare', DISTANCE_MS, 'firstMs') }
  const trips = (far: readonly number[], near: readonly number[]) => (median(far) - median(near)) / DISTANCE_MS
  const inTrips = (far: readonly number[], near: readonly number[]) => figure(trips(far, near))
  const rows: Row[] = [
    {
      what: 'join to open, ms',
      ours: spread(open.ours),
      control: spread(open.bare),
      value: median(open.ours) / median(open.bare),
      bar: 1.1,
      unit: ' ×',
    },
    {
      what: 'join to first message at both sides, ms (ratio to bare open)',
      ours: spread(first.ours),
      control: spread(open.bare),
      value: median(first.ours) / median(open.bare),
      bar: 0.5,
      unit: ' ×',
    },
    { what: 'join to first message at one side, ms', ours: spread(of('ours', 0, 'firstOneMs')), control: '' },
    { what: 'first message, bare over its channel, ms', ours: '', control: spread(first.bare) },
    { what: `join to open at ${DISTANCE_MS} ms, ms`, ours: spread(openFar.ours), control: spread(openFar.bare) },
    {
      what: `join to first message at ${DISTANCE_MS} ms, ms`,
      ours: spread(firstFar.ours),
      control: spread(firstFar.bare),
    },
    {
      what: 'round trips to open',
      ours: inTrips(openFar.ours, open.ours),
      control: inTrips(openFar.bare, open.bare),
      value: trips(openFar.ours, open.ours),
      bar: 4.1,
    },
    {
      what: 'round trips to first message at both sides',
      ours: inTrips(firstFar.ours, first.ours),
      control: inTrips(firstFar.bare, first.bare),
      value: trips(firstFar.ours, first.ours),
      bar: 3.2,
    },
  ]
  const withMdns = samples.filter((sample) => sample.side === 'bare').every((sample) => sample.mdns)
  const notes = [
    roundsNote,
    `Sides interleaved, fresh browser contexts each time, Chromium ${browserVersion}, no ICE servers; mDNS candidate names: ${withMdns ? 'yes' : 'NO'}.`,
    'Open: both sides can send over the direct path. Ours is the `path` event on both sides (bound, that is after a frame has come back over the channel); bare is the channel’s own `open` event on both sides.',
    'First message: each side sends as soon as it knows of the other (ours: on `announced`, over the sealed relay); the bar compares it with bare open.',
    `Round trips: (median at ${DISTANCE_MS} ms − median at 0 ms) / ${DISTANCE_MS}. The proxy delays the room only, holds 25 ms each way and one round trip more for TCP; no TLS. Bars: 4.1 to open, 3.2 to the first message.`,
    `Where the time goes (median ms after B’s join(), no distance): ${timeline(samples)}.`,
  ]
  return { title: 'Join to open, join to first message', rows, notes, samples }
}

/** Median time of each step's first occurrence on each side. */
function timeline(samples: readonly Sample[]): string {
  const near = samples.filter(({ roundTripMs }) => roundTripMs === 0)
  const parts: { atMs: number; side: Side; text: string }[] = []
  for (const side of ['ours', 'bare'] as const) {
    for (const who of ['joiner', 'member'] as const) {
      const runs = near.filter((sample) => sample.side === side).map((sample) => sample[who])
      const steps = new Set(runs.flat().map(({ step }) => step))
      for (const step of steps) {
        const times = runs.flatMap((marks) => marks.find((mark) => mark.step === step && mark.atMs >= 0)?.atMs ?? [])
        if (times.length > 0) parts.push({ atMs: median(times), side, text: `${who} ${step} ${figure(median(times))}` })
      }
    }
  }
  const sorted = parts.toSorted((a, b) => a.atMs - b.atMs)
  const of = (side: Side) =>
    sorted
      .filter((part) => part.side === side)
      .map((part) => part.text)
      .join(', ')
  return `ours: ${of('ours')}; bare: ${of('bare')}`
}
