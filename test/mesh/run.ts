/**
 * `npm run bench:mesh`: the mesh in simulated networks of up to ten thousand members, with the real state machines: half of the
 * members replaced in ten minutes, a fifth of them silent, a network in two halves. Writes numbers and curves to
 * test/bench/results/mesh/. `EDGE_NET_SEED` chooses another fate, `EDGE_NET_MESH=1000-churn` one network alone.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { meshPolicy } from '../../client/mesh/mesh.ts'
import { consoleTextOf, isMissed, type Finding, type Row } from '../bench/report.ts'
import { svgOf, type Plot } from './curves.ts'
import { live, type Report, type Scenario } from './sim/scenario.ts'

const DEGREE = 8
const MAX_NEIGHBOURS = 1.5 * DEGREE
const MAX_COPIES = 3
const MAX_DELAY_RATIO = 2.2
/** What a join may cost the room, whatever its size: a welcome, eight members told, what the newcomer asks and is answered. */
const MAX_ROOM_MESSAGES = 20
const FOLDER = join(import.meta.dirname, '..', 'bench', 'results', 'mesh')

const seed = Number(process.env['EDGE_NET_SEED'] ?? 1)
const policy = meshPolicy(DEGREE)
/** A twentieth a minute for ten minutes is half of them. */
const CHURN = { churnPerMinute: 0.05, vices: { mute: 0.2 }, settleMs: 60_000, talkMs: 570_000, sampleMs: 10_000 }
const SPLIT = { isSplit: true, vices: { mute: 0.2 }, talkMs: 120_000 }
const NETWORKS: readonly Scenario[] = [
  { name: '100-quiet', seed, peers: 100, policy },
  { name: '1000-quiet', seed, peers: 1_000, policy },
  { name: '1000-churn', seed, peers: 1_000, policy, ...CHURN, messagesPerSecond: 2 },
  { name: '1000-split', seed, peers: 1_000, policy, ...SPLIT },
  { name: '10000-churn', seed, peers: 10_000, policy, ...CHURN, messagesPerSecond: 0.25, joinMs: 60_000 },
  { name: '10000-split', seed, peers: 10_000, policy, ...SPLIT, messagesPerSecond: 2, joinMs: 60_000 },
]

await mkdir(FOLDER, { recursive: true })
const wanted = process.env['EDGE_NET_MESH']
let isAnyMissed = false
for (const network of NETWORKS) {
  if (wanted && network.name !== wanted) continue
  const startedMs = performance.now()
  const report = live(network)
  const finding = findingOf(network, report, performance.now() - startedMs)
  console.log(consoleTextOf(finding))
  isAnyMissed ||= finding.rows.some(isMissed)
  const text = JSON.stringify({ date: new Date().toISOString().slice(0, 10), finding }, undefined, 1)
  await writeFile(join(FOLDER, `${network.name}.json`), `${text}\n`)
  await writeFile(join(FOLDER, `${network.name}.svg`), svgOf(plotsOf(report)))
}
process.exitCode = isAnyMissed ? 1 : 0

function findingOf({ name, isSplit = false }: Scenario, report: Report, tookMs: number): Finding {
  const { moments, messages, missed, copies, p99Ms, floodP99Ms, roomMessagesPerJoin, peers, wronged } = report
  const settled = moments.slice(Math.floor(moments.length / 4))
  const apart = settled.map((moment) => moment.peers - moment.largest)
  const maxDegree = Math.max(...settled.map((moment) => moment.maxDegree))
  const minDegree = Math.min(...settled.map((moment) => moment.minDegree))
  const last = moments.at(-1)
  const rows: Row[] = [
    row('Members outside the largest part, at the end', (last?.peers ?? 0) - (last?.largest ?? 0), 0),
    row('Members outside the largest part, at worst', Math.max(...apart), isSplit ? undefined : 0),
    row('Most neighbours of anybody', maxDegree, MAX_NEIGHBOURS),
    row('Fewest neighbours of anybody', minDegree),
    row('Hearings that were missed', missed, 0),
    row('Copies for each hearing', copies, MAX_COPIES),
    {
      what: 'p99 of what is said, beside a flood on the same overlay',
      ours: `${p99Ms.toFixed(0)} ms`,
      control: `${floodP99Ms.toFixed(0)} ms`,
      value: p99Ms / floodP99Ms,
      bar: MAX_DELAY_RATIO,
      unit: ' ×',
    },
    row('Messages of the room for a join', roomMessagesPerJoin, MAX_ROOM_MESSAGES),
    row('Connections begun by a member in an hour', report.connectionsPerHour),
    row('Silent neighbours of an honest member', report.hostileLinks),
    row(
      'Honest members blamed by honest ones',
      Object.values(wronged).reduce((sum, count) => sum + count, 0),
    ),
  ]
  return {
    title: `Mesh of ${peers} (${name}), degree ${DEGREE}, seed ${report.seed}`,
    rows,
    notes: [
      `${messages} messages, ${report.events} events, ${(tookMs / 1_000).toFixed(0)} s of work; blamed: ${JSON.stringify(report.faults)}.`,
    ],
    samples: report,
  }
}

function row(what: string, value: number, bar?: number): Row {
  const ours = Number.isInteger(value) ? String(value) : value.toFixed(2)
  return { what, ours, control: '', value, ...(bar !== undefined && { bar }) }
}

function plotsOf({ name, moments, latencyMs, floodLatencyMs }: Report): Plot[] {
  const over = (of: (moment: Report['moments'][number]) => number) =>
    moments.map((moment) => [moment.atS, of(moment)] as const)
  const distribution = (values: readonly number[]) => values.map((ms, i) => [ms, i] as const)
  return [
    {
      title: `${name}: neighbours`,
      xLabel: 'seconds',
      curves: [
        { name: 'most', points: over(({ maxDegree }) => maxDegree) },
        { name: 'mean', points: over(({ meanDegree }) => meanDegree) },
        { name: 'fewest', points: over(({ minDegree }) => minDegree) },
      ],
      bars: [{ name: 'bound', y: MAX_NEIGHBOURS }],
    },
    {
      title: `${name}: share of the honest members in the largest part, %`,
      xLabel: 'seconds',
      curves: [{ name: 'connected', points: over(({ largest, peers }) => (100 * largest) / peers) }],
    },
    {
      title: `${name}: share of hearings, %, by the time that they took`,
      xLabel: 'milliseconds',
      curves: [
        { name: 'gossip', points: distribution(latencyMs) },
        { name: 'flood', points: distribution(floodLatencyMs) },
      ],
    },
  ]
}
