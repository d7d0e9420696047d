/**
 * The promise of the ledger where members have a mesh: few links each, and gossip that loses, repeats and reorders. As in
 * `network.test.ts`, with its faults and hostile peers; and what is said to everybody is everywhere at once when nothing gets lost,
 * nobody is told of it twice, and nobody honest is blamed for what he passes on. `EDGE_NET_SEED=n` replays one history.
 */
import { writeFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { live, type Report } from './history.ts'
import { REAL_PARTS as parts } from './parts.ts'

const { EDGE_NET_SEED, EDGE_NET_LONG, EDGE_NET_TRACE } = process.env

const SEEDS = EDGE_NET_LONG === undefined ? 40 : 400
const SEEDS_PER_TEST = 5
const TIMEOUT_MS = 600_000

describe('a mesh of ledgers', () => {
  if (EDGE_NET_SEED !== undefined) {
    it(`lives seed ${EDGE_NET_SEED} again`, { timeout: TIMEOUT_MS }, async () => {
      const lines: string[] = []
      const trace = EDGE_NET_TRACE ? (line: string) => void lines.push(line) : undefined
      try {
        console.log(await live(Number(EDGE_NET_SEED), { parts, trace, hasMesh: true }))
      } finally {
        if (EDGE_NET_TRACE) writeFileSync(EDGE_NET_TRACE, lines.join('\n'))
      }
    })
    return
  }

  const firstSeed = EDGE_NET_LONG === undefined ? 1 : Date.now() % 2 ** 31
  const reports: Report[] = []
  for (let from = firstSeed; from < firstSeed + SEEDS; from += SEEDS_PER_TEST) {
    const to = from + SEEDS_PER_TEST
    it(`agrees after all that happens in the histories ${from} to ${to - 1}`, { timeout: TIMEOUT_MS }, async () => {
      for (let seed = from; seed < to; seed++) reports.push(await live(seed, { parts, hasMesh: true }))
    })
  }

  const sum = (of: (report: Report) => number): number => reports.reduce((total, report) => total + of(report), 0)

  it('has been through enough for that to mean something', () => {
    expect(reports.length).toBe(SEEDS)
    expect(sum(({ whispers }) => whispers)).toBeGreaterThan(SEEDS * 500)
    expect(sum(({ deeds }) => deeds.get('slandering') ?? 0)).toBeGreaterThan(SEEDS)
    expect(sum(({ accusations }) => accusations.get('gossip') ?? 0)).toBeGreaterThan(0)
  })

  afterAll(() => {
    const slowest = Math.max(0, ...reports.map(({ agreedAfterMs }) => agreedAfterMs)) / 1_000
    // Vitest hides the console of what passes.
    process.stdout.write(
      `${reports.length} histories with a mesh from seed ${firstSeed}: ${sum(({ devices }) => devices)} honest members, ` +
        `${sum(({ rogues }) => rogues)} hostile ones, ${sum(({ entries }) => entries)} entries, heard by gossip ` +
        `${sum(({ whispers }) => whispers)} times; agreed within ${slowest.toFixed()} s\n`,
    )
  })
})
