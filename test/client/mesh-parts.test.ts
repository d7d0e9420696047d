/** Parts of the mesh, each by itself: what was heard before, what is kept, who turns to a newcomer, what and who waits for a link, whose announcements are. */
import * as fc from 'fast-check'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Peer } from '../../client/api.ts'
import { ROOM } from '../../client/carrier/carriers.ts'
import { Announcements } from '../../client/mesh/announcements.ts'
import type { MeshHost, ProvenMember } from '../../client/mesh/api.ts'
import { GOSSIP_POLICY } from '../../client/mesh/gossip-policy.ts'
import { HeardBefore } from '../../client/mesh/heard-before.ts'
import { MessageStore, type StoredMessage } from '../../client/mesh/message-store.ts'
import { Newcomers, type NewcomersHost } from '../../client/mesh/newcomers.ts'
import { Outbox } from '../../client/mesh/outbox.ts'
import { Reaching } from '../../client/mesh/reaching.ts'
import { textOf, utf8, type Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { Random } from '../sim/random.ts'

describe('what is kept of what was said', () => {
  const messageOf = (byteLength: number): StoredMessage => {
    const bytes = new Uint8Array(byteLength)
    return { id: bytes, topic: 2, origin: 'a', isNew: true, bytes, from: undefined }
  }

  it('is bounded in bytes, also when some is said again', () => {
    const store = new MessageStore(GOSSIP_POLICY)
    for (let i = 0; i < 1_000; i++) store.add('again', messageOf(16_384), 0)
    expect([store.size, store.byteLength]).toEqual([1, 16_384])
    for (let i = 0; i < 1_000; i++) store.add(`other ${i}`, messageOf(16_384), 0)
    expect(store.size * 16_384).toBe(GOSSIP_POLICY.maxStoredBytes)
  })
})

describe('what was heard before', () => {
  it('is never new again, whatever else is said and however much', () => {
    const word = fc.record({
      speaker: fc.constantFrom('a', 'b', 'c'),
      saidAgoMs: fc.integer({ min: -70_000, max: 130_000 }),
      passMs: fc.integer({ min: 0, max: 20_000 }),
    })
    fc.assert(
      fc.property(fc.array(word, { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (words, most) => {
        const heard = new HeardBefore(most, 120_000, 60_000)
        const taken = new Set<string>()
        let nowMs = 1_000_000
        for (const { speaker, saidAgoMs, passMs } of words) {
          nowMs += passMs
          // Times repeat, so that the same comes again.
          const saidAtMs = Math.floor((nowMs - saidAgoMs) / 5_000) * 5_000
          const key = `${speaker} ${saidAtMs}`
          const isNew = heard.take(speaker, saidAtMs, nowMs)
          if (isNew && taken.has(key)) return false
          if (isNew) taken.add(key)
          if (!heard.has(speaker, saidAtMs, nowMs) || heard.size > most) return false
        }
        return true
      }),
    )
  })

  it('lets through what is said in time', () => {
    const heard = new HeardBefore(100, 120_000, 60_000)
    for (let i = 0; i < 50; i++) expect(heard.take('a', 1_000 * i, 1_000 * i + 500)).toBe(true)
    expect(heard.take('a', 49_000, 50_000)).toBe(false)
    expect(heard.take('b', 49_000, 50_000)).toBe(true)
    expect(heard.take('b', 49_000 - 120_001, 49_000)).toBe(false)
    expect(heard.take('b', 49_000 + 60_001, 49_000)).toBe(false)
  })
})

describe('a newcomer of whom another carrier tells everybody', () => {
  const GUN = 2
  const nobody: NewcomersHost = {
    random: () => 0,
    size: 1,
    isComplete: false,
    isLacking: true,
    counted: () => undefined,
    member: () => undefined,
    link: () => undefined,
  }

  function greeters(members: number, isLacking = false): Promise<number> {
    const chance = new Random(members)
    const random = () => chance.fraction()
    let links = 0
    const host = { ...nobody, random, size: members, isLacking, link: () => void links++ }
    const all = Array.from({ length: members }, () => new Newcomers(host, announcements(memberOf('new'))))
    return Promise.all(all.map((each) => each.told(utf8('new'), GUN))).then(() => links)
  }

  it.each([10, 100, 1_000, 3_000])('is linked to by some, and not by all, of %s', async (members) => {
    const links = await greeters(members)
    expect(links).toBeGreaterThanOrEqual(2)
    expect(links).toBeLessThanOrEqual(20)
  })

  it('is linked to by whoever lacks neighbours', async () => {
    expect(await greeters(50, true)).toBe(50)
  })

  it('is linked to by everybody as long as nobody knows of many, and is no candidate then', async () => {
    const linked: string[] = []
    const known: string[] = []
    let count = 0
    const host = {
      ...nobody,
      isLacking: false,
      size: 1_000_000,
      random: () => 1,
      get isComplete() {
        return count <= 3
      },
      counted: () => void count++,
      member: (id: PeerId) => void known.push(id),
      link: (announcement: Bytes, via: number) => void linked.push(`${textOf(announcement)} ${via}`),
    }
    for (const name of ['a', 'b', 'c', 'd', 'e'])
      await new Newcomers(host, announcements(memberOf(name))).told(utf8(name), GUN)
    expect(linked).toEqual(['a 2', 'b 2', 'c 2'])
    expect(known).toEqual(['d', 'e'])
  })

  it('is left to the room where there is one', async () => {
    let links = 0
    const known: PeerId[] = []
    const host = { ...nobody, member: (id: PeerId) => void known.push(id), link: () => void links++ }
    await new Newcomers(host, announcements(memberOf('new'))).told(utf8('new'), ROOM)
    expect(known).toEqual(['new'])
    expect(links).toBe(0)
  })

  it('waits for nobody when many come at once: what is beyond is not looked at', async () => {
    let proofs = 0
    const held: (() => void)[] = []
    const proving = announcements(undefined, async () => {
      proofs++
      await new Promise<void>((resolve) => held.push(resolve))
      return undefined
    })
    const newcomers = new Newcomers(nobody, proving)
    const all = Array.from({ length: 500 }, (_, i) => newcomers.told(utf8(`${i}`), GUN))
    expect(proofs).toBe(64)
    for (const resolve of held) resolve()
    await Promise.all(all)
    void newcomers.told(utf8('later'), GUN)
    expect(proofs).toBe(65)
  })
})

describe('what waits for a link', () => {
  it('is bounded, small messages have some more room, and all of it is there again when the link has taken it', async () => {
    let sent = 0
    let take: () => void = () => undefined
    const taken = new Promise<void>((resolve) => (take = resolve))
    const outbox = new Outbox({
      send: () => {
        sent++
        return Object.assign(taken, { id: 0, delivered: taken })
      },
    })
    const peer = 'peer' as PeerId
    for (let i = 0; i < 100; i++) outbox.send(peer, new Uint8Array(16_000))
    expect(sent).toBe(16)
    expect(outbox.dropped).toBe(84)
    for (let i = 0; i < 10; i++) outbox.send(peer, new Uint8Array(3))
    expect(sent).toBe(26)
    outbox.send('other' as PeerId, new Uint8Array(16_000))
    expect(sent).toBe(27)
    take()
    await taken
    await Promise.resolve()
    outbox.send(peer, new Uint8Array(16_000))
    expect(sent).toBe(28)
  })

  it('is forgotten with the link, and a link that is over throws nothing', async () => {
    const failing = () => {
      const failed = Promise.reject(new Error('over'))
      return Object.assign(failed, { id: 0, delivered: failed.catch(() => undefined) })
    }
    const outbox = new Outbox({ send: failing })
    outbox.send('peer' as PeerId, new Uint8Array(10))
    outbox.forget('peer' as PeerId)
    await Promise.resolve()
  })

  it('is nothing while there is no link', () => {
    const links: Promise<void>[] = []
    const outbox = new Outbox({ send: () => links[0] })
    const peer = 'peer' as PeerId
    for (let i = 0; i < 100; i++) outbox.send(peer, new Uint8Array(16_000))
    links.push(new Promise(() => undefined))
    for (let i = 0; i < 16; i++) outbox.send(peer, new Uint8Array(16_000))
    expect(outbox.dropped).toBe(0)
  })
})

describe('who waits for a link', () => {
  it('leaves nothing behind once there is one', async () => {
    vi.useFakeTimers()
    const cleared = vi.spyOn(globalThis, 'clearTimeout')
    onTestFinished(() => {
      vi.restoreAllMocks()
      vi.useRealTimers()
    })
    const reaching = new Reaching()
    const peer = { id: 'peer' as PeerId } as Peer
    for (let i = 0; i < 10; i++) {
      const reached = reaching.wait(peer.id)
      reaching.came(peer)
      expect(await reached).toBe(peer)
    }
    expect(vi.getTimerCount()).toBe(0)
    cleared.mockClear()
    reaching.close()
    expect(cleared).not.toHaveBeenCalled()
  })
})

describe('announcements', () => {
  it('count members of whom something was heard in the last ten minutes', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const all = announcements(memberOf('early'))
    await all.prove(utf8('early'))
    expect(all.count).toBe(1)
    vi.advanceTimersByTime(600_001)
    expect(all.count).toBe(0)
  })

  it('are proven once, counted, and the application is asked once', async () => {
    let proofs = 0
    let questions = 0
    const known = new Announcements({
      peerId: 'me' as PeerId,
      prove: async (bytes) => (proofs++, memberOf(String.fromCharCode(...bytes))),
      authorize: async ({ id }) => (questions++, id !== 'eve'),
    })
    for (let i = 0; i < 3; i++) {
      expect((await known.admit(utf8('ada')))?.id).toBe('ada')
      expect(await known.admit(utf8('eve'))).toBeUndefined()
      expect((await known.prove(utf8('eve')))?.id).toBe('eve')
    }
    expect([proofs, questions, known.count]).toEqual([2, 2, 2])
    await known.prove(utf8('me'))
    expect(known.count).toBe(2)
  })

  it('hold nobody up while the application decides, and it is asked about few at once', async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const questions: ((isIn: boolean) => void)[] = []
    const known = new Announcements({
      peerId: 'me' as PeerId,
      prove: async (bytes) => memberOf(String.fromCharCode(...bytes)),
      authorize: () => new Promise((resolve) => questions.push(resolve)),
    })
    const all = Array.from({ length: 1_000 }, (_, i) => known.admit(utf8(`${i}`)))
    await vi.advanceTimersByTimeAsync(0)
    expect(questions).toHaveLength(64)
    await vi.advanceTimersByTimeAsync(2_000)
    expect((await Promise.all(all)).filter(Boolean)).toEqual([])
    // What it decides later counts from then on.
    questions[0]?.(true)
    expect((await known.admit(utf8('0')))?.id).toBe('0')
    void known.admit(utf8('1000'))
    await vi.advanceTimersByTimeAsync(0)
    expect(questions).toHaveLength(65)
  })

  it('are not proven when too many are being proven', async () => {
    let proofs = 0
    const known = announcements(undefined, () => {
      proofs++
      return new Promise(() => undefined)
    })
    const all = Array.from({ length: 1_000 }, (_, i) => known.prove(utf8(`${i}`)))
    expect(proofs).toBe(320)
    expect(await all[999]).toBeUndefined()
  })
})

function memberOf(id: string): ProvenMember {
  return { id: id as PeerId, siteId: id, name: id, capabilities: [], identity: new Uint8Array(32) }
}

function announcements(member: ProvenMember | undefined, prove: MeshHost['prove'] = async () => member): Announcements {
  return new Announcements({ peerId: 'me' as PeerId, prove, authorize: async () => true })
}
