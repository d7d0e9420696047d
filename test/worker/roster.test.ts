/**
 * The roster under random histories: joins, replays, drops, leaves, evictions and time, checked against a model that is
 * nothing but two maps.
 */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FULL_LIST_PEERS, GRACE_MS, JOIN_NOTICE_PEERS } from '../../protocol/limits.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { MAX_PEERS_IN_GRACE, MAX_ROOM_MEMBERS } from '../../worker/room-limits.ts'
import { Roster, type PlaceEnd, type RosterAction } from '../../worker/roster.ts'

const PEERS = Array.from({ length: 48 }, (_, i) => `peer-${String(i).padStart(2, '0')}` as PeerId)

type Step =
  | { do: 'join'; peer: PeerId; fresh: boolean }
  | { do: 'drop'; peer: PeerId }
  | { do: 'leave'; peer: PeerId; said: boolean }
  | { do: 'wait'; ms: number }
  | { do: 'evict' }

const peer = fc.constantFrom(...PEERS)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('join' as const), peer, fresh: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drop' as const), peer }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), peer, said: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 12_000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('evict' as const) }) },
)

/** The room without its optimisations. */
class Model {
  readonly present = new Map<PeerId, number>()
  readonly grace = new Map<PeerId, { untilMs: number; ticket: number }>()

  get total(): number {
    return this.present.size + this.grace.size
  }
}

function play(steps: readonly Step[], seed: number): void {
  const model = new Model()
  let roster = new Roster(numbers(seed))
  let nowMs = 1_000
  let ticket = 0
  for (const action of steps) {
    // The room lets it know before whatever needs it; a drop does not.
    if (action.do !== 'drop') roster.learnMembers(model.present.keys())
    switch (action.do) {
      case 'join': {
        expire(model, roster, nowMs)
        const last = model.present.get(action.peer) ?? model.grace.get(action.peer)?.ticket
        const issued = action.fresh || last === undefined ? ++ticket : last
        const event = { peer: action.peer, ticketIssuedAtMs: issued }
        const outcome = roster.join({ ...event, presentTicketIssuedAtMs: model.present.get(action.peer) }, nowMs)
        if (last !== undefined && issued <= last) {
          expect(outcome).toBe('ticket-replayed')
          break
        }
        if (typeof outcome === 'string') throw new Error(`refused: ${outcome}`)
        const others = new Set([...model.present.keys()].filter((id) => id !== action.peer))
        model.grace.delete(action.peer)
        model.present.set(action.peer, issued)
        checkJoin(outcome, action.peer, others, model.total, last !== undefined)
        break
      }
      case 'drop': {
        const issued = model.present.get(action.peer)
        if (issued === undefined) break
        model.present.delete(action.peer)
        model.grace.set(action.peer, { untilMs: nowMs + GRACE_MS, ticket: issued })
        roster.drop(action.peer, issued, nowMs)
        break
      }
      case 'leave': {
        if (!model.present.has(action.peer)) break
        model.present.delete(action.peer)
        const end = action.said ? 'left' : 'lost'
        checkLeave(roster.leave(action.peer, end), action.peer, end, model)
        break
      }
      case 'wait':
        nowMs += action.ms
        expire(model, roster, nowMs)
        break
      case 'evict':
        model.grace.clear()
        roster = new Roster(numbers(seed))
        break
    }
    const inGrace = PEERS.filter((id) => roster.isInGrace(id, nowMs))
    if (inGrace.length !== model.grace.size) expect(inGrace).toEqual([...model.grace.keys()])
    if (roster.knowsMembers) checkLists(roster, model)
  }
}

function expire(model: Model, roster: Roster, nowMs: number): void {
  const over = [...model.grace].filter(([, { untilMs }]) => untilMs <= nowMs).map(([id]) => id)
  const actions = roster.expire(nowMs)
  let seen = 0
  for (const id of over) {
    model.grace.delete(id)
    const told = model.total < FULL_LIST_PEERS && model.present.size > 0
    checkLeave(told ? actions.slice(seen, ++seen) : [], id, 'lost', model)
  }
  expect(actions).toHaveLength(seen)
}

function checkJoin(actions: RosterAction[], newcomer: PeerId, others: Set<PeerId>, total: number, resumed: boolean) {
  const [welcome, told] = actions
  if (welcome?.type !== 'welcome') throw new Error('no welcome')
  expect(welcome).toMatchObject({ to: newcomer, total, resumed })
  expect(new Set(welcome.peers).size).toBe(welcome.peers.length)
  expect(welcome.peers.filter((id) => !others.has(id))).toEqual([])
  expect(welcome.peers).toHaveLength(Math.min(others.size, FULL_LIST_PEERS))
  const audience = total <= FULL_LIST_PEERS ? others.size : Math.min(others.size, JOIN_NOTICE_PEERS)
  expect(actions).toHaveLength(audience > 0 ? 2 : 1)
  if (!told) return
  if (told.type !== 'tell-joined') throw new Error(`not a notice of the join: ${told.type}`)
  expect(told).toMatchObject({ peer: newcomer, total, resumed })
  expect(new Set(told.to).size).toBe(audience)
  expect(told.to.filter((id) => !others.has(id))).toEqual([])
}

function checkLeave(actions: RosterAction[], leaver: PeerId, end: PlaceEnd, model: Model): void {
  const told = model.total < FULL_LIST_PEERS && model.present.size > 0
  if (!told) return expect(actions).toEqual([])
  const [action] = actions
  if (action?.type !== 'tell-left') throw new Error('nobody was told of a leave')
  expect(action).toMatchObject({ peer: leaver, total: model.total, end })
  expect(action.to.toSorted()).toEqual([...model.present.keys()].toSorted())
}

function checkLists(roster: Roster, model: Model): void {
  expect(roster.total).toBe(model.total)
  const pages: PeerId[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined;) {
    const page = roster.list({ cursor }, 'nobody' as PeerId)
    pages.push(...page.peers)
    cursor = page.cursor
  }
  expect(pages).toEqual([...model.present.keys()].toSorted())
}

/** A small generator of its own, so that one seed replays a run. */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

describe('the roster', () => {
  test('keeps its invariants through any history', () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 150, size: 'max' }), fc.integer(), play), { numRuns: 200 })
  })

  test('draws samples evenly', () => {
    const roster = new Roster(numbers(7))
    roster.learnMembers(PEERS)
    const counts = new Map<PeerId, number>()
    for (let i = 0; i < 6_000; i++) {
      for (const id of roster.list({ sample: 8 }, 'nobody' as PeerId).peers) counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    // 1,000 expected each; five standard deviations are 145.
    for (const id of PEERS) expect(Math.abs((counts.get(id) ?? 0) - 1_000)).toBeLessThan(145)
  })

  test('has an end: it refuses newcomers when full, not those who come back', () => {
    const roster = new Roster(numbers(1))
    roster.learnMembers(Array.from({ length: MAX_ROOM_MEMBERS }, (_, i) => `m${i}` as PeerId))
    const newcomer = { peer: 'late' as PeerId, ticketIssuedAtMs: 9, presentTicketIssuedAtMs: undefined }
    expect(roster.join(newcomer, 0)).toBe('room-full')
    expect(roster.join({ peer: 'm0' as PeerId, ticketIssuedAtMs: 9, presentTicketIssuedAtMs: 8 }, 0)).not.toBe(
      'room-full',
    )
  })

  test('remembers no more dropped peers than it can afford', () => {
    const roster = new Roster(numbers(1))
    roster.learnMembers([])
    for (let i = 0; i < 2 * MAX_PEERS_IN_GRACE; i++) roster.drop(`d${i}` as PeerId, i, 0)
    expect(roster.total).toBe(MAX_PEERS_IN_GRACE)
  })
})
