/** What a ledger says, held against what the reference says. */
import { expect } from 'vitest'
import type { Entry } from '../../client/qdag/entry.ts'
import type { Growth, Ledger } from '../../client/qdag/ledger.ts'
import { hex, type Reference, type ReferenceState } from './reference.ts'

/** @param wanted ids that must have become solid */
export function expectGrowth(
  ledger: Ledger,
  growth: Growth,
  wanted: readonly string[],
  before: ReferenceState,
  after: ReferenceState,
): void {
  const solid = growth.solid.map(({ id }) => hex(id))
  const first = ledger.size - solid.length
  expect(solid.toSorted()).toEqual(wanted.toSorted())
  expect(solid).toEqual(
    idsOf(
      ledger,
      solid.map((_, i) => first + i),
    ),
  )
  const confirmed = after.confirmed.filter((id) => !before.confirmed.includes(id))
  expect(idsOf(ledger, growth.confirmed).toSorted()).toEqual(confirmed)
  expect(growth.confirmed).toEqual(ascending(growth.confirmed))
  // Of those with one number, all but the one that came first.
  const repeated = after.forks.flatMap((fork) => ascending(fork.split(',').map((id) => indexOf(ledger, id))).slice(1))
  expect(growth.forked).toEqual(ascending(repeated.filter((index) => index >= first)))
  for (const [i, entry] of growth.solid.entries()) expectEntry(ledger, entry, first + i)
}

export function expectSame(ledger: Ledger, reference: Reference): void {
  const state = reference.state()
  const indexes = Array.from({ length: ledger.size }, (_, index) => index)
  const sorted = (list: readonly number[]) => idsOf(ledger, list).toSorted()
  const heads = indexes.flatMap((index) => ledger.head(ledger.contributorOf(index), ledger.writerOf(index)) ?? [])
  const forks = ledger.forks().map((fork) => sorted(fork.indexes).join())
  const contributors = ledger.contributors()
  expect({
    ids: sorted(indexes),
    tips: sorted(ledger.tips()),
    tipDigest: hex(ledger.tipDigest()),
    confirmed: sorted(indexes.filter((index) => ledger.isConfirmed(index))),
    forks: forks.toSorted(),
    contributors: contributors.toSorted((a, b) => (a.contributor < b.contributor ? -1 : 1)),
    heads: [...new Set(heads.map(({ id }) => hex(id)))].toSorted(),
  }).toEqual(state)
  expect(ledger.tips()).toEqual(ascending(ledger.tips()))
  expect(contributors).toEqual(contributors.toSorted((a, b) => b.credits - a.credits))
  expectTotals(ledger, reference, state)
  expect(
    ledger
      .missing()
      .map(({ id }) => hex(id))
      .toSorted(),
  ).toEqual(reference.missing())
}

function expectEntry(ledger: Ledger, entry: Entry, index: number): void {
  const { id, contributor, writer, seq, tsMs, parents, prev } = entry
  expect(ledger.idOf(index)).toEqual(id)
  expect([ledger.indexOf(id), ledger.indexOfPrefix(id.slice(0, 16))]).toEqual([index, index])
  expect([ledger.contributorOf(index), ledger.writerOf(index)]).toEqual([contributor, writer])
  expect([ledger.seqOf(index), ledger.tsOf(index)]).toEqual([seq, tsMs])
  const before = new Set([...parents, ...(prev ? [prev] : [])].map((edge) => ledger.indexOf(edge)))
  before.delete(-1)
  expect(new Set(ledger.edgesOf(index))).toEqual(before)
  expect(Math.max(-1, ...before)).toBeLessThan(index)
}

function expectTotals(ledger: Ledger, reference: Reference, { contributors, tips, ids }: ReferenceState): void {
  const sum = (of: 'credits' | 'attestedCredits' | 'confirmedEntries') =>
    contributors.reduce((total, contributor) => total + contributor[of], 0)
  expect(ledger.statistics()).toMatchObject({
    entries: ids.length,
    tips: tips.length,
    contributors: contributors.length,
    credits: sum('credits'),
    attestedCredits: sum('attestedCredits'),
    confirmedEntries: sum('confirmedEntries'),
    forkedContributors: contributors.filter(({ isForked }) => isForked).length,
    orphans: reference.orphans(),
    parked: reference.waiting.length - reference.orphans(),
  })
}

function idsOf(ledger: Ledger, indexes: readonly number[]): string[] {
  return indexes.map((index) => hex(ledger.idOf(index)))
}

function indexOf(ledger: Ledger, id: string): number {
  return ledger.indexOf(new Uint8Array(Buffer.from(id, 'hex')))
}

function ascending(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b)
}
