/**
 * What one more entry costs the ledger: time, when there are ten thousand and when there are a million, beside the rule of
 * the code that it replaces; memory, beside objects with hex texts; and what a flood of entries that lead nowhere leaves
 * behind. Without signatures and hashes, which have benchmarks of their own.
 */
import type { Entry } from '../../../client/qdag/entry.ts'
import { Ledger } from '../../../client/qdag/ledger.ts'
import { quietRounds, watched, type Watched } from '../neighbours.ts'
import type { BenchOptions, Finding, Row } from '../report.ts'
import { figure, median, spread } from '../stats.ts'
import { weighed } from './memory.ts'
import { Predecessor } from './predecessor.ts'
import { NETWORK_ID, numbered, quickHash, START_MS, Stream } from './stream.ts'

const DEFAULT_ROUNDS = 5
const CONTRIBUTORS = 200
const SMALL = 10_000
const LARGE = 1_000_000
/** Entries inserted in a turn: the second half of a small ledger, whatever has to grow for it included. */
const BLOCK = SMALL / 2
/** The walk to the beginning takes as long as there are entries; with more it is too long to wait for. */
const PREDECESSOR = { small: 1_000, large: 8_000, block: 50 }
/** Objects in memory; a million would not fit. */
const OBJECTS = 200_000
const FLOOD = 1_000_000
const UNBOUNDED_FLOOD = 100_000
/** When all entries are long past. */
const NOW_MS = START_MS + 10 ** 9
const MIB = 2 ** 20

type Side = 'small' | 'large' | 'predecessor small' | 'predecessor large'

interface Sample extends Watched {
  readonly side: Side
  readonly microseconds: number
}

export async function insert({ rounds = DEFAULT_ROUNDS }: BenchOptions): Promise<Finding> {
  // Before there is anything that collections would have to look at.
  const { samples, note } = await quietRounds(rounds, async () => [
    ...(await measured(['small', 'large'], intoBoth)),
    ...(await measured(['predecessor small', 'predecessor large'], intoPredecessors)),
  ])
  const perEntry = (await weighed(() => grown(new Stream(CONTRIBUTORS), LARGE))).bytes / LARGE
  // Two contributors are never witnesses enough: of each entry it is remembered who has built on it.
  const perUnconfirmed = (await weighed(() => grown(new Stream(2), LARGE))).bytes / LARGE
  const perObject = (await weighed(() => kept(OBJECTS))).bytes / OBJECTS
  const flood = await weighed(() => flooded(FLOOD))
  const unbounded = await weighed(() => Array.from({ length: UNBOUNDED_FLOOD }, (_, i) => orphan(i)))
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
      value: median(of('small')) / median(of('predecessor large')),
      unit: ' ×',
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
      ours: figure(flood.bytes / MIB),
      control: figure(unbounded.bytes / MIB),
      value: flood.bytes / MIB,
      bar: 8,
      unit: ' MiB',
    },
  ]
  const notes = [
    note,
    `Processor time of the process, garbage collection included, in turns of ${count(BLOCK)} entries made before: into a large ledger until it has doubled, and each time into a small one until it has. SHA-256 is replaced by a hash that takes next to no time. ${CONTRIBUTORS} contributors who see each other’s entries eight entries late, a task for each entry, three confirmations.`,
    `The predecessor’s rule: each new entry adds to the weight of all that it builds on, so it walks to the beginning. Its loops are written here with a set of what it has passed; the original counts paths, and takes twice as long with each layer.`,
    'Memory: heap and typed arrays after a collection, less what there was before.',
    `After the flood ${flood.made.statistics().orphans} orphans were left, and the honest peer’s one among them: ${flood.made.knows(orphan(-1).id)}.`,
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
  const sums: [number, number] = [0, 0]
  const stream = new Stream(CONTRIBUTORS)
  const large = grown(stream, LARGE / 2)
  const blocks = LARGE / 2 / BLOCK
  for (let block = 0; block < blocks; block++) {
    const another = new Stream(CONTRIBUTORS)
    sums[0] += timedBlock(grown(another, SMALL / 2), another) / blocks
    sums[1] += timedBlock(large, stream) / blocks
  }
  return sums
}

function timedBlock(ledger: Ledger, stream: Stream): number {
  const entries = stream.take(BLOCK)
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

function grown(stream: Stream, size: number): Ledger {
  const ledger = new Ledger({ networkId: NETWORK_ID, sha256: quickHash, salt: 1 })
  for (let i = 0; i < size; i++) ledger.add(stream.next(), 'peer', NOW_MS)
  if (ledger.size !== size) throw new Error(`${size - ledger.size} entries were not taken.`)
  return ledger
}

function kept(size: number): Predecessor {
  const stream = new Stream(CONTRIBUTORS)
  const predecessor = new Predecessor()
  for (let i = 0; i < size; i++) predecessor.add(stream.next(), false)
  return predecessor
}

function flooded(entries: number): Ledger {
  const ledger = new Ledger({ networkId: NETWORK_ID, sha256: quickHash, salt: 1 })
  ledger.add(orphan(-1), 'ann', NOW_MS)
  for (let i = 0; i < entries; i++) ledger.add(orphan(i), 'eve', NOW_MS)
  return ledger
}

/** Builds on what nobody has. */
function orphan(number: number): Entry {
  const [entry] = new Stream(1).take(1)
  if (!entry) throw new Error('The stream has ended.')
  return { ...entry, id: numbered(2 * number + 2), parents: [numbered(2 * number + 3)] }
}

/** Of all threads, those that collect garbage among them. */
function processorMicroseconds(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

function count(value: number): string {
  return value.toLocaleString('en')
}
