/** Own entries: kept before anybody gets them, numbered once, and never forgotten, whatever becomes of the rest. */
import { describe, expect, it, vi } from 'vitest'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import type { Entry } from '../../client/qdag/entry.ts'
import { PEER_ENTRIES } from '../../client/qdag/ledger/waiting-room.ts'
import { storeFailed } from '../../client/qdag/store-failure.ts'
import { MemoryPlace, MemoryStore } from '../../client/qdag/stores/memory-store.ts'
import { Contributor, fakeEntries, fakeEntry, filled } from './support/fake-entries.ts'
import { FaultyStore } from './support/faulty-store.ts'
import { KeptLedger } from './support/kept-ledger.ts'

const open = (place: MemoryPlace, contributor = filled(32, 200)) =>
  KeptLedger.open({ store: new MemoryStore(place), sha256, contributor })

const numbers = (entries: readonly Entry[]) => entries.map(({ seq }) => seq)
const isIn = ({ ledger }: KeptLedger, { id }: Entry) => ledger.indexOf(id) >= 0

/** A second place with the same content, as a copied profile. */
function copied(place: MemoryPlace): MemoryPlace {
  const copy = new MemoryPlace()
  for (const [key, writer] of place.writers) copy.writers.set(key, writer)
  for (const [key, records] of place.own) copy.own.set(key, [...records])
  copy.segments.push(...place.segments)
  return copy
}

async function contributed(kept: KeptLedger, count: number): Promise<Entry[]> {
  const entries: Entry[] = []
  for (let i = 0; i < count; i++) entries.push(await kept.contribute())
  return entries
}

describe('an own entry', () => {
  it('follows the one before and is part of the ledger when it is there', async () => {
    const kept = await open(new MemoryPlace())
    const [first, second, third] = await contributed(kept, 3)
    expect([first?.seq, first?.prev]).toEqual([0, undefined])
    expect([second?.seq, second?.prev]).toEqual([1, first?.id])
    expect([third?.seq, third?.prev]).toEqual([2, second?.id])
    expect(third && isIn(kept, third)).toBe(true)
  })

  it('is kept before it is part of the ledger', async () => {
    const store = new FaultyStore(new MemoryStore())
    const kept = await KeptLedger.open({ store, sha256 })
    const release = store.hold()
    const writing = kept.contribute()
    await new Promise((resolve) => setTimeout(resolve, 10))
    expect(kept.ledger.size).toBe(0)
    release()
    await writing
    expect(kept.ledger.size).toBe(1)
  })

  it('is nowhere when it cannot be kept, and its number is free', async () => {
    const store = new FaultyStore(new MemoryStore())
    const kept = await KeptLedger.open({ store, sha256 })
    await kept.contribute()
    store.fail('no-space')
    await expect(kept.contribute()).rejects.toMatchObject({ code: 'ledger-failed', reason: 'no-space' })
    expect(kept.ledger.size).toBe(1)
    store.fail(undefined)
    expect((await kept.contribute()).seq).toBe(1)
  })

  it('is nowhere when it could not be signed, and its number is free', async () => {
    const kept = await open(new MemoryPlace())
    const failing = kept.own.write(() => Promise.reject(new Error('no key')))
    await expect(failing).rejects.toThrow('no key')
    expect((await kept.contribute()).seq).toBe(0)
  })

  it('has a number of its own, however many are made at once', async () => {
    const kept = await open(new MemoryPlace())
    const entries = await Promise.all(Array.from({ length: 50 }, () => kept.contribute()))
    expect(numbers(entries)).toEqual(Array.from({ length: 50 }, (_, i) => i))
    expect(kept.ledger.size).toBe(50)
    expect(kept.ledger.forks()).toEqual([])
  })
})

it('whoever is alone does not look before each entry', async () => {
  const store = new MemoryStore()
  const kept = await KeptLedger.open({ store, sha256 })
  await kept.contribute()
  const looking = vi.spyOn(store, 'lastOwn')
  await contributed(kept, 5)
  expect(looking).not.toHaveBeenCalled()
})

describe('after a crash', () => {
  it('own entries that no segment has are part of the ledger again', async () => {
    const place = new MemoryPlace()
    const before = await open(place)
    const entries = await contributed(before, 10)
    await before.store.close()
    expect(place.segments).toHaveLength(0)
    const after = await open(place)
    expect(entries.every((entry) => isIn(after, entry))).toBe(true)
    expect((await after.contribute()).seq).toBe(10)
    await after.close()
    expect((await open(place)).report.entries).toBe(11)
  })

  it('of several writers all are part of the ledger again, in whatever order the store has them', async () => {
    const place = new MemoryPlace()
    const before = await open(place)
    await contributed(before, 1)
    await before.store.renewWriter(before.contributor)
    const copy = copied(place)
    const second = await open(copy)
    // More than may wait for the one that they build on.
    const entries = await contributed(second, PEER_ENTRIES + 50)
    copy.segments.length = 0
    const [older, newer] = [...copy.own]
    copy.own.clear()
    for (const [key, records] of [newer, older].filter((own) => own !== undefined)) copy.own.set(key, records)
    const after = await open(copied(copy))
    expect(entries.filter((entry) => !isIn(after, entry))).toEqual([])
    expect(after.own.unsettledCount).toBe(0)
  })

  it('an own entry whose parents are lost waits for them, and holds up nothing: there is a new writer', async () => {
    const place = new MemoryPlace()
    const before = await open(place)
    const others = fakeEntries(5, sha256)
    before.hear(others)
    const [first] = await contributed(before, 1)
    await before.store.close()

    const after = await open(place)
    expect(first && isIn(after, first)).toBe(false)
    const next = await after.contribute()
    expect(next.seq).toBe(0)
    expect(next.writer).not.toEqual(first?.writer)
    expect(isIn(after, next)).toBe(true)
    expect((await after.contribute()).seq).toBe(1)
    // Peers bring what it was built on; it had been dropped meanwhile, as orphans are.
    after.ledger.forget('somebody')
    after.hear(others)
    expect(after.own.unsettledCount).toBe(1)
    after.own.settle()
    expect(after.own.unsettledCount).toBe(0)
    expect(first && isIn(after, first)).toBe(true)
    expect(after.ledger.forks()).toEqual([])
  })

  it('goes on as the same writer when the parents come in time', async () => {
    const place = new MemoryPlace()
    const before = await open(place)
    const others = fakeEntries(5, sha256)
    before.hear(others)
    const [first] = await contributed(before, 1)
    await before.store.close()
    let waited = 0
    const sleep = async () => {
      if (++waited === 3) after.hear(others)
    }
    const after = await KeptLedger.open({ store: new MemoryStore(place), sha256, sleep })
    const next = await after.contribute()
    expect([waited, next.seq, next.prev]).toEqual([3, 1, first?.id])
  })

  it('an own entry that is damaged itself is not built on', async () => {
    const place = new MemoryPlace()
    const before = await open(place)
    await contributed(before, 2)
    const { writer } = await before.contribute()
    await before.store.close()
    for (const records of place.own.values()) records.splice(-1, 1, { writer, seq: 2, bytes: filled(20, 1) })
    const after = await open(place)
    const next = await after.contribute()
    expect(next.seq).toBe(0)
    expect(next.writer).not.toEqual(writer)
  })

  it('own entries that segments have are forgotten but for the last thousand, and those of a former writer but for one', async () => {
    const place = new MemoryPlace()
    const kept = await open(place)
    const kinds = () => [...place.own.values()].map((records) => records.length)
    await contributed(kept, 1_500)
    expect(kinds()).toEqual([1_500])
    await kept.log.flush()
    await contributed(kept, 1_000)
    // Looked at when the 2,048th was written.
    expect(kinds()[0]).toBeGreaterThan(2_500 - 1_024)
    expect(kinds()[0]).toBeLessThanOrEqual(2_500 - (1_500 - 1 - 1_024))
    await kept.store.renewWriter(kept.contributor)
    await contributed(kept, 3)
    await kept.close()
    const after = await open(place)
    expect(kinds()).toEqual([1, 3])
    expect(after.ledger.size).toBe(2_503)
  })
})

it('own entries are kept longer, and the ledger opens all the same, while somebody else keeps the store busy', async () => {
  const place = new MemoryPlace()
  const kept = await open(place)
  await contributed(kept, 1_500)
  await kept.close()
  const store = new FaultyStore(new MemoryStore(place))
  store.fail('busy')
  const after = await KeptLedger.open({ store, sha256 })
  expect(after.ledger.size).toBe(1_500)
  expect([...place.own.values()].map((records) => records.length)).toEqual([1_500])
})

it('an own entry that is kept is reported as such, though older ones could not be forgotten', async () => {
  const store = new MemoryStore()
  const kept = await KeptLedger.open({ store, sha256 })
  await contributed(kept, 1_500)
  await kept.log.flush()
  const forgetting = vi.spyOn(store, 'forgetOwn').mockRejectedValue(storeFailed('busy', 'On purpose.'))
  await contributed(kept, 1_000)
  expect(forgetting).toHaveBeenCalledOnce()
  expect(kept.ledger.size).toBe(2_500)
})

it('own entries of which it is not known that segments have them are never forgotten', async () => {
  const place = new MemoryPlace()
  await open(place)
  const reader = await open(place)
  await contributed(reader, 2_100)
  expect([...place.own.values()].map((records) => records.length)).toEqual([2_100])
})

describe('several tabs', () => {
  it('share a writer, and none of them forks', async () => {
    const place = new MemoryPlace()
    const tabs = await Promise.all([open(place), open(place), open(place)])
    const rounds = Array.from({ length: 20 }, () => tabs.map((tab) => tab.contribute())).flat()
    const entries = await Promise.all(rounds)
    expect(numbers(entries).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, i) => i))
    expect(new Set(entries.map(({ writer }) => writer.join())).size).toBe(1)
    for (const tab of tabs) tab.hear(entries)
    const [first, ...rest] = tabs.map(({ ledger }) => ledger.stateDigest())
    for (const digest of rest) expect(digest).toEqual(first)
    expect(tabs[0]?.ledger.forks()).toEqual([])
  })

  it('do not take each other for copies', async () => {
    const place = new MemoryPlace()
    const [one, other] = [await open(place), await open(place)]
    for (let i = 0; i < 5; i++) {
      const entry = await one.contribute()
      other.hear([entry])
      await other.own.seen([entry])
      const reply = await other.contribute()
      one.hear([reply])
      await one.own.seen([reply, entry])
    }
    expect((await one.contribute()).seq).toBe(10)
  })

  it('have different writers when they are different contributors', async () => {
    const place = new MemoryPlace()
    const [ada, bob] = [await open(place, filled(32, 201)), await open(place, filled(32, 202))]
    const [one, other] = [await ada.contribute(), await bob.contribute()]
    expect([one.seq, other.seq]).toEqual([0, 0])
    expect(one.writer).not.toEqual(other.writer)
    expect((await ada.contribute()).seq).toBe(1)
  })
})

describe('a copied store', () => {
  it('gets a new writer as soon as it hears from the other one, and there is no fork', async () => {
    const place = new MemoryPlace()
    const one = await open(place)
    await contributed(one, 3)
    await one.log.flush()
    const other = await open(copied(place))
    const entry = await one.contribute()
    expect(entry.seq).toBe(3)
    other.hear([entry])
    await other.own.seen([entry])
    const next = await other.contribute()
    expect([next.seq, next.writer.join() === entry.writer.join()]).toEqual([0, false])
    one.hear([next])
    await one.own.seen([next])
    expect((await one.contribute()).seq).toBe(4)
    expect(other.ledger.forks()).toEqual([])
  })

  it('forks once at most when both write before they hear of each other', async () => {
    const place = new MemoryPlace()
    const one = await open(place)
    await contributed(one, 3)
    await one.log.flush()
    const other = await open(copied(place))
    const [mine, yours] = [await one.contribute('mine'), await other.contribute('yours')]
    one.hear([yours])
    other.hear([mine])
    await one.own.seen([yours])
    await other.own.seen([mine])
    const [next, last] = [await one.contribute(), await other.contribute()]
    expect([next.seq, last.seq]).toEqual([0, 0])
    expect(new Set([mine, next, last].map(({ writer }) => writer.join())).size).toBe(3)
    expect(one.ledger.forks()).toHaveLength(1)
  })

  it('is not suspected for what others, other devices and former writers have written', async () => {
    const place = new MemoryPlace()
    const kept = await open(place)
    const before = await kept.contribute()
    const device = fakeEntry({ contributor: kept.contributor, writer: filled(16, 9) }, sha256)
    const stranger = new Contributor(5, sha256).next(undefined, { writer: before.writer })
    kept.hear([device, stranger])
    await kept.own.seen([device, stranger, before])
    expect((await kept.contribute()).seq).toBe(1)
  })
})

it('numbers anew when somebody has taken the number meanwhile, where a store cannot exclude others', async () => {
  const place = new MemoryPlace()
  const [one, other] = [await open(place), await open(place)]
  const { writer } = await one.contribute()
  other.hear(fakeEntries(3, sha256))
  // As if nobody waited for anybody: while this one signs, the other one writes.
  place.turns.take = (act) => act()
  let isFirst = true
  const entry = await one.own.write(async (next) => {
    if (isFirst) {
      isFirst = false
      await other.store.writeOwn(other.contributor, { writer, seq: next.seq, bytes: filled(1, 1) })
    }
    return fakeEntry({ ...next, contributor: one.contributor, tsMs: next.prevTsMs + 1 }, sha256)
  })
  expect(isFirst).toBe(false)
  // What the other one wrote is nothing one can build on.
  expect([entry.seq, entry.writer.join() === writer.join()]).toEqual([0, false])
})
