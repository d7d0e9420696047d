/**
 * The mesh as a whole, in simulated networks: whatever happens, everybody stays connected, within the degree, and hears what
 * is said to everybody, at a bounded cost. Each report is of one seed, which is printed.
 */
import { describe, expect, it } from 'vitest'
import { meshPolicy } from '../../client/mesh/mesh.ts'
import { live, type Report, type Scenario } from './sim/scenario.ts'

const SEED = Number(process.env['EDGE_NET_SEED'] ?? 1)
const PEERS = 150
const DEGREE = 8
/** Room for newcomers, whom somebody always takes in. */
const MAX_NEIGHBOURS = 2 * DEGREE
const MAX_COPIES = 3
/** How much later than a flood's the slowest hundredth may come. */
const MAX_DELAY_RATIO = 2.2

function lived(change: Partial<Scenario>): Report {
  return live({ name: 'test', seed: SEED, peers: PEERS, policy: meshPolicy(DEGREE), ...change })
}

function expectWhole(report: Report): void {
  const { moments, missed, wronged, copies, p99Ms, floodP99Ms } = report
  expect(moments.at(-1)).toMatchObject({ largest: moments.at(-1)?.peers })
  expect(Math.max(...moments.map(({ maxDegree }) => maxDegree))).toBeLessThanOrEqual(MAX_NEIGHBOURS)
  expect(missed).toBe(0)
  expect(wronged).toEqual({})
  expect(copies).toBeLessThanOrEqual(MAX_COPIES)
  expect(p99Ms).toBeLessThanOrEqual(MAX_DELAY_RATIO * floodP99Ms)
}

describe(`a mesh of ${PEERS} (seed ${SEED})`, () => {
  it('is connected within the degree, and everybody hears everything', () => {
    const report = lived({})
    expectWhole(report)
    // What the room says does not grow with the network.
    expect(report.roomMessagesPerJoin).toBeLessThan(20)
  })

  it('stays so while a tenth of its members is replaced each minute', () => {
    const report = lived({ churnPerMinute: 0.1 })
    expectWhole(report)
    expect(report.messages).toBeGreaterThan(0)
  })

  it('stays so when a fifth of its members accepts everybody and says nothing', () => {
    expectWhole(lived({ vices: { mute: 0.2 } }))
  })

  it('finds together again after it was in two halves', () => {
    const { moments, missed, wronged } = lived({ isSplit: true, talkMs: 60_000 })
    expect(moments.at(-1)).toMatchObject({ largest: moments.at(-1)?.peers })
    expect(missed).toBe(0)
    expect(wronged).toEqual({})
  })

  it('lives on without its room, while newcomers who know one member each replace a tenth a minute', () => {
    expectWhole(lived({ roomCloses: true, churnPerMinute: 0.1 }))
  })

  it('brings everybody together who wants a link, with a room and without', () => {
    for (const roomCloses of [false, true]) {
      const { demands, unmet } = lived({ roomCloses, demandsPerMinute: 120 })
      expect(demands).toBeGreaterThan(50)
      expect(unmet).toBe(0)
    }
  })
})

it('a thousand members stay so, a fifth of them silent, while a twentieth is replaced each minute', () => {
  const change = { churnPerMinute: 0.05, vices: { mute: 0.2 }, settleMs: 30_000, talkMs: 30_000, messagesPerSecond: 4 }
  expectWhole(lived({ peers: 1_000, ...change }))
})

it('who relays garbage is blamed for it, and nobody else', () => {
  const { faults, wronged, missed } = lived({ vices: { garbage: 0.05 } })
  expect(Object.values(faults).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0)
  expect(wronged).toEqual({})
  expect(missed).toBe(0)
})
