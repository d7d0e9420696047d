/**
 * `npm run bench [-- name …] [-- --rounds n]`: runs the benchmarks one after the other, prints what they found and keeps it
 * in test/bench/results. They are not part of the tests: what they measure depends on who else uses the machine.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { join as joinPath } from 'node:path'
import { parseArgs } from 'node:util'
import { bill } from './bill.ts'
import { crowd } from './crowd.ts'
import { gun } from './gun.ts'
import { idle } from './idle.ts'
import { join } from './join.ts'
import { catchUp } from './ledger/catch-up.ts'
import { drawing } from './ledger/drawing.ts'
import { insert } from './ledger/insert.ts'
import { ledgerStore } from './ledger/store.ts'
import { live } from './ledger/live.ts'
import { ledgerSync } from './ledger/sync.ts'
import { bulk } from './link/bulk.ts'
import { first } from './link/first.ts'
import { latency } from './link/latency.ts'
import { moves } from './link/moves.ts'
import { sockets } from './link/sockets.ts'
import { table } from './link/table.ts'
import { mesh } from './mesh.ts'
import { consoleTextOf, isMissed, markdownOf, type Bench, type Finding } from './report.ts'
import { route } from './route.ts'

/** What the room does, and what links do. */
const BENCHES: ReadonlyMap<string, Bench> = new Map(
  Object.entries({
    join,
    mesh,
    route,
    crowd,
    idle,
    bill,
    gun,
    first,
    moves,
    sockets,
    bulk,
    latency,
    table,
    'ledger-sync': ledgerSync,
    'catch-up': catchUp,
    live,
    drawing,
    'ledger-store': ledgerStore,
    'ledger-insert': insert,
  }),
)
const RESULTS = joinPath(import.meta.dirname, 'results')

/** A finding with the circumstances it was made in, as it is kept. */
interface Kept {
  readonly date: string
  readonly loadAverage: string
  readonly finding: Finding
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { rounds: { type: 'string' } } })
const rounds = values.rounds === undefined ? undefined : Number(values.rounds)
const unknown = positionals.filter((name) => !BENCHES.has(name))
if (unknown.length > 0 || (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))) {
  console.error(`Usage: npm run bench -- [${[...BENCHES.keys()].join(' | ')}]… [--rounds <whole number>]`)
  process.exit(2)
}

await mkdir(RESULTS, { recursive: true })
console.log(`${machine()}, load average ${load()}`)
let missed = 0
for (const [name, bench] of BENCHES) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  const before = load()
  const finding = await bench({ rounds })
  const kept: Kept = {
    date: new Date().toISOString().slice(0, 10),
    loadAverage: `${before} before, ${load()} after`,
    finding,
  }
  console.log(`${consoleTextOf(finding)}\n  Load average ${kept.loadAverage}.`)
  missed += finding.rows.filter(isMissed).length
  await writeFile(joinPath(RESULTS, `${name}.json`), `${JSON.stringify(kept, null, 1)}\n`)
}
await writeFile(joinPath(RESULTS, 'RESULTS.md'), await resultsPage())
console.log(missed === 0 ? '\nEvery bar is met.' : `\n${missed} bars are missed.`)
process.exitCode = missed === 0 ? 0 : 1

/** All findings that are kept, the ones of this run among them. */
async function resultsPage(): Promise<string> {
  const sections: string[] = []
  for (const name of BENCHES.keys()) {
    const kept = await readKept(joinPath(RESULTS, `${name}.json`))
    if (!kept) continue
    sections.push(`${markdownOf(kept.finding)}\n*${kept.date}; load average ${kept.loadAverage}.*\n`)
  }
  return `# Measured

Written by \`npm run bench\`: each number stands beside its control from the same run. Median (p25–p75).

Machine: ${machine()}. Everything on one machine over loopback, shared with other work: read ratios first.

${sections.join('\n')}`
}

async function readKept(path: string): Promise<Kept | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Kept
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function machine(): string {
  const [cpu] = cpus()
  const memoryGiB = Math.round(totalmem() / 2 ** 30)
  return `${cpus().length} cores of ${cpu?.model.trim() ?? 'unknown'}, ${memoryGiB} GiB, Linux ${release()}, Node ${process.version}`
}

function load(): string {
  return loadavg()
    .map((value) => value.toFixed(2))
    .join(' ')
}
