/**
 * The user's own table: discovery, latency, success and reconnection, over a hundred joins at a distance of 50 ms, beside
 * the simulated code that Edge-Net replaces.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { watched } from '../neighbours.ts'
import type { BenchOptions, Finding, Row } from '../report.ts'
import { quantile } from '../stats.ts'
import { predecessor, type Predecessor } from './predecessor.ts'
import { tail } from './rows.ts'
import { World, type Pair } from './world.ts'

const DEFAULT_ROUNDS = 105
const AT_A_TIME = 5
/** Joins per set of pages. */
const JOINS_PER_PAGE = 35
const DISTANCE_MS = 50
/** A join that has not led to a message both ways by then has failed. */
const FAILED_AFTER_MS = 10_000
const MESSAGE_EVERY_MS = 20
const TALK_MS = 400
/** Every third pair loses its network altogether, for this long: no way to the room, none to the other peer. */
const OUTAGE_EVERY = 3
const OUTAGE_MS = 3_000
const RECONNECTION_TIMEOUT_MS = 15_000
const POLL_MS = 50

interface Sample {
  readonly isConnected: boolean
  /** A direct path came up while they talked. */
  readonly isDirect?: boolean
  /** From join() until both see each other. */
  readonly discoveryMs?: number
  readonly latenciesMs?: readonly number[]
  /** From the network's return until a message has arrived at both. */
  readonly reconnectionMs?: number
}

export async function table({ rounds = DEFAULT_ROUNDS }: BenchOptions): Promise<Finding> {
  const other = await predecessor()
  const world = await World.open()
  const samples: Sample[] = []
  try {
    const { neighbourCores } = await watched(async () => {
      while (samples.length < rounds) {
        if (samples.length % JOINS_PER_PAGE === 0) await world.refresh()
        const turns = Array.from({ length: AT_A_TIME }, (_, i) => one(world, i % OUTAGE_EVERY === 0))
        samples.push(...(await Promise.all(turns)))
      }
      return {}
    })
    return finding(samples, other, neighbourCores)
  } finally {
    await world.close()
  }
}

async function one(world: World, losesNetwork: boolean): Promise<Sample> {
  const pair = await world.pair('ours', DISTANCE_MS)
  const { member, joiner } = pair
  const ends = [member, joiner]
  try {
    await member.join()
    await member.reached('in-room')
    await joiner.join()
    const joinMs = await joiner.reached('join')
    await Promise.all(ends.map((end) => end.reached('message', 1, FAILED_AFTER_MS)))
    const seen = await Promise.all(ends.map((end) => end.reached('seen')))
    await Promise.all(ends.map((end) => end.stream(MESSAGE_EVERY_MS, 'relay')))
    await sleep(TALK_MS)
    const reads = await Promise.all(ends.map((end) => end.read()))
    return {
      isConnected: true,
      isDirect: reads.every(({ marks }) => marks.some(({ step }) => step === 'direct')),
      discoveryMs: Math.max(...seen) - joinMs,
      latenciesMs: reads.flatMap(({ latencies }) => latencies),
      ...(losesNetwork && { reconnectionMs: await outage(pair) }),
    }
  } catch {
    // The sample says that it failed, and counts against success.
    return { isConnected: false }
  } finally {
    await pair.end()
  }
}

async function outage({ member, joiner, memberToRoom, joinerToRoom, between }: Pair): Promise<number> {
  between.cut()
  memberToRoom.down()
  joinerToRoom.down()
  await sleep(OUTAGE_MS)
  const restoredMs = performance.timeOrigin + performance.now()
  between.restore()
  memberToRoom.restore()
  joinerToRoom.restore()
  for (let waitedMs = 0; waitedMs < RECONNECTION_TIMEOUT_MS; waitedMs += POLL_MS) {
    await sleep(POLL_MS)
    const reads = await Promise.all([member.read(), joiner.read()])
    const firsts = reads.map(({ arrivals }) => arrivals.find((atMs) => atMs > restoredMs) ?? Infinity)
    if (Math.max(...firsts) < Infinity) return Math.max(...firsts) - restoredMs
  }
  return RECONNECTION_TIMEOUT_MS
}

function finding(samples: readonly Sample[], other: Predecessor, neighbourCores: number): Finding {
  const discoveries = samples.flatMap(({ discoveryMs }) => discoveryMs ?? [])
  const latencies = samples.flatMap(({ latenciesMs }) => latenciesMs ?? [])
  const reconnections = samples.flatMap(({ reconnectionMs }) => reconnectionMs ?? [])
  const connected = samples.filter(({ isConnected }) => isConnected).length
  const direct = samples.filter(({ isDirect }) => isDirect).length
  const bounded = (what: string, times: readonly number[], control: string, bar: number): Row => {
    return { what, ours: tail(times), control, value: quantile(times, 0.95), bar, unit: ' ms' }
  }
  const rows: Row[] = [
    bounded('discovery: join() to seeing each other, p95, ms', discoveries, other.discovery, 2_000),
    bounded('message latency, p95, ms', latencies, other.latency, 100),
    {
      what: `connections that failed, of ${samples.length} joins`,
      ours: `${samples.length - connected} (${((connected / samples.length) * 100).toFixed(1)} % succeeded)`,
      control: other.success,
      value: ((samples.length - connected) / samples.length) * 100,
      bar: 5,
      unit: ' %',
    },
    bounded(
      `reconnection after ${OUTAGE_MS / 1_000} s without any network, p95, ms`,
      reconnections,
      other.reconnection,
      5_000,
    ),
  ]
  const notes = [
    other.note,
    `${samples.length} joins, ${AT_A_TIME} at a time, new peers and rooms each time; ${DISTANCE_MS} ms of round trip to the room and between the peers. Cells: median, p95. Neighbours used ${neighbourCores.toFixed(2)} cores meanwhile.`,
    `A connection counts when a message has arrived both ways within ${FAILED_AFTER_MS / 1_000} s of joining. Direct within ${TALK_MS} ms of talking: ${direct} of ${connected}; the others talked over the relay.`,
    `Latency: one way, of the messages of the first ${TALK_MS} ms, most of them over the relay. Reconnection: ${reconnections.length} outages in which the room refuses connections and direct packets vanish; from their end until a message has arrived at both peers.`,
  ]
  return { title: 'The user’s table', rows, notes, samples }
}
