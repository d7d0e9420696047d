/** What a new entry builds on. */
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import type { Entry } from '../../client/qdag/entry.ts'
import { Ledger } from '../../client/qdag/ledger.ts'
import { compareBytes, utf8, type Bytes } from '../../protocol/bytes.ts'
import { Random } from '../sim/random.ts'
import { stateOf } from './ledger-cost.ts'
import { fakeEntry, NETWORK_ID } from './support/fake-entries.ts'

const NOW_MS = 1_790_000_000_000
const HOUR_MS = 3_600_000
const DRAWS = 400

let ledger: Ledger
let random: Random
beforeEach(() => {
  ledger = new Ledger({ networkId: NETWORK_ID, sha256 })
  random = new Random(1)
})

describe('where there is little to choose from', () => {
  test('the first entry of all builds on the beginning', () => {
    expect(chosenBy('ann')).toEqual([NETWORK_ID])
  })

  test('a lone contributor builds on the own entry before', () => {
    const before = write('ann')
    expect(chosenBy('ann', before)).toEqual([before.id])
  })

  test('a newcomer builds on what there is', () => {
    const there = write('ann')
    expect(chosenBy('bob')).toEqual([there.id])
  })

  test('of two contributors each builds on the other', () => {
    const [first, other] = [write('ann'), write('bob')]
    expect(chosenBy('ann', first)).toEqual([other.id])
  })

  test('both tips of the only other contributor are joined', () => {
    const [first, one, other] = [write('ann'), write('bob'), write('bob', { device: 'phone' })]
    expect(chosenBy('ann', first)).toEqual(ascending(one, other))
  })

  test('the own tip from another device is joined, after those of others', () => {
    const [first, phone, bob] = [write('ann'), write('ann', { device: 'phone' }), write('bob')]
    expect(chosenBy('ann', first)).toEqual(ascending(phone, bob))
    const cleo = write('cleo')
    expect(chosenBy('ann', first)).toEqual(ascending(bob, cleo))
  })

  test('it does not matter how old it is', () => {
    const [first, other] = [write('ann', { tsMs: NOW_MS - HOUR_MS }), write('bob', { tsMs: NOW_MS - HOUR_MS })]
    expect(chosenBy('cleo')).toEqual(ascending(first, other))
  })
})

describe('in a lively network', () => {
  let base: Entry
  beforeEach(() => {
    base = confirmed(NOW_MS - 60_000)
  })

  test('two tips of two others are joined, each as often as the next', () => {
    const own = write('ann', { on: [base] })
    const tips = ['bob', 'cleo', 'dan', 'eve'].map((name) => write(name, { on: [base] }))
    const counts = countedDraws('ann', own)
    expect(counts.get(own)).toBe(0)
    for (const tip of tips) expect(counts.get(tip)).toBeGreaterThan(DRAWS / 3)
  })

  test('who has a thousand tips has no more weight than who has one', () => {
    const many = Array.from({ length: 1_000 }, (_, i) => write('eve', { device: `${i}`, on: [base] }))
    const [bob, cleo] = [write('bob', { on: [base] }), write('cleo', { on: [base] })]
    const counts = countedDraws('ann')
    const ofEve = many.reduce((sum, tip) => sum + (counts.get(tip) ?? 0), 0)
    expect(ofEve).toBeLessThan(DRAWS)
    for (const tip of [bob, cleo]) expect(counts.get(tip)).toBeGreaterThan(DRAWS / 2)
  })

  test.each([
    ['has missed its turn', (): Entry => write('dan', { on: [base], tsMs: NOW_MS - 31_000 })],
    ['was attached to the beginning', () => write('dan')],
    ['was attached to the past', () => write('dan', { on: [confirmed(NOW_MS - HOUR_MS, 'old ')] })],
    [
      'was attached to the past by way of another',
      () => {
        const past = confirmed(NOW_MS - HOUR_MS, 'old ')
        return write('fred', { on: [write('dan', { on: [past], tsMs: NOW_MS - 2_000 })] })
      },
    ],
  ])('a tip that %s is joined now and then', (_, writeOld) => {
    const old = writeOld()
    const fresh = ['bob', 'cleo', 'eve'].map((name) => write(name, { on: [base] }))
    const counts = countedDraws('ann')
    expect(counts.get(old)).toBeGreaterThan(DRAWS / 20)
    expect(counts.get(old)).toBeLessThan(DRAWS / 5)
    for (const tip of fresh) expect(counts.get(tip)).toBeGreaterThan(DRAWS / 3)
  })

  test('a crowd of contributors does not cost a crowd of looks', () => {
    for (let i = 0; i < 5_000; i++) write(`${i}`, { on: [base] })
    const edge = vi.spyOn(stateOf(ledger).entries, 'edge')
    chosenBy('ann')
    expect(edge.mock.calls.length).toBeLessThan(1_000)
  })
})

describe('the frontier', () => {
  test('stays narrow when everybody is eight entries behind', () => {
    const widths = life({ contributors: 20, entries: 1_000, behind: 8 }).slice(100)
    expect(Math.max(...widths)).toBeLessThan(40)
  })

  test('becomes narrow again after others have left many tips behind', () => {
    const base = confirmed(NOW_MS - HOUR_MS)
    for (let i = 0; i < 100; i++) write(`gone ${i}`, { on: [base], tsMs: NOW_MS - HOUR_MS / 2 })
    const widths = life({ contributors: 20, entries: 1_500, behind: 0 })
    expect(widths.at(0)).toBeGreaterThan(90)
    expect(widths.at(-1)).toBeLessThan(10)
  })
})

/** How many tips there are after each of so many entries, written by contributors in turn, each without the latest ones. */
function life({ contributors, entries, behind }: { contributors: number; entries: number; behind: number }): number[] {
  const underway: Entry[] = []
  return Array.from({ length: entries }, (_, i) => {
    const nowMs = NOW_MS + i * 100
    const name = `${random.below(contributors)}`
    const contributor = sha256(utf8(name))
    const head = underway.findLast((entry) => compareBytes(entry.contributor, contributor) === 0)
    const prev = head ?? ledger.head(contributor, writerOf(name))
    const parents = ledger.chooseParents(contributor, prev?.id, () => random.fraction(), nowMs)
    const times = parents.map((id) => ledger.indexOf(id)).map((index) => (index < 0 ? 0 : ledger.tsOf(index)))
    underway.push(
      entryOf(name, 'desk', prev, parents, Math.max(nowMs, (prev?.tsMs ?? 0) + 1, ...times.map((ms) => ms + 1))),
    )
    const arrived = underway.length > behind ? underway.shift() : undefined
    if (arrived) ledger.add(arrived, 'peer', nowMs)
    return ledger.tips().length
  })
}

/** An entry that three others have built on, and a tip on top of them that joins all. */
function confirmed(tsMs: number, prefix = ''): Entry {
  const first = write(`${prefix}first`, { tsMs })
  let last = first
  for (const name of ['second', 'third', 'fourth', 'fifth']) {
    last = write(`${prefix}${name}`, { on: [last], tsMs: last.tsMs + 1 })
  }
  expect(ledger.isConfirmed(ledger.indexOf(first.id))).toBe(true)
  return last
}

function write(
  name: string,
  { device = 'desk', on = [], tsMs = NOW_MS - 1_000 }: { device?: string; on?: readonly Entry[]; tsMs?: number } = {},
): Entry {
  const prev = ledger.head(sha256(utf8(name)), writerOf(device === 'desk' ? name : device))
  const entry = entryOf(name, device, prev, on.length > 0 ? on.map(({ id }) => id) : [prev?.id ?? NETWORK_ID], tsMs)
  expect(ledger.add(entry, 'peer', NOW_MS)).toMatchObject({ kind: 'added' })
  return entry
}

function entryOf(
  name: string,
  device: string,
  prev: { readonly seq: number; readonly id: Bytes } | undefined,
  parents: readonly Bytes[],
  tsMs: number,
): Entry {
  const writer = writerOf(device === 'desk' ? name : device)
  const seq = prev ? prev.seq + 1 : 0
  const contributor = sha256(utf8(name))
  return fakeEntry({ contributor, writer, seq, prev: prev?.id, parents: parents.toSorted(compareBytes), tsMs }, sha256)
}

function writerOf(device: string): Bytes {
  return sha256(utf8(device)).slice(0, 16)
}

function chosenBy(name: string, prev?: Entry): readonly Bytes[] {
  return ledger.chooseParents(sha256(utf8(name)), prev?.id, () => random.fraction(), NOW_MS)
}

/** How often each tip is chosen in many draws, always two of them, in order. */
function countedDraws(name: string, prev?: Entry): { get(entry: Entry): number } {
  const counts = new Map<number, number>()
  for (let i = 0; i < DRAWS; i++) {
    const chosen = chosenBy(name, prev)
    expect(chosen).toHaveLength(2)
    expect(chosen).toEqual(chosen.toSorted(compareBytes))
    for (const id of chosen) counts.set(ledger.indexOf(id), (counts.get(ledger.indexOf(id)) ?? 0) + 1)
  }
  return { get: ({ id }) => counts.get(ledger.indexOf(id)) ?? 0 }
}

function ascending(...entries: readonly Entry[]): Bytes[] {
  return entries.map(({ id }) => id).toSorted(compareBytes)
}
