/** What the ledger says of a few entries that a person can follow. */
import { beforeEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import type { Entry, EntryBody, Receipt } from '../../client/qdag/entry.ts'
import { Ledger } from '../../client/qdag/ledger.ts'
import { MAX_COMPUTE_UNITS } from '../../client/qdag/entry-limits.ts'
import { toBase64Url } from '../../protocol/bytes.ts'
import { stateOf } from './ledger-cost.ts'
import { Contributor, fakeEntry, filled, NETWORK_ID } from './support/fake-entries.ts'

const NOW_MS = 1_790_000_000_000
const RECEIPT: Receipt = { requester: filled(32, 9), resultHash: filled(32, 8), signature: filled(64, 7) }

let ledger: Ledger
let [ann, bob, cleo, dan] = people()
beforeEach(() => {
  ledger = new Ledger({ networkId: NETWORK_ID, sha256 })
  ;[ann, bob, cleo, dan] = people()
})

describe('credit', () => {
  test('is given once for each task, for the least that was claimed', () => {
    add(ann.next(undefined, { taskId: 'one', computeUnits: 1_000 }))
    add(ann.next(undefined, { taskId: 'one', computeUnits: 350 }))
    add(ann.next(undefined, { taskId: 'one', computeUnits: 9_000 }))
    add(ann.next(undefined, { taskId: 'two', computeUnits: 199 }))
    expect(ledger.contributor(ann.key)).toMatchObject({ entries: 4, credits: 3 + 1, attestedCredits: 0 })
  })

  test('is given to everybody who claims a task', () => {
    add(ann.next(undefined, { taskId: 'one', computeUnits: 1_000 }))
    add(bob.next(undefined, { taskId: 'one', computeUnits: 500 }))
    expect(ledger.contributors().map(({ credits }) => credits)).toEqual([10, 5])
    expect(ledger.statistics()).toMatchObject({ credits: 15, contributors: 2 })
  })

  test('is attested as a whole when one claim has a receipt, for no more than the least', () => {
    add(ann.next(undefined, { taskId: 'one', computeUnits: 1_000, receipt: RECEIPT }))
    expect(ledger.contributor(ann.key)).toMatchObject({ credits: 10, attestedCredits: 10 })
    add(ann.next(undefined, { taskId: 'one', computeUnits: 400 }))
    add(ann.next(undefined, { taskId: 'two', computeUnits: 400 }))
    expect(ledger.contributor(ann.key)).toMatchObject({ credits: 8, attestedCredits: 4 })
  })

  test('is summed up exactly, however much is claimed', () => {
    // A million of the greatest claims are more than 2^53 credits.
    const { contributors } = stateOf(ledger)
    const number = contributors.numberOf(ann.key)
    const most = Math.floor(MAX_COMPUTE_UNITS / 100)
    for (let i = 0; i < 1_000_000; i++) contributors.credit(number, most, 0)
    expect(contributors.statistics(number).credits).toBe(1_000_000 * most)
    for (let i = 0; i < 1_000_000; i++) contributors.credit(number, 1 - most, 0)
    expect(contributors.statistics(number).credits).toBe(1_000_000)
  })
})

describe('an entry is confirmed', () => {
  test('when three others have built on it, directly or not, and not by one who does so three times', () => {
    const first = add(ann.next())
    add(bob.next(first))
    add(bob.next())
    add(bob.next())
    const third = add(cleo.next(bob.entries.at(-1)))
    expect(ledger.isConfirmed(0)).toBe(false)
    expect(ledger.add(dan.next(third), 'peer', NOW_MS)).toMatchObject({ kind: 'added', confirmed: [0] })
    expect(ledger.contributor(ann.key)).toMatchObject({ entries: 1, confirmedEntries: 1 })
  })

  test('by way of the writer’s entry before as well as by way of parents', () => {
    const [first, own] = [add(ann.next()), add(bob.next())]
    add(bob.next(first))
    add(cleo.next(bob.entries.at(-1)))
    add(dan.next(cleo.entries.at(-1)))
    expect([ledger.isConfirmed(ledger.indexOf(first.id)), ledger.isConfirmed(ledger.indexOf(own.id))]).toEqual([
      true,
      false,
    ])
    add(ann.next(dan.entries.at(-1)))
    expect(ledger.isConfirmed(ledger.indexOf(own.id))).toBe(true)
  })
})

describe('a number that is used twice', () => {
  test('shows a fork, and both entries stay', () => {
    const first = add(ann.next())
    const [one, other] = [fork(first, 'one'), fork(first, 'other')]
    add(one)
    expect(ledger.forks()).toEqual([])
    expect(ledger.add(other, 'peer', NOW_MS)).toMatchObject({ kind: 'added', forked: [2] })
    const proof = { contributor: ann.key, writer: ann.writer, seq: 1, indexes: [1, 2] }
    expect(ledger.forks()).toEqual([proof])
    expect([ledger.forkOf(0), ledger.forkOf(1), ledger.forkOf(2)]).toEqual([undefined, proof, proof])
    expect(ledger.contributor(ann.key)).toMatchObject({ entries: 3, isForked: true })
    expect(ledger.statistics().forkedContributors).toBe(1)
  })

  test('is no fork when another writer of the contributor has used it', () => {
    add(ann.next())
    add(fakeEntry({ contributor: ann.key, writer: filled(16, 99) }, sha256))
    expect(ledger.forks()).toEqual([])
  })
})

test('a tip stays one, however much is built beside it', () => {
  add(ann.next())
  for (let i = 0; i < 500; i++) add(i === 250 ? cleo.next() : bob.next())
  expect(ledger.tips()).toEqual([0, 251, 500])
  expect(ledger.statistics().tips).toBe(3)
})

describe('questions', () => {
  test('find entries by contributor, task, time and confirmation', () => {
    const first = add(ann.next(undefined, { taskId: 'one' }))
    add(bob.next(first, { taskId: 'one' }))
    add(cleo.next(bob.entries.at(-1), { taskId: 'two' }))
    add(dan.next(cleo.entries.at(-1), { taskId: 'one' }))
    add(ann.next(dan.entries.at(-1), { taskId: 'two' }))
    const timeOf = (index: number) => ledger.tsOf(index)
    expect(ledger.indexesOf({})).toEqual([0, 1, 2, 3, 4])
    expect(ledger.indexesOf({ contributor: ann.key })).toEqual([0, 4])
    expect(ledger.indexesOf({ contributor: filled(32, 77) })).toEqual([])
    expect(ledger.indexesOf({ taskId: 'one' })).toEqual([0, 1, 3])
    expect(ledger.indexesOf({ taskId: 'none' })).toEqual([])
    expect(ledger.indexesOf({ fromMs: timeOf(1), untilMs: timeOf(3) })).toEqual([1, 2])
    expect(ledger.indexesOf({ isConfirmed: true })).toEqual([0, 1])
    expect(ledger.indexesOf({ isConfirmed: false, contributor: ann.key })).toEqual([4])
  })

  test('name entries ever further apart, for whoever wants to find where two ledgers part', () => {
    expect(ledger.locators()).toEqual([])
    for (let i = 0; i < 20; i++) add(ann.next())
    expect(ledger.locators()).toEqual([19, 18, 16, 12, 4, 0])
  })

  test('tell apart what is known and what is not', () => {
    const [first, second, third] = [ann.next(), ann.next(), ann.next()]
    add(first)
    ledger.add(third, 'peer', NOW_MS)
    expect([first, second, third].map(({ id }) => ledger.knows(id))).toEqual([true, false, true])
    expect([first, second, third].map(({ id }) => ledger.indexOf(id))).toEqual([0, -1, -1])
    expect(ledger.missing()).toEqual([{ id: second.id, from: 'peer' }])
    expect(ledger.isRoot(NETWORK_ID)).toBe(true)
    expect(ledger.isRoot(first.id)).toBe(false)
  })

  test('are answered for an empty ledger, too', () => {
    expect(ledger.tips()).toEqual([])
    expect(ledger.tipDigest()).toEqual(sha256(new Uint8Array(0)))
    expect(ledger.notIn([])).toEqual([])
    expect(ledger.head(ann.key, ann.writer)).toBeUndefined()
    expect(ledger.contributor(ann.key)).toBeUndefined()
    expect(ledger.statistics()).toMatchObject({ entries: 0, confirmations: 3, digest: toBase64Url(ledger.tipDigest()) })
  })
})

function people(): [Contributor, Contributor, Contributor, Contributor] {
  return [1, 2, 3, 4].map((number) => new Contributor(number, sha256)) as ReturnType<typeof people>
}

function add(entry: Entry): Entry {
  expect(ledger.add(entry, 'peer', NOW_MS)).toMatchObject({ kind: 'added' })
  return entry
}

/** Another entry to follow the same one. */
function fork(prev: Entry, taskId: string): Entry {
  const { contributor, writer } = prev
  const body: Partial<EntryBody> = {
    contributor,
    writer,
    seq: prev.seq + 1,
    prev: prev.id,
    taskId,
    tsMs: prev.tsMs + 1,
  }
  return fakeEntry(body, sha256)
}
