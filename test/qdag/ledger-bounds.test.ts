/** What strangers can make a ledger hold, and do, is bounded. */
import * as fc from 'fast-check'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import type { Entry, EntryBody } from '../../client/qdag/entry.ts'
import { Ledger } from '../../client/qdag/ledger.ts'
import { sizeOf } from '../../client/qdag/ledger/compact.ts'
import { ALL_BYTES, ALL_ENTRIES, PEER_BYTES, PEER_ENTRIES, WaitingRoom } from '../../client/qdag/ledger/waiting-room.ts'
import { utf8, type Bytes } from '../../protocol/bytes.ts'
import { affordableVisits, stateOf, visitsOf } from './ledger-cost.ts'
import { Contributor, fakeEntry, NETWORK_ID } from './support/fake-entries.ts'

const NOW_MS = 1_790_000_000_000
const FLOOD = 3_000

let ledger: Ledger
beforeEach(() => {
  ledger = new Ledger({ networkId: NETWORK_ID, sha256 })
})

describe('a flood from one peer', () => {
  test('of orphans leaves no more than its share', () => {
    for (let i = 0; i < FLOOD; i++) ledger.add(orphan(i), 'eve', NOW_MS)
    expect(ledger.statistics().orphans).toBe(PEER_ENTRIES)
    expect(ledger.missing()).toHaveLength(PEER_ENTRIES)
  })

  test('keeps its latest, and everything of others', () => {
    const honest = new Contributor(1, sha256)
    const [first, second] = [honest.next(), honest.next()]
    ledger.add(second, 'ann', NOW_MS)
    for (let i = 0; i < FLOOD; i++) ledger.add(orphan(i), 'eve', NOW_MS)
    expect(ledger.knows(orphan(FLOOD - PEER_ENTRIES).id)).toBe(true)
    expect(ledger.knows(orphan(FLOOD - PEER_ENTRIES - 1).id)).toBe(false)
    expect(ledger.add(first, 'bob', NOW_MS)).toMatchObject({ kind: 'added', solid: [first, second] })
  })

  test('of entries from the future leaves no more than its share', () => {
    for (let i = 0; i < FLOOD; i++) ledger.add(early(i), 'eve', NOW_MS)
    expect(ledger.statistics()).toMatchObject({ entries: 0, parked: PEER_ENTRIES })
  })

  test('of long entries is counted by their length', () => {
    for (let i = 0; i < FLOOD; i++) ledger.add(orphan(i, { chain: new Uint8Array(2_048) }), 'eve', NOW_MS)
    const size = sizeOf(orphan(0, { chain: new Uint8Array(2_048) }))
    expect(ledger.statistics().orphans).toBe(Math.floor(PEER_BYTES / size))
  })
})

describe('a flood from many peers', () => {
  test('leaves no more than there is room for, and everything of who sent little', () => {
    const flood = () => {
      for (let i = 10; i < 1.5 * ALL_ENTRIES; i++) ledger.add(orphan(flooded++), `eve ${i % 30}`, NOW_MS)
    }
    let flooded = 10
    flood()
    for (let i = 0; i < 10; i++) ledger.add(orphan(i), 'ann', NOW_MS)
    flood()
    expect(ledger.statistics().orphans).toBe(ALL_ENTRIES)
    for (let i = 0; i < 10; i++) expect(ledger.knows(orphan(i).id)).toBe(true)
  })

  test('of long entries leaves no more than there is room for', () => {
    const chain = new Uint8Array(2_048)
    for (let i = 0; i < 1_000; i++) ledger.add(orphan(i, { chain }), `eve ${i % 30}`, NOW_MS)
    expect(ledger.statistics().orphans).toBe(Math.floor(ALL_BYTES / sizeOf(orphan(0, { chain }))))
  })
})

/** Looks at what waits every second. */
function pass(ms: number, fromMs = 0): void {
  for (let atMs = fromMs; atMs <= fromMs + ms; atMs += 1_000) ledger.ripen(NOW_MS + atMs)
}

describe('what waits', () => {
  test('goes with the peer that sent it', () => {
    for (let i = 0; i < 6; i++) ledger.add(i < 3 ? orphan(i) : early(i), i % 2 ? 'ann' : 'eve', NOW_MS)
    ledger.forget('eve')
    expect(ledger.statistics()).toMatchObject({ orphans: 1, parked: 2 })
  })

  test('goes after half a minute when nobody has what it waits for', () => {
    ledger.add(orphan(1), 'ann', NOW_MS)
    pass(29_000)
    expect(ledger.statistics().orphans).toBe(1)
    pass(2_000, 29_000)
    expect(ledger.statistics().orphans).toBe(0)
    expect(ledger.missing()).toEqual([])
  })

  test('does not go because the clock is set, or the machine has slept', () => {
    ledger.add(orphan(1), 'ann', NOW_MS)
    for (const offsetMs of [0, 60_000, -60_000, 3_600_000]) pass(3_000, offsetMs)
    expect(ledger.statistics().orphans).toBe(1)
    pass(30_000, 3_603_000)
    expect(ledger.statistics().orphans).toBe(0)
  })

  test('stays as long as it takes when it only waits for its time, together with what builds on it', () => {
    const fast = new Contributor(1, sha256)
    const [first, second] = [fast.next(undefined, { tsMs: NOW_MS + 600_000 }), fast.next()]
    expect(ledger.add(second, 'ann', NOW_MS)).toEqual({ kind: 'orphan', missing: [first.id] })
    expect(ledger.add(first, 'ann', NOW_MS)).toEqual({ kind: 'parked' })
    expect(ledger.ripen(NOW_MS + 479_999).solid).toEqual([])
    expect(ledger.ripen(NOW_MS + 480_001).solid).toEqual([first, second])
  })

  test('is gone, and what builds on it goes in time, when it breaks a rule after all', () => {
    const honest = new Contributor(1, sha256)
    const first = honest.next()
    const flawed = honest.next(undefined, { tsMs: first.tsMs })
    const last = honest.next(undefined, { tsMs: first.tsMs + 1 })
    ledger.add(last, 'ann', NOW_MS)
    ledger.add(flawed, 'ann', NOW_MS)
    expect(ledger.add(first, 'ann', NOW_MS)).toMatchObject({ kind: 'added', solid: [first] })
    expect(ledger.statistics()).toMatchObject({ entries: 1, orphans: 1 })
    pass(31_000)
    expect(ledger.statistics()).toMatchObject({ entries: 1, orphans: 0 })
  })

  test('does not keep the message alive in which it came', () => {
    const fast = new Contributor(1, sha256)
    const made = fast.next(undefined, { tsMs: NOW_MS + 600_000 })
    const message = new Uint8Array(500_000)
    message.set(made.id, 1_000)
    ledger.add({ ...made, id: message.subarray(1_000, 1_032) }, 'ann', NOW_MS)
    const [kept] = ledger.ripen(NOW_MS + 600_000).solid
    expect(kept).toEqual(made)
    expect(kept?.id.buffer.byteLength).toBeLessThan(1_000)
  })

  test('leaves nothing behind, whatever has happened to it', () => {
    const actions = fc.record({ number: fc.nat(60), on: fc.nat(60), peer: fc.nat(3), act: fc.nat(5) })
    fc.assert(
      fc.property(fc.array(actions, { maxLength: 300, size: 'max' }), (list) => {
        const room = new WaitingRoom()
        const held = new Map<string, number>()
        for (const { number, on, peer, act } of list) {
          const entry = orphan(number)
          if (act === 0)
            for (const {
              entry: { id },
            } of room.release(orphan(on).id))
              held.delete(id.join())
          else if (!room.has(entry.id)) {
            if (act === 1) room.park(entry, `${peer}`)
            else room.holdOrphan(entry, `${peer}`, [orphan(on).id, orphan(on + 1).id])
            held.set(entry.id.join(), sizeOf(entry))
          }
          expect(room.bytes).toBe([...held.values()].reduce((sum, size) => sum + size, 0))
        }
        for (const peer of ['0', '1', '2', '3']) room.forget(peer)
        expect(room.isEmpty).toBe(true)
      }),
    )
  })
})

describe('a long chain', () => {
  const LENGTH = 100_000

  test('of one contributor is confirmed at once, in one walk for each witness', () => {
    const lone = quickContributor('lone')
    let last: Entry | undefined
    for (let i = 0; i < LENGTH; i++) {
      last = lone(last?.id)
      ledger.add(last, 'ann', NOW_MS)
    }
    const on = last?.id
    const confirmed = ['one', 'two', 'three'].map((name) => {
      const verdict = ledger.add(quickContributor(name)(undefined, on), 'ann', NOW_MS)
      return verdict.kind === 'added' ? verdict.confirmed.length : verdict.kind
    })
    expect(confirmed).toEqual([0, 0, LENGTH])
    expect(visitsOf(ledger)).toBeLessThanOrEqual(affordableVisits(ledger.size, 3))
  })

  test('that comes backwards is taken as a whole when its first entry comes', () => {
    const one = new Contributor(1, sha256)
    const chain = Array.from({ length: ALL_ENTRIES }, () => one.next())
    for (const [i, entry] of chain.entries()) if (i > 0) ledger.add(entry, `peer ${i % 16}`, NOW_MS)
    const [first] = chain
    expect(first && ledger.add(first, 'ann', NOW_MS)).toMatchObject({ kind: 'added', solid: chain })
  })

  test('in which one number is used again and again takes no walk to find what had it', () => {
    const lone = quickContributor('lone')
    const chain: Entry[] = []
    for (let i = 0; i < 20_000; i++) {
      const entry = lone(chain.at(-1)?.id)
      chain.push(entry)
      ledger.add(entry, 'ann', NOW_MS)
    }
    const { entries } = stateOf(ledger)
    const skip = vi.spyOn(entries, 'skip')
    for (const entry of chain) ledger.add({ ...entry, id: sha256(entry.id) }, 'ann', NOW_MS)
    expect(ledger.forks()).toHaveLength(chain.length)
    // Step by step it would take 200 million.
    expect(skip.mock.calls.length).toBeLessThan(chain.length * 40)
  })
})

/** Builds on what nobody has. */
function orphan(number: number, body: Partial<EntryBody> = {}): Entry {
  return fakeEntry(
    { parents: [sha256(utf8(`nobody has ${number}`))], taskId: `${number}`.padStart(8), ...body },
    sha256,
  )
}

function early(number: number): Entry {
  return fakeEntry({ tsMs: NOW_MS + 3_600_000 + number, taskId: `${number}` }, sha256)
}

/** Makes entries that are right but for their ids, which take no time. */
function quickContributor(name: string): (prev?: Bytes, parent?: Bytes) => Entry {
  const contributor = sha256(utf8(name))
  const template = fakeEntry({}, sha256)
  let seq = 0
  return (prev, parent) => ({
    ...template,
    contributor,
    seq,
    prev,
    parents: [parent ?? prev ?? NETWORK_ID],
    tsMs: NOW_MS - 1_000_000 + seq++ + (parent ? 900_000 : 0),
    id: sha256(utf8(`${name} ${seq}`)),
  })
}
