/**
 * The promise of a link, against everything that can happen to two peers, a room and the paths between them: every message
 * once, whole and in order, in bounded memory, without storms, and an application that knows what was not delivered. Time
 * is simulated, the links are the real ones. `EDGE_NET_SEED=n` replays one history, with `EDGE_NET_TRACE=file` every frame
 * of it; `EDGE_NET_LONG=1` lives ten times as many that nobody has seen before.
 */
import { writeFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { Link } from '../../client/peer/link.ts'
import { live, type Report } from './history.ts'
import type { MakeLink } from './peer.ts'

const { EDGE_NET_SEED, EDGE_NET_LONG, EDGE_NET_TRACE } = process.env
const isLong = EDGE_NET_LONG !== undefined && EDGE_NET_SEED === undefined

const MOVES = 410
const SEEDS = isLong ? 2_500 : 250
/** So that a failure is found before the rest has run. */
const SEEDS_PER_TEST = 25
const TIMEOUT_MS = 600_000

const makeLink: MakeLink = (incarnation, output, options) => new Link(incarnation, output, options)

describe('two links', () => {
  if (EDGE_NET_SEED !== undefined) {
    it(`live seed ${EDGE_NET_SEED} again`, { timeout: TIMEOUT_MS }, () => {
      const lines: string[] = []
      const trace = EDGE_NET_TRACE ? (line: string) => void lines.push(line) : undefined
      try {
        console.log(live(Number(EDGE_NET_SEED), { makeLink, moves: MOVES, trace }))
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
    it(`keep their promises through every move of the histories ${from} to ${to - 1}`, { timeout: TIMEOUT_MS }, () => {
      for (let seed = from; seed < to; seed++) reports.push(live(seed, { makeLink, moves: MOVES }))
    })
  }

  it('moved often enough for that to mean something', () => {
    expect(reports.length).toBe(SEEDS)
    expect(sum(({ moves }) => moves)).toBeGreaterThanOrEqual(isLong ? 1_000_000 : 100_000)
  })

  it('send hardly more than once what they have to say', () => {
    expect(sum(({ sentBytes }) => sentBytes)).toBeLessThan(1.5 * sum(({ newBytes }) => newBytes))
  })

  const sum = (of: (report: Report) => number) => reports.reduce((total, report) => total + of(report), 0)

  afterAll(() => {
    const repeats = (100 * sum(({ sentBytes }) => sentBytes)) / sum(({ newBytes }) => newBytes) - 100
    const minutes = sum(({ simulatedMs }) => simulatedMs) / 60_000
    // Vitest hides the console of what passes.
    process.stdout.write(
      `${reports.length} histories from seed ${firstSeed}: ${sum(({ moves }) => moves)} moves, ` +
        `${sum(({ episodes }) => episodes)} episodes, ${sum(({ messages }) => messages)} messages, ` +
        `${minutes.toFixed()} simulated minutes, ${repeats.toFixed(1)} % sent again; 0 lost, 0 repeated, 0 out of order\n`,
    )
  })
})
