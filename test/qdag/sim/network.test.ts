/**
 * The promise of the ledger, against everything that can happen to a network and everything that its hostile members can do:
 * nothing invalid gets in, nothing is credited twice, nothing that was kept is lost, everything stays bounded; and when it
 * becomes quiet, all honest peers agree. Time is simulated, and so are links, disks and signatures; replicas, ledgers, logs
 * and what is said are the real ones. `EDGE_NET_SEED=n` replays one history, with `EDGE_NET_TRACE=file` every message of it;
 * `EDGE_NET_LONG=1` lives ten times as many that nobody has seen before.
 */
import { writeFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import type { Kind } from '../../../client/qdag/sync/messages.ts'
import { FAULTS } from './faults.ts'
import { live, type Report } from './history.ts'
import { VICES } from './hostile/vices.ts'
import { REAL_PARTS as parts } from './parts.ts'

const { EDGE_NET_SEED, EDGE_NET_LONG, EDGE_NET_TRACE } = process.env
const isLong = EDGE_NET_LONG !== undefined && EDGE_NET_SEED === undefined

const SEEDS = isLong ? 2_000 : 200
/** So that a failure is found before the rest has run. */
const SEEDS_PER_TEST = 20
const MESSAGE_KINDS: readonly Kind[] = [
  'qdag_sync_request',
  'qdag_frontier',
  'qdag_known',
  'qdag_short_ids',
  'qdag_ranges',
  'qdag_range_difference',
  'qdag_want',
  'qdag_sync_response',
  'qdag_entries',
  'qdag_fetch',
  'qdag_digest',
  'qdag_busy',
  'qdag_taken',
]
const TIMEOUT_MS = 600_000

describe('a network of ledgers', () => {
  if (EDGE_NET_SEED !== undefined) {
    it(`lives seed ${EDGE_NET_SEED} again`, { timeout: TIMEOUT_MS }, async () => {
      const lines: string[] = []
      const trace = EDGE_NET_TRACE ? (line: string) => void lines.push(line) : undefined
      try {
        console.log(await live(Number(EDGE_NET_SEED), { parts, trace }))
      } finally {
        if (EDGE_NET_TRACE) writeFileSync(EDGE_NET_TRACE, lines.join('\n'))
      }
    })
    return
  }

  const firstSeed = isLong ? Date.now() % 2 ** 31 : 1
  const reports: Report[] = []
  for (let from = firstSeed; from < firstSeed + SEEDS; from += SEEDS_PER_TEST) {
    const to = from + SEEDS_PER_TEST
    it(
      `agrees after everything that happens in the histories ${from} to ${to - 1}`,
      { timeout: TIMEOUT_MS },
      async () => {
        for (let seed = from; seed < to; seed++) reports.push(await live(seed, { parts }))
      },
    )
  }

  const sum = (of: (report: Report) => number) => reports.reduce((total, report) => total + of(report), 0)
  const counts = (of: (report: Report) => ReadonlyMap<string, number>): Map<string, number> => {
    const total = new Map<string, number>()
    for (const report of reports)
      for (const [name, count] of of(report)) total.set(name, (total.get(name) ?? 0) + count)
    return total
  }

  it('has been through enough for that to mean something', () => {
    expect(reports.length).toBe(SEEDS)
    expect([...counts(({ faults }) => faults).keys()]).toEqual(expect.arrayContaining(FAULTS.map(({ name }) => name)))
    expect([...counts(({ deeds }) => deeds).keys()]).toEqual(expect.arrayContaining(VICES.map((make) => make().name)))
    expect([...counts(({ kinds }) => kinds).keys()].toSorted()).toEqual(MESSAGE_KINDS.toSorted())
  })

  const listed = (of: (report: Report) => ReadonlyMap<string, number>): string =>
    [...counts(of)].map(([name, count]) => `${count} ${name}`).join(', ')

  afterAll(() => {
    const hours = sum(({ simulatedMs }) => simulatedMs) / 3_600_000
    const largest = new Map<string, number>()
    for (const report of reports) {
      for (const [what, value] of report.largest) largest.set(what, Math.max(value, largest.get(what) ?? 0))
    }
    const slowest = (areClocksRight: boolean): string => {
      const chosen = reports.filter((report) => report.areClocksRight === areClocksRight)
      return `${(Math.max(0, ...chosen.map(({ agreedAfterMs }) => agreedAfterMs)) / 1_000).toFixed()} s`
    }
    // Vitest hides the console of what passes.
    process.stdout.write(
      `${reports.length} histories from seed ${firstSeed}: ${sum(({ devices }) => devices)} honest peers, ` +
        `${sum(({ rogues }) => rogues)} hostile ones, ${sum(({ entries }) => entries)} entries, ` +
        `${sum(({ connections }) => connections)} connections, ${hours.toFixed()} simulated hours; ` +
        `agreed within ${slowest(true)}, with clocks up to 20 minutes apart within ${slowest(false)}\n` +
        `  faults: ${listed(({ faults }) => faults)}\n  hostile: ${listed(({ deeds }) => deeds)}\n` +
        `  said: ${listed(({ kinds }) => kinds)}\n` +
        `  at most: ${[...largest].map(([what, value]) => `${value} ${what}`).join(', ')}\n` +
        `  accused: ${listed(({ accusations }) => accusations)}\n`,
    )
  })
})
