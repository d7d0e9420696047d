import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { LedgerEntry } from '../../client/qdag/api.ts'
import { COLOURS, withColours } from '../../client/page/contributor-colours.ts'
import { followLedger, type FollowedLedger } from '../../client/page/ledger-feed.ts'
import {
  MAX_LATEST,
  MAX_NAMES,
  MAX_RECENT,
  MAX_SHOWN_CONTRIBUTORS,
  type LedgerEvent,
} from '../../client/page/ledger-state.ts'
import { colourOf, ledgerViewOf } from '../../client/page/ledger-view.ts'
import { initialState, reduce, type PageEvent, type PageState } from '../../client/page/state.ts'
import { fakeSiteId, GrowingLedger } from '../support/growing-ledger.ts'

const ME = fakeSiteId(0)
const OTHERS = [fakeSiteId(1), fakeSiteId(2), fakeSiteId(3), fakeSiteId(4)]
const QUALITY = { rttMs: 2, jitterMs: 0.1, loss: 0, bytesPerSecond: 0, score: 97, level: 'excellent' } as const

function joined(): PageState {
  return after(initialState('mainnet', 0.5), [
    { type: 'identity', siteId: ME, kept: true },
    { type: 'joined', peerId: 'me', networkId: 'net-x', total: 1 },
  ])
}

function after(state: PageState, events: readonly PageEvent[]): PageState {
  return events.reduce(reduce, state)
}

function peer(id: string, siteId: string, name: string): PageEvent {
  const path = { kind: 'relay' } as const
  const link = {
    state: 'verified',
    path,
    rttMs: undefined,
    quality: QUALITY,
    carrier: 'room',
    isNeighbour: false,
  } as const
  const facts = { id, siteId, name, ...link }
  return { type: 'peer', peer: facts, sinceMs: 60, nowMs: 1_000 }
}

/** A page that follows a ledger, on fake timers. */
class Follower {
  readonly ledger = new GrowingLedger([ME, ...OTHERS])
  readonly told: LedgerEvent[] = []
  readonly leaving = new AbortController()
  state = joined()

  follow(ledger: FollowedLedger = this.ledger): void {
    const tell = (event: LedgerEvent) => {
      this.told.push(event)
      this.state = reduce(this.state, event)
    }
    followLedger(ledger, ME, tell, this.leaving.signal)
  }

  grow(count: number): LedgerEntry[] {
    return Array.from({ length: count }, () => this.ledger.grow())
  }

  get view() {
    return ledgerViewOf(this.state)
  }

  figures(): Record<string, string> {
    return Object.fromEntries(this.view.figures.map(({ term, value }) => [term, value]))
  }
}

const settle = () => vi.advanceTimersByTimeAsync(1_000)

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('the ledger on the page', () => {
  it('is empty before there is one, and while nobody has contributed', async () => {
    expect(ledgerViewOf(joined())).toMatchObject({ isEmpty: true, figures: [], facts: [], entries: [] })
    const page = new Follower()
    page.follow()
    await settle()
    expect(page.view).toMatchObject({ isEmpty: true, drawing: 'Drawing of the ledger: no entries yet.' })
  })

  it('begins with what is there, and goes on with what comes', async () => {
    const page = new Follower()
    page.grow(3)
    page.follow()
    await settle()
    expect(page.figures()).toMatchObject({ Entries: '3' })
    page.grow(1)
    await settle()
    expect(page.figures()).toMatchObject({ Entries: '4' })
    expect(page.state.ledger.recent).toHaveLength(4)
    // Asked once, when it knew nothing; the rest was told.
    expect(page.ledger.reads).toBe(1)
  })

  it('lists the newest entries first, with names, ids and whether they are confirmed', async () => {
    const page = new Follower()
    page.state = reduce(page.state, peer('p1', fakeSiteId(1), 'Ada'))
    page.follow()
    page.ledger.grow(fakeSiteId(1), false, 'render/1')
    page.ledger.grow(ME, true, 'render/2')
    await settle()
    expect(page.view.entries).toMatchObject([
      { name: 'You', shortId: '', taskId: 'render/2', confirmation: 'waiting', isOwn: true, colour: 0 },
      { name: 'Ada', shortId: 'xx1AAA', taskId: 'render/1', confirmation: 'waiting', isOwn: false },
    ])
    for (let i = 0; i < 3; i++) for (const other of OTHERS) page.ledger.grow(other)
    await settle()
    const first = page.state.ledger.recent.find(({ taskId }) => taskId === 'render/1')
    expect(first?.isConfirmed).toBe(true)
    expect(page.view.entries).toHaveLength(MAX_LATEST)
  })

  it('keeps the names of contributors who have left the room', async () => {
    const page = new Follower()
    page.follow()
    page.state = after(page.state, [peer('p1', fakeSiteId(1), 'Ada'), { type: 'peer-left', id: 'p1' }])
    page.ledger.grow(fakeSiteId(1))
    page.ledger.grow(fakeSiteId(2))
    await settle()
    expect(page.view.contributors.map(({ name }) => name).toSorted()).toEqual(['Ada', 'Unnamed'])
  })

  it('says whose credits count no more: of members who were removed', async () => {
    const page = new Follower()
    page.follow()
    page.ledger.grow(fakeSiteId(1))
    page.ledger.grow(fakeSiteId(2))
    await settle()
    expect(page.view.contributors.map(({ blame }) => blame)).toEqual(['', ''])
    const membership = { ...page.state.membership, revoked: [fakeSiteId(2)] }
    page.state = { ...page.state, membership }
    const blamed = page.view.contributors.filter(({ blame }) => /^Removed .* count no more$/.test(blame))
    expect(blamed.map(({ siteId }) => siteId)).toEqual([fakeSiteId(2)])
  })

  it('says how far every peer and this one agree, as long as the peer is here', () => {
    const page = new Follower()
    page.state = after(page.state, [peer('p1', fakeSiteId(1), 'Ada'), peer('p2', fakeSiteId(2), 'Bob')])
    page.follow()
    page.ledger.sync('p1', 'comparing')
    page.ledger.sync('p2', 'catching-up')
    page.ledger.sync('p1', 'live')
    page.ledger.sync('stranger', 'live')
    expect(page.view.syncs).toMatchObject([
      { label: 'Ada · p1', words: 'in step' },
      { label: 'Bob · p2', words: 'catching up' },
    ])
    page.ledger.sync('p2', 'ended')
    expect(page.view.syncs).toHaveLength(1)
    page.state = reduce(page.state, { type: 'peer-left', id: 'p1' })
    expect(page.view.syncs).toHaveLength(0)
  })

  it('says in words what the drawing shows', async () => {
    const page = new Follower()
    page.ledger.grow(ME)
    page.ledger.grow(fakeSiteId(1))
    page.follow()
    await settle()
    expect(page.view.drawing).toBe(
      'Drawing of all 2 entries, from the oldest at the left to the newest at the right: 2 contributors, 0 confirmed, 1 yours.',
    )
    page.grow(MAX_RECENT)
    await settle()
    expect(page.view.drawing).toContain(`Drawing of the latest ${MAX_RECENT} entries`)
  })

  it('shows the facts of the entry that somebody chose, and none of one that is not drawn', async () => {
    const page = new Follower()
    page.follow()
    const first = page.ledger.grow(fakeSiteId(1), false, '<b>render</b>')
    const second = page.ledger.grow(fakeSiteId(1))
    await settle()
    const factsOf = (id: string) => {
      page.state = reduce(page.state, { type: 'ledger-selected', id })
      return Object.fromEntries(page.view.facts.map(({ term, value }) => [term, value]))
    }
    expect(factsOf(first.id)).toMatchObject({
      Task: '<b>render</b>',
      Contributor: 'Unnamed · xx1AAA',
      State: 'waiting until 3 others have built on it',
      'Builds on': 'nothing: a first entry',
      Entry: expect.stringContaining('number 0 of its writer'),
    })
    expect(factsOf(second.id)).toMatchObject({ State: 'tip: nobody has built on it yet' })
    expect(factsOf('no such entry')).toEqual({})
  })

  it('tells what waits, what is forked and what failed', async () => {
    const page = new Follower()
    page.grow(1)
    const statistics = { ...page.ledger.statistics(), orphans: 1, parked: 2, forkedContributors: 1 }
    const entries: LedgerEntry[] = []
    const news = { isWhole: false, entries, confirmed: new Set<string>(), statistics, contributors: [], own: undefined }
    page.state = after(page.state, [
      { type: 'ledger', news },
      { type: 'ledger-fault', message: 'The disk is full.' },
    ])
    expect(page.view.notes).toEqual([
      '1 entry waits for others that they build on.',
      '2 entries are ahead of our clock: they wait for their time.',
      '1 contributor has used a number twice, which can be proved.',
      'The disk is full.',
    ])
  })

  it('is forgotten when joining again, but not what contributors are called', async () => {
    const page = new Follower()
    page.state = reduce(page.state, peer('p1', fakeSiteId(1), 'Ada'))
    page.follow()
    page.grow(5)
    await settle()
    page.state = reduce(page.state, { type: 'joining' })
    expect(page.view.isEmpty).toBe(true)
    expect(page.state.ledger.names.get(fakeSiteId(1))).toBe('Ada')
  })
})

describe('a large ledger on the page', () => {
  it('is told a few times a second at most, and only the latest of it is kept', async () => {
    const page = new Follower()
    page.follow()
    await settle()
    const before = page.told.length
    for (let i = 0; i < 50; i++) {
      page.grow(100)
      await vi.advanceTimersByTimeAsync(20)
    }
    expect(page.told.length - before).toBeLessThanOrEqual(8)
    await settle()
    expect(page.figures()).toMatchObject({ Entries: '5,000' })
    expect(page.state.ledger.recent).toEqual(page.ledger.all.slice(-MAX_RECENT))
    expect(page.state.ledger.latest).toEqual(page.ledger.all.slice(-MAX_LATEST).toReversed())
  })

  it('shows the same whether its entries were told one by one or read at once', async () => {
    const oneByOne = new Follower()
    oneByOne.follow()
    const atOnce = new Follower()
    for (let i = 0; i < 60; i++) {
      oneByOne.grow(20)
      await settle()
    }
    atOnce.grow(1_200)
    atOnce.follow()
    await settle()
    // Who came first has the first colour.
    expect(oneByOne.state.ledger).toEqual({ ...atOnce.state.ledger, colours: expect.any(Map) })
    expect(oneByOne.ledger.reads).toBe(1)
  })

  it('shows the latest by their own time, though older ones arrive later', async () => {
    const page = new Follower()
    page.follow()
    page.grow(MAX_RECENT + 50)
    await settle()
    const { statistics } = page.state.ledger
    const [old] = page.ledger.all
    if (!old || !statistics) throw new Error('there is nothing')
    const entries = [{ ...old, id: 'late', tsMs: old.tsMs - 1 }]
    const news = { isWhole: false, entries, confirmed: new Set<string>(), statistics, contributors: [], own: undefined }
    const later = reduce(page.state, { type: 'ledger', news })
    expect(later.ledger.recent).toEqual(page.state.ledger.recent)
    expect(later.ledger.latest[0]?.id).toBe('late')
  })

  it('bounds what strangers can fill', async () => {
    const page = new Follower()
    for (let i = 0; i < MAX_NAMES + 50; i++) page.state = reduce(page.state, peer('p', fakeSiteId(i), `Name ${i}`))
    expect(page.state.ledger.names.size).toBe(MAX_NAMES)
    expect(page.state.ledger.names.get(fakeSiteId(MAX_NAMES + 49))).toBe(`Name ${MAX_NAMES + 49}`)
    page.follow()
    for (let i = 0; i < 200; i++) page.ledger.grow(fakeSiteId(i))
    await settle()
    expect(page.view.contributors).toHaveLength(MAX_SHOWN_CONTRIBUTORS)
    expect(page.view.moreContributors).toBe(`and ${200 - MAX_SHOWN_CONTRIBUTORS} others`)
  })

  it('reads the ledger anew when reading failed, with the next thing that happens', async () => {
    const page = new Follower()
    let isBroken = true
    const ledger = page.ledger
    page.follow({
      on: ledger.on.bind(ledger),
      syncs: () => ledger.syncs(),
      statistics: () => ledger.statistics(),
      contributor: (siteId) => ledger.contributor(siteId),
      contributors: () => ledger.contributors(),
      recent: (count) => (isBroken ? Promise.reject(new Error('cannot read')) : ledger.recent(count)),
    })
    page.grow(2)
    await settle()
    expect(page.view.notes).toEqual(['cannot read'])
    const failures = page.told.length
    await vi.advanceTimersByTimeAsync(60_000)
    expect(page.told.length).toBe(failures)
    isBroken = false
    page.grow(1)
    await settle()
    expect(page.figures()).toMatchObject({ Entries: '3' })
    expect(page.state.ledger.recent).toHaveLength(3)
  })

  it('says nothing any more after leaving', async () => {
    const page = new Follower()
    page.follow()
    page.grow(1)
    page.leaving.abort()
    const before = page.told.length
    page.grow(10)
    page.ledger.sync('p1', 'live')
    await settle()
    expect(page.told.length).toBe(before)
  })
})

describe('the colours of contributors', () => {
  const shown = (...numbers: number[]) => new Set(numbers.map(fakeSiteId))

  it('differ as far as there are colours, and none is our own', () => {
    const few = withColours(new Map(), shown(1, 2, 3, 4, 5, 6, 7))
    expect(new Set(few.values()).size).toBe(COLOURS - 1)
    const many = withColours(few, shown(...Array.from({ length: 70 }, (_, i) => i + 1)))
    const users = Map.groupBy(many.values(), (colour) => colour)
    expect([...users.keys()].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect([...users.values()].map(({ length }) => length)).toEqual(Array.from({ length: 7 }, () => 10))
  })

  it('stay as long as somebody is shown, and are free again afterwards', () => {
    const before = withColours(new Map(), shown(1, 2, 3))
    const later = withColours(before, shown(2, 3, 4))
    expect([later.get(fakeSiteId(2)), later.get(fakeSiteId(3))]).toEqual([
      before.get(fakeSiteId(2)),
      before.get(fakeSiteId(3)),
    ])
    expect(later.get(fakeSiteId(4))).toBe(before.get(fakeSiteId(1)))
    expect(withColours(later, shown(2, 3, 4))).toBe(later)
  })

  it('are given to everybody on the page', async () => {
    const page = new Follower()
    page.follow()
    for (const other of [ME, ...OTHERS]) page.ledger.grow(other, other === ME)
    await settle()
    const colours = page.view.contributors.map(({ siteId }) => colourOf(page.state, siteId))
    expect(new Set(colours).size).toBe(5)
    expect(colourOf(page.state, ME)).toBe(0)
  })
})
