/** The log: entries by arrival index over a store, whoever of several clients writes it, and whatever becomes of the store. */
import { describe, expect, it, vi } from 'vitest'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import { decodeBatch } from '../../client/qdag/batch.ts'
import type { Entry } from '../../client/qdag/entry.ts'
import { mapKeyOf } from '../../client/qdag/map-key.ts'
import { decodeSegment, encodeSegment, MAX_SEGMENT_ENTRIES } from '../../client/qdag/segment.ts'
import { MemoryPlace, MemoryStore } from '../../client/qdag/stores/memory-store.ts'
import { Random } from '../sim/random.ts'
import { fakeEntries, fakeEntry, filled } from './support/fake-entries.ts'
import { FaultyStore } from './support/faulty-store.ts'
import { KeptLedger } from './support/kept-ledger.ts'

const open = (place: MemoryPlace) => KeptLedger.open({ store: new MemoryStore(place), sha256 })

/** Timers that run when they are told to. */
class Timers {
  readonly waiting: { readonly delayMs: number; readonly act: () => void }[] = []
  readonly after = (delayMs: number, act: () => void) => this.waiting.push({ delayMs, act })

  run(): void {
    for (const { act } of this.waiting.splice(0)) act()
  }
}

const SEEDS = Array.from({ length: process.env['EDGE_NET_LONG'] ? 200 : 5 }, (_, i) => i + 1)

/** Lets everything happen that waits for nothing. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

const entries = fakeEntries(5_000, sha256)
const idsOf = (some: readonly Entry[]) => some.map(({ id }) => mapKeyOf(id))

describe('a segment', () => {
  it('gives back what it was made of', () => {
    const some = entries.slice(0, MAX_SEGMENT_ENTRIES)
    expect(decodeSegment(encodeSegment(some, sha256), sha256)).toEqual(some)
  })

  it('is not believed when a bit of it is another one', () => {
    const bytes = encodeSegment(entries.slice(0, 20), sha256)
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = bytes.slice()
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(decodeSegment(changed, sha256)).toBeUndefined()
    }
  })

  it('is not believed when it was cut short, to nothing even', () => {
    const bytes = encodeSegment(entries.slice(0, 20), sha256)
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeSegment(bytes.slice(0, length), sha256)).toBeUndefined()
    }
  })
})

describe('what a keeper writes', () => {
  it('is the same ledger when it is loaded again', async () => {
    const place = new MemoryPlace()
    const before = await open(place)
    before.hear(entries)
    await before.close()
    expect(place.segments).toHaveLength(5)
    const after = await open(place)
    expect(after.report).toEqual({ entries: 5_000, damagedSegments: 0, lostEntries: 0 })
    expect(after.ledger.stateDigest()).toEqual(before.ledger.stateDigest())
    expect(after.ids).toEqual(idsOf(entries))
    expect(await after.read()).toEqual(idsOf(entries))
  })

  it('is written after 250 ms, full segments at once, and never twice at the same time', async () => {
    const timers = new Timers()
    const store = new FaultyStore(new MemoryStore())
    const kept = await KeptLedger.open({ store, sha256, after: timers.after })
    kept.hear(entries.slice(0, 63))
    kept.hear(entries.slice(63, 200))
    await settle()
    expect(store.writes).toBe(0)
    expect(timers.waiting.map(({ delayMs }) => delayMs)).toEqual([250])
    timers.run()
    await settle()
    expect([store.writes, kept.log.storedLength]).toEqual([1, 200])
    kept.hear(entries.slice(200, 1_030))
    await settle()
    expect([store.writes, kept.log.storedLength]).toEqual([2, 1_024])
    const release = store.hold()
    timers.run()
    kept.hear(entries.slice(1_030, 4_000))
    const flushed = Promise.all([kept.log.flush(), kept.log.flush()])
    await settle()
    expect([store.writes, store.mostAtOnce]).toEqual([3, 1])
    release()
    await flushed
    expect(store.mostAtOnce).toBe(1)
    expect(kept.log.storedLength).toBe(4_000)
  })

  it('is encoded and written once when it comes in bulk', async () => {
    const timers = new Timers()
    let written = 0
    const store = new FaultyStore(new MemoryStore(), (_, segments) => (written += segments.length))
    const kept = await KeptLedger.open({ store, sha256, after: timers.after })
    for (let i = 0; i < entries.length; i += 50) {
      kept.hear(entries.slice(i, i + 50))
      await settle()
    }
    expect([written, kept.log.storedLength]).toEqual([4, 4_096])
    timers.run()
    await settle()
    expect([written, kept.log.storedLength]).toEqual([5, 5_000])
  })

  it('rewrites the last segment only', async () => {
    const numbers: number[] = []
    const place = new MemoryPlace()
    const store = new FaultyStore(new MemoryStore(place), (from, segments) => numbers.push(from + segments.length - 1))
    const timers = new Timers()
    const kept = await KeptLedger.open({ store, sha256, after: timers.after })
    for (let i = 0; i < entries.length; i += 64) {
      kept.hear(entries.slice(i, i + 64))
      await settle()
      timers.run()
      await settle()
    }
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b))
    expect(numbers.filter((number) => number === 2).length).toBeGreaterThan(10)
    await kept.close()
    expect((await open(place)).report.entries).toBe(5_000)
  })

  it('goes on in the same segment after it was loaded', async () => {
    const place = new MemoryPlace()
    for (let i = 0; i < 3_000; i += 100) {
      const kept = await open(place)
      await settle()
      kept.hear(entries.slice(i, i + 100))
      await kept.close()
    }
    expect(place.segments).toHaveLength(3)
    expect((await open(place)).ids).toEqual(idsOf(entries.slice(0, 3_000)))
  })

  it('fits into a segment however large the entries are', async () => {
    const place = new MemoryPlace()
    const kept = await open(place)
    const large = Array.from({ length: 600 }, (_, i) =>
      fakeEntry(
        { contributor: filled(32, i % 250), writer: filled(16, i >> 3), chain: filled(2_048, i % 256) },
        sha256,
      ),
    )
    kept.hear(large)
    await kept.close()
    expect(place.segments.length).toBeGreaterThan(1)
    const after = await open(place)
    expect(after.report.damagedSegments).toBe(0)
    expect(after.ids).toEqual(kept.ids)
    expect(kept.ids).toHaveLength(600)
  })

  it('is let go of: memory holds only the last segment and a few that were read', async () => {
    const kept = await open(new MemoryPlace())
    await settle()
    kept.hear(entries)
    expect(kept.log.heldBytes).toBeGreaterThan(0)
    await kept.log.flush()
    expect(kept.log.heldBytes).toBe(0)
    expect(await kept.read()).toEqual(idsOf(entries))
  })
})

describe('reading', () => {
  it('gives any ascending choice of indexes, in pieces, also of what is being written', async () => {
    const random = new Random(7)
    const kept = await open(new MemoryPlace())
    await settle()
    for (let i = 0; i < entries.length; i += 500) {
      kept.hear(entries.slice(i, i + 500))
      const wanted = Array.from({ length: kept.log.length }, (_, index) => index).filter(() => random.chance(0.3))
      const got: Entry[] = []
      for await (const piece of kept.log.read(wanted)) {
        expect(piece.length).toBeLessThanOrEqual(256)
        got.push(...piece)
      }
      const { ids } = kept
      expect(idsOf(got)).toEqual(wanted.map((index) => ids[index]))
    }
  })

  it('goes on while entries come in between', async () => {
    const kept = await open(new MemoryPlace())
    kept.hear(entries.slice(0, 1_000))
    const got: Entry[] = []
    for await (const piece of kept.log.read(Array.from({ length: 1_000 }, (_, i) => i))) {
      got.push(...piece)
      kept.hear(entries.slice(kept.log.length, kept.log.length + 400))
      await settle()
    }
    expect(idsOf(got)).toEqual(idsOf(entries.slice(0, 1_000)))
  })

  it('says so when a segment has been damaged since', async () => {
    const place = new MemoryPlace()
    const kept = await open(place)
    kept.hear(entries)
    await kept.close()
    const reader = await open(place)
    place.segments[2] = filled(100, 1)
    await expect(reader.read()).rejects.toMatchObject({ code: 'ledger-failed', reason: 'damaged' })
  })
})

describe('reading all at once', () => {
  const ALL = 1_000_000
  const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i)
  const readIds = async (kept: KeptLedger, indexes: number[], maxBatchBytes = ALL) => {
    const read = await kept.log.readAll(indexes, maxBatchBytes)
    const some = read instanceof Uint8Array ? decodeBatch(read, sha256) : read
    expect(idsOf(some ?? [])).toEqual(idsOf(indexes.map((index) => entries[index] ?? raise(index))))
    return read instanceof Uint8Array ? 'batch' : 'entries'
  }

  it('gives exactly a closed segment as the batch that it is, in memory and in the store', async () => {
    const place = new MemoryPlace()
    const kept = await open(place)
    kept.hear(entries)
    expect(kept.log.heldBytes).toBeGreaterThan(0)
    expect(await readIds(kept, from(1_024, 1_024))).toBe('batch')
    await kept.close()
    const again = await open(place)
    expect(await readIds(again, from(1_024, 1_024))).toBe('batch')
    expect(await readIds(again, from(3_072, 1_024))).toBe('batch')
  })

  it('gives entries of anything else, and of a batch that is larger than was asked for', async () => {
    const kept = await open(new MemoryPlace())
    kept.hear(entries)
    const others = [from(0, 1_023), from(1, 1_024), from(0, 2_048), from(4_096, 904), [0, ...from(2, 1_023)], []]
    for (const indexes of others) expect(await readIds(kept, indexes)).toBe('entries')
    expect(await readIds(kept, from(0, 1_024), 10_000)).toBe('entries')
  })

  it('says where batches end', async () => {
    const kept = await open(new MemoryPlace())
    kept.hear(entries)
    const ends = [0, 1_023, 1_024, 4_095, 4_096, 4_999].map((index) => kept.log.batchEnd(index))
    expect(ends).toEqual([1_024, 1_024, 2_048, 4_096, 5_000, 5_000])
  })

  it('says so when the segment has been damaged since, or is another one', async () => {
    const place = new MemoryPlace()
    const kept = await open(place)
    kept.hear(entries)
    await kept.close()
    const reader = await open(place)
    const failure = { code: 'ledger-failed', reason: 'damaged' }
    const segment = place.segments[0]?.slice() ?? filled(0, 0)
    segment[5_000] = (segment[5_000] ?? 0) ^ 1
    place.segments[0] = segment
    await expect(reader.log.readAll(from(0, 1_024), ALL)).rejects.toMatchObject(failure)
    place.segments[1] = encodeSegment(entries.slice(0, 100), sha256)
    await expect(reader.log.readAll(from(1_024, 1_024), ALL)).rejects.toMatchObject(failure)
  })
})

describe('what is damaged', () => {
  const damage: [string, (place: MemoryPlace) => void, { left: number; damaged: number; lost: number }][] = [
    ['a torn tail', (place) => (place.segments[4] = torn(place, 4)), { left: 4_096, damaged: 1, lost: 0 }],
    [
      'a torn segment in the middle',
      (place) => (place.segments[1] = torn(place, 1)),
      { left: 1_024, damaged: 1, lost: 2_952 },
    ],
    ['the first segment', (place) => (place.segments[0] = filled(0, 0)), { left: 0, damaged: 1, lost: 3_976 }],
    ['two segments that have changed places', swap, { left: 1_024, damaged: 1, lost: 3_976 }],
  ]

  it.each(damage)(
    '%s is left out with all behind it, counted, and cut off',
    async (_, harm, { left, damaged, lost }) => {
      const place = new MemoryPlace()
      const before = await open(place)
      before.hear(entries)
      await before.close()
      harm(place)
      const after = await open(place)
      await settle()
      expect(after.report).toEqual({ entries: left, damagedSegments: damaged, lostEntries: lost })
      expect(after.ids).toEqual(idsOf(entries.slice(0, left)))
      // Peers have the rest.
      after.hear(entries)
      await after.close()
      const again = await open(place)
      expect(again.report).toEqual({ entries: 5_000, damagedSegments: 0, lostEntries: 0 })
      expect(again.ledger.stateDigest()).toEqual(before.ledger.stateDigest())
    },
  )

  it('is cut off even if nothing new comes', async () => {
    const place = new MemoryPlace()
    const before = await open(place)
    before.hear(entries)
    await before.close()
    place.segments[3] = torn(place, 3)
    await (await open(place)).close()
    expect((await open(place)).report).toEqual({ entries: 3_072, damagedSegments: 0, lostEntries: 0 })
  })

  it('is a segment, too, that holds what the ledger does not take: what is before it counts, and is written again', async () => {
    const place = new MemoryPlace()
    const [keeper, before] = [await open(place), await open(place)]
    before.hear(entries.slice(0, 1_500))
    await keeper.close()
    await before.close()
    const stranger = fakeEntry({ prev: filled(32, 9), seq: 5, parents: [filled(32, 8)] }, sha256)
    const [first = new Uint8Array()] = place.segments
    const second = encodeSegment([...entries.slice(1_024, 1_300), stranger, ...entries.slice(1_300, 1_500)], sha256)
    place.segments.splice(0, 2, first, second)
    const other = new MemoryStore(place)
    await other.becomeKeeper()
    const reader = await open(place)
    expect(reader.report).toEqual({ entries: 1_300, damagedSegments: 1, lostEntries: 201 })
    expect(reader.log.storedLength).toBe(1_024)
    await other.close()
    await settle()
    // What was right behind it has been found.
    expect(reader.ids).toEqual(idsOf(entries.slice(0, 1_500)))
    await reader.close()
    expect((await open(place)).report).toEqual({ entries: 1_500, damagedSegments: 0, lostEntries: 0 })
  })

  it('is not made worse by a client that is not the keeper', async () => {
    const place = new MemoryPlace()
    const before = await open(place)
    before.hear(entries)
    await before.log.flush()
    const [whole] = [place.segments[1]]
    place.segments[1] = torn(place, 1)
    const reader = await open(place)
    expect(reader.report.entries).toBe(1_024)
    reader.hear(entries.slice(0, 1_500))
    await reader.close()
    if (whole) place.segments[1] = whole
    await before.close()
    expect((await open(place)).report.entries).toBe(5_000)
  })
})

describe('when writing fails', () => {
  it('says so once, keeps everything in memory, and tries again', async () => {
    const timers = new Timers()
    const place = new MemoryPlace()
    const store = new FaultyStore(new MemoryStore(place))
    const kept = await KeptLedger.open({ store, sha256, after: timers.after })
    await settle()
    store.fail('no-space')
    kept.hear(entries.slice(0, 2_000))
    await settle()
    expect(kept.errors).toMatchObject([{ code: 'ledger-failed', reason: 'no-space' }])
    kept.hear(entries.slice(2_000))
    await settle()
    expect(kept.errors).toHaveLength(1)
    expect(await kept.read()).toEqual(idsOf(entries))
    await expect(kept.log.flush()).rejects.toMatchObject({ reason: 'no-space' })
    store.fail(undefined)
    timers.run()
    await settle()
    expect(kept.log.storedLength).toBe(4_096)
    timers.run()
    await settle()
    expect(kept.log.storedLength).toBe(5_000)
    expect(kept.errors).toHaveLength(1)
    await kept.close()
    expect((await open(place)).report.entries).toBe(5_000)
  })

  it('says that the store is gone when segments are missing', async () => {
    const place = new MemoryPlace()
    const kept = await open(place)
    kept.hear(entries)
    await kept.log.flush()
    place.segments.length = 0
    kept.hear(fakeEntries(10, sha256, 50))
    await expect(kept.log.flush()).rejects.toMatchObject({ code: 'ledger-failed', reason: 'gone' })
  })
})

describe('several clients of one store', () => {
  it('each have everything, in their own order, and the store has it once', async () => {
    const place = new MemoryPlace()
    const [one, other] = [await open(place), await open(place)]
    const [mine, yours] = [fakeEntries(3_000, sha256, 10), fakeEntries(2_500, sha256, 20)]
    for (let i = 0; i < 3_000; i += 100) {
      one.hear(mine.slice(i, i + 100))
      one.hear(yours.slice(i, i + 100))
      other.hear(yours.slice(i, i + 100))
      other.hear(mine.slice(i, i + 100))
      await settle()
    }
    expect([one.log.isKeeper, other.log.isKeeper]).toEqual([true, false])
    await one.close()
    await settle()
    expect(other.log.isKeeper).toBe(true)
    expect(await other.read()).toEqual(other.ids)
    await other.close()
    const after = await open(place)
    expect(after.report).toEqual({ entries: 5_500, damagedSegments: 0, lostEntries: 0 })
    expect(after.ledger.stateDigest()).toEqual(one.ledger.stateDigest())
  })

  it('bring what only the last keeper had to the next one, and what only that one had to the store', async () => {
    const place = new MemoryPlace()
    const early = await open(place)
    early.hear(entries.slice(0, 1_500))
    await early.log.flush()
    const late = await open(place)
    const [mine, yours] = [fakeEntries(300, sha256, 10), fakeEntries(400, sha256, 20)]
    early.hear(mine)
    late.hear(yours)
    await early.close()
    await settle()
    expect(late.ids).toHaveLength(2_200)
    expect(await late.read()).toEqual(late.ids)
    const more = fakeEntries(1_200, sha256, 30)
    late.hear(more)
    expect(await late.read()).toEqual(late.ids)
    await late.close()
    const after = await open(place)
    expect(after.report).toEqual({ entries: 3_400, damagedSegments: 0, lostEntries: 0 })
    expect(after.ledger.stateDigest()).toEqual(late.ledger.stateDigest())
  })

  it('write everything, also when they are closed while they take over', async () => {
    const place = new MemoryPlace()
    const one = await open(place)
    const store = new MemoryStore(place)
    const other = await KeptLedger.open({ store, sha256 })
    other.hear(entries)
    vi.spyOn(store, 'segmentCount').mockImplementationOnce(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20))
      return place.segments.length
    })
    await one.close()
    await settle()
    expect(other.log.isKeeper).toBe(false)
    await other.close()
    expect((await open(place)).report.entries).toBe(5_000)
  })

  it('do not go on where segments have disappeared meanwhile', async () => {
    const place = new MemoryPlace()
    const one = await open(place)
    one.hear(entries)
    await one.log.flush()
    const other = await open(place)
    place.segments.length = 2
    await one.store.close()
    await settle()
    expect(other.errors).toMatchObject([{ code: 'ledger-failed', reason: 'gone' }])
    expect(place.segments).toHaveLength(2)
  })

  it('write everything when the keeper never wrote anything', async () => {
    const place = new MemoryPlace()
    const [one, other] = [await open(place), await open(place)]
    other.hear(entries)
    await one.close()
    await settle()
    await other.log.flush()
    // Nothing in memory: what is there is as it is here.
    expect(other.log.heldBytes).toBe(0)
    expect((await open(place)).report.entries).toBe(5_000)
  })

  it('take over again from each other after a page was put away', async () => {
    const place = new MemoryPlace()
    const [one, other] = [await open(place), await open(place)]
    for (let i = 0; i < 5_000; i += 500) {
      const [keeper, waiting] = (i / 500) % 2 === 0 ? [one, other] : [other, one]
      await settle()
      expect([keeper.log.isKeeper, waiting.log.isKeeper]).toEqual([true, false])
      keeper.hear(entries.slice(i, i + 500))
      waiting.hear(entries.slice(i, i + 250))
      await keeper.log.suspend()
      void keeper.log.keep()
      await settle()
    }
    await one.close()
    await other.close()
    const after = await open(place)
    expect(after.report).toEqual({ entries: 5_000, damagedSegments: 0, lostEntries: 0 })
  })

  it('are the keeper again, whenever a page that is put away comes back, and however often it says so', async () => {
    const place = new MemoryPlace()
    const store = new FaultyStore(new MemoryStore(place))
    const one = await KeptLedger.open({ store, sha256 })
    void one.log.keep()
    await settle()
    one.hear(entries.slice(0, 500))
    // It comes back while it still writes.
    const release = store.hold()
    const suspended = one.log.suspend()
    await settle()
    void one.log.keep()
    release()
    await suspended
    await settle()
    expect(one.log.isKeeper).toBe(true)
    one.hear(entries.slice(500, 1_100))
    await settle()
    expect(one.log.storedLength).toBe(1_024)
    // And at once.
    await Promise.all([one.log.suspend(), one.log.suspend(), one.log.keep(), one.log.keep()])
    await settle()
    expect(one.log.isKeeper).toBe(true)
    await Promise.all([one.log.suspend(), one.log.keep(), one.log.suspend()])
    await settle()
    expect(one.log.isKeeper).toBe(false)
    const other = await open(place)
    expect(other.log.isKeeper).toBe(true)
    // The same while another one is the keeper.
    await Promise.all([one.log.keep(), one.log.suspend(), one.log.keep(), other.close()])
    await settle()
    expect(one.log.isKeeper).toBe(true)
    await one.close()
    expect((await open(place)).report.entries).toBe(1_100)
  })

  it.each(SEEDS)('lose nothing that was flushed, whoever comes, goes and crashes (seed %i)', async (seed) => {
    const random = new Random(seed)
    const place = new MemoryPlace()
    const all = [
      ...fakeEntries(1_500, sha256, 10),
      ...fakeEntries(1_500, sha256, 20),
      ...fakeEntries(1_500, sha256, 30),
    ]
    const groups = [0, 1, 2].map((group) => all.slice(group * 1_500, group * 1_500 + 1_500))
    let clients: KeptLedger[] = []
    const flushed = new Set<string>()
    for (let step = 0; step < 150; step++) {
      const choice = random.fraction()
      const client = clients.length > 0 ? random.pick(clients) : undefined
      if (!client || (choice < 0.1 && clients.length < 4)) clients.push(await open(place))
      else if (choice < 0.75) {
        // Peers send what follows on what one has, of one group or another.
        const group = random.pick(groups)
        const from = group.findIndex(({ id }) => client.ledger.indexOf(id) < 0)
        if (from >= 0) client.hear(group.slice(from, from + random.below(200)))
      } else if (choice < 0.9) {
        await client.log.flush()
        if (client.log.isKeeper) for (const id of client.ids) flushed.add(id)
      } else {
        if (choice < 0.95) await client.close()
        // As a killed tab: its locks are free, and nothing else has happened.
        else await client.store.close()
        clients = clients.filter((other) => other !== client)
      }
      await settle()
      for (const { log, ledger } of clients) expect(log.length).toBe(ledger.size)
    }
    for (const client of clients) expect(await client.read()).toEqual(client.ids)
    await Promise.all(clients.map(({ store }) => store.close()))
    const after = await open(place)
    expect(after.report).toMatchObject({ damagedSegments: 0, lostEntries: 0 })
    expect(new Set(after.ids).size).toBe(after.ids.length)
    const kept = new Set(after.ids)
    expect([...flushed].filter((id) => !kept.has(id))).toEqual([])
  })
})

/** As a write leaves it that was cut off in the middle. */
function torn(place: MemoryPlace, number: number) {
  const bytes = place.segments[number] ?? filled(0, 0)
  return bytes.slice(0, bytes.length >> 1)
}

function swap({ segments }: MemoryPlace): void {
  const [, one, other] = segments
  if (one && other) segments.splice(1, 2, other, one)
}

function raise(index: number): never {
  throw new Error(`there is no entry ${index}`)
}
