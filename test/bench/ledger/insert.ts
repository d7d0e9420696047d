/**
 * What one more entry costs the ledger: time, when there are ten thousand and when there are a million, beside the rule of
 * the code that it replaces; memory, beside objects with hex texts; and what a flood of entries that lead nowhere leaves
 * behind. Without signatures and hashes, which have benchmarks of their own.
 */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Ledger } from '../../../client/qdag/ledger.ts'
import { quietRounds, watched, type Watched } from '../neighbours.ts'
import type { BenchOptions, Finding, Row } from '../report.ts'
import { figure, median, spread } from '../stats.ts'
import {
  CONTRIBUTORS,
  FLOOD,
  FLOODERS,
  grown,
  LARGE,
  NOW_MS,
  OBJECTS,
  UNBOUNDED_FLOOD,
  type Holding,
} from './holdings.ts'
import { Predecessor } from './predecessor.ts'
import { Stream } from './stream.ts'

const DEFAULT_ROUNDS = 5
const SMALL = 10_000
/** Entries inserted in a turn: the second half of a small ledger, whatever has to grow for it included. */
const BLOCK = SMALL / 2
/** The walk to the beginning takes as long as there are entries; with more it is too long to wait for. */
const PREDECESSOR = { small: 1_000, large: 8_000, block: 50 }
const MIB = 2 ** 20

setFlagsFromString('--expose-gc')
const collectYoung = runInNewContext('gc') as (options: { type: 'minor' }) => void

type Side = 'small' | 'large' | 'predecessor small' | 'predecessor large'

interface Sample extends Watched {
  readonly side: Side
  readonly microseconds: number
}

export async function insert({ rounds = DEFAULT_ROUNDS }: BenchOptions): Promise<Finding> {
  const { samples, note } = await quietRounds(rounds, async () => [
    ...(await measured(['small', 'large'], intoBoth)),
    ...(await measured(['predecessor small', 'predecessor large'], intoPredecessors)),
  ])
  const perEntry = (await heldBytes('ledger')) / LARGE
  const perUnconfirmed = (await heldBytes('unconfirmed')) / LARGE
  const perObject = (await heldBytes('objects')) / OBJECTS
  const flood = await heldBytes('flood')
  const floods = await heldBytes('floods')
  const unbounded = await heldBytes('unbounded')
  const of = (side: Side) => samples.filter((one) => one.side === side).map(({ microseconds }) => microseconds)
  const rows: Row[] = [
    {
      what: `one more, from ${count(LARGE / 2)} to ${count(LARGE)} entries, beside from ${count(SMALL / 2)} to ${count(SMALL)}, µs`,
      ours: spread(of('large')),
      control: spread(of('small')),
      value: median(of('large')) / median(of('small')),
      bar: 1.3,
      unit: ' ×',
    },
    {
      what: `one more up to ${count(SMALL)} entries, beside the predecessor’s rule at ${count(PREDECESSOR.large)}, µs`,
      ours: spread(of('small')),
      control: spread(of('predecessor large')),
    },
    {
      what: `the predecessor’s rule at ${count(PREDECESSOR.large)}, beside itself at ${count(PREDECESSOR.small)}, µs`,
      ours: spread(of('predecessor large')),
      control: spread(of('predecessor small')),
      value: median(of('predecessor large')) / median(of('predecessor small')),
      unit: ' ×',
    },
    {
      what: `memory per entry at ${count(LARGE)}, beside objects with hex texts, B`,
      ours: figure(perEntry),
      control: figure(perObject),
      value: perEntry,
      bar: 100,
      unit: ' B',
    },
    {
      what: 'the same when no entry is ever confirmed, B',
      ours: figure(perUnconfirmed),
      control: figure(perObject),
      value: perUnconfirmed,
      unit: ' B',
    },
    {
      what: `held after ${count(FLOOD)} orphans from one peer, beside an unbounded list of ${count(UNBOUNDED_FLOOD)}, MiB`,
      ours: figure(flood / MIB),
      control: figure(unbounded / MIB),
      value: flood / MIB,
      bar: 8,
      unit: ' MiB',
    },
    {
      what: `the same from ${FLOODERS} peers, MiB`,
      ours: figure(floods / MIB),
      control: figure(unbounded / MIB),
      value: floods / MIB,
      unit: ' MiB',
    },
  ]
  const notes = [
    note,
    `Processor time of the process, without garbage collection, in turns of ${count(BLOCK)} entries made before: into a large ledger until it has doubled, and each time into a small one until it has; the median turn counts. SHA-256 is replaced by a hash that takes next to no time. ${CONTRIBUTORS} contributors who see each other’s entries eight entries late, a task for each entry, three confirmations.`,
    `The predecessor’s rule: each new entry adds to the weight of all that it builds on, so it walks to the beginning. Its loops are written here with a set of what it has passed; the original counts paths, and takes twice as long with each layer.`,
    'Memory: how much less is alive on the heap and in typed arrays when it has been let go, each in a process of its own. What an empty ledger takes is in it. No flood washes away the orphan that an honest peer sent before.',
  ]
  return { title: 'One more entry', rows, notes, samples }
}

/** A sample for each side of what is measured in turns. */
async function measured(sides: readonly Side[], act: () => readonly number[]): Promise<Sample[]> {
  const { microseconds, neighbourCores } = await watched(async () => ({ microseconds: act() }))
  return sides.map((side, i) => ({ side, microseconds: microseconds[i] ?? Number.NaN, neighbourCores }))
}

/** What an insertion takes while a ledger doubles: block by block in turns, many small ones beside a large one. */
function intoBoth(): [small: number, large: number] {
  const stream = new Stream(CONTRIBUTORS)
  const large = grown(stream, LARGE / 2)
  const times: [number[], number[]] = [[], []]
  while (large.size < LARGE) {
    const another = new Stream(CONTRIBUTORS)
    times[0].push(timedBlock(grown(another, SMALL / 2), another))
    times[1].push(timedBlock(large, stream))
  }
  return [median(times[0]), median(times[1])]
}

function timedBlock(ledger: Ledger, stream: Stream): number {
  const entries = stream.take(BLOCK)
  // Otherwise the collector falls into step with the turns, and always works on the account of the same side.
  collectYoung({ type: 'minor' })
  const startMicroseconds = processorMicroseconds()
  for (const entry of entries) ledger.add(entry, 'peer', NOW_MS)
  return (processorMicroseconds() - startMicroseconds) / BLOCK
}

function intoPredecessors(): number[] {
  return [PREDECESSOR.small, PREDECESSOR.large].map((size) => {
    const stream = new Stream(CONTRIBUTORS)
    const predecessor = new Predecessor()
    for (const entry of stream.take(size)) predecessor.add(entry, false)
    const entries = stream.take(PREDECESSOR.block)
    const startMicroseconds = processorMicroseconds()
    for (const entry of entries) predecessor.add(entry, true)
    return (processorMicroseconds() - startMicroseconds) / PREDECESSOR.block
  })
}

async function heldBytes(holding: Holding): Promise<number> {
  const args = ['--expose-gc', join(import.meta.dirname, 'held.ts'), holding]
  return Number((await promisify(execFile)(process.execPath, args)).stdout)
}

/** Of all threads, those that collect garbage among them. */
function processorMicroseconds(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

function count(value: number): string {
  return value.toLocaleString('en')
}
