/**
 * `npm run test:outliving`: twelve pages and twelve Node processes in one network of degree four, whose Worker is killed under
 * traffic and comes back. `EDGE_NET_PAGES` and `EDGE_NET_NODES` change how many. Wants a build. Writes what it measured to
 * test/bench/results/outliving.json.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { consoleTextOf, isMissed } from '../bench/report.ts'
import { findingOf, faultsOf } from './outcome.ts'
import { playStory } from './story.ts'

const { EDGE_NET_PAGES = '12', EDGE_NET_NODES = '12' } = process.env
const [pages, nodes] = [Number(EDGE_NET_PAGES), Number(EDGE_NET_NODES)]
const startedMs = performance.now()
const tell = (what: string) =>
  console.log(`${((performance.now() - startedMs) / 1_000).toFixed(1).padStart(6)} s  ${what}`)
const outcome = await playStory({ pages, nodes, degree: 4, reaches: 12, cuts: 4, newcomers: 8, talkMs: 10_000, tell })
const finding = findingOf(outcome, `${pages} pages and ${nodes} Node peers of degree 4`)
console.log(consoleTextOf(finding))
await writeFile(
  join(import.meta.dirname, '..', 'bench', 'results', 'outliving.json'),
  `${JSON.stringify({ date: new Date().toISOString().slice(0, 10), finding }, undefined, 1)}\n`,
)
process.exit(faultsOf(outcome).length > 0 || finding.rows.some(isMissed) ? 1 : 0)
