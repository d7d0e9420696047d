/** Whom one could turn to, and who is to be turned away: the passive view, the reputation and the ways, whatever others tell. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PASSIVE_POLICY } from '../../client/mesh/overlay-policy.ts'
import { PassiveView, type Source } from '../../client/mesh/passive-view.ts'
import { Reputation, type Fault } from '../../client/mesh/reputation.ts'
import { ROUTE_POLICY } from '../../client/mesh/route-policy.ts'
import { Routes, type Proof } from '../../client/mesh/routes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { Random } from '../sim/random.ts'

const named = (name: string) => name as PeerId
const LIAR = named('liar')

function view(seed = 1): PassiveView {
  const chance = new Random(seed)
  return new PassiveView(PASSIVE_POLICY, () => chance.fraction())
}

function tell(passive: PassiveView, source: Source, names: readonly string[], nowMs = 0, seenAtMs = nowMs): void {
  for (const name of names) passive.add({ id: named(name), announcement: new Uint8Array(1), source, seenAtMs }, nowMs)
}

const many = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`)

describe('the members that one could turn to', () => {
  it('are so many and no more, of each who tells a share, whoever tells of how many', () => {
    const telling = fc.record({ source: fc.integer({ min: 0, max: 12 }), id: fc.integer({ min: 0, max: 400 }) })
    fc.assert(
      fc.property(fc.array(telling, { maxLength: 600 }), fc.nat(), (tellings, seed) => {
        const passive = view(seed)
        for (const { source, id } of tellings) tell(passive, source === 0 ? 'room' : named(`s${source}`), [`m${id}`])
        expect(passive.size).toBeLessThanOrEqual(PASSIVE_POLICY.maxMembers)
        expect(passive.countOf('room')).toBeLessThanOrEqual(PASSIVE_POLICY.maxFromRoom)
        let sum = passive.countOf('room')
        for (let source = 1; source <= 12; source++) {
          const count = passive.countOf(named(`s${source}`))
          expect(count).toBeLessThanOrEqual(PASSIVE_POLICY.maxPerSource)
          sum += count
        }
        expect(sum).toBe(passive.size)
      }),
    )
  })

  it('are drawn by who told of them, so that telling of many is worth nothing', () => {
    const passive = view()
    tell(passive, LIAR, many('evil', 400))
    for (const honest of ['a', 'b', 'c']) tell(passive, named(honest), [`${honest}1`])
    let evil = 0
    for (let i = 0; i < 1_000; i++) if (passive.draw(() => true, 0)?.id.startsWith('evil')) evil++
    expect(evil).toBeGreaterThan(150)
    expect(evil).toBeLessThan(350)
  })

  it('stay whose they were when somebody else tells of them', () => {
    const passive = view()
    tell(passive, 'room', ['a'])
    tell(passive, LIAR, ['a'])
    expect(passive.get(named('a'))?.source).toBe('room')
  })

  it('are none of those that nobody has had a link to for long', () => {
    const passive = view()
    tell(passive, LIAR, ['old'], 0, -PASSIVE_POLICY.maxAgeMs - 1)
    tell(passive, LIAR, ['fresh'], 0)
    expect(passive.size).toBe(1)
    expect(passive.draw(() => true, PASSIVE_POLICY.maxAgeMs + 1)).toBeUndefined()
    expect(passive.size).toBe(0)
  })

  it('are not of somebody most of whose members are not there, and the room is never doubted', () => {
    const passive = view()
    tell(passive, LIAR, many('ghost', 10))
    tell(passive, 'room', many('gone', 10))
    for (let i = 0; i < PASSIVE_POLICY.maxGhosts; i++) {
      passive.found(LIAR, false, 0)
      passive.found('room', false, 0)
    }
    expect(passive.countOf(LIAR)).toBe(0)
    expect(passive.countOf('room')).toBe(10)
    tell(passive, LIAR, ['another'])
    expect(passive.countOf(LIAR)).toBe(0)
  })

  it('are of somebody who was right as often as a half', () => {
    const passive = view()
    tell(passive, named('honest'), ['a'])
    for (let i = 0; i < 4; i++) passive.found(named('honest'), true, 0)
    for (let i = 0; i < 8; i++) passive.found(named('honest'), false, 0)
    expect(passive.countOf(named('honest'))).toBe(1)
  })
})

describe('a reputation', () => {
  it.each<[Fault, number]>([
    ['malformed', 1],
    ['garbage', 3],
    ['silent', 2],
    ['flood', 8],
    ['broken-promise', 15],
  ])('is lost by %s after %s times at once', (fault, times) => {
    const reputation = new Reputation()
    for (let i = 1; i < times; i++) expect(reputation.blame(LIAR, fault, 0)).not.toBe('dropped')
    expect(reputation.blame(LIAR, fault, 0)).toBe('dropped')
  })

  it('comes back with time, and is each one’s own', () => {
    const reputation = new Reputation()
    reputation.blame(LIAR, 'silent', 0)
    expect(reputation.standingOf(LIAR, 0)).toBe('demoted')
    expect(reputation.standingOf(named('other'), 0)).toBe('good')
    expect(reputation.standingOf(LIAR, 120_000)).toBe('good')
  })
})

describe('ways', () => {
  it('of one neighbour are so many, whomever it claims to lead to, and others keep theirs', () => {
    const routes = new Routes(ROUTE_POLICY)
    routes.heard(named('friend'), named('honest'), 2, undefined, 0)
    for (const name of many('claimed', 5_000)) routes.heard(named(name), LIAR, 2, undefined, 0)
    expect(routes.size).toBe(ROUTE_POLICY.maxRoutesOfOne + 1)
    expect(routes.next(named('friend'), 0)).toBe('honest')
  })

  it('that are known are not given up for what somebody else claims, until they are old', () => {
    const routes = new Routes(ROUTE_POLICY)
    routes.heard(named('friend'), named('honest'), 2, undefined, 0)
    routes.heard(named('friend'), LIAR, 2, undefined, ROUTE_POLICY.routeMs)
    expect(routes.next(named('friend'), ROUTE_POLICY.routeMs)).toBe('honest')
    expect(routes.next(named('friend'), ROUTE_POLICY.routeMs + 1)).toBeUndefined()
    routes.heard(named('friend'), LIAR, 2, undefined, ROUTE_POLICY.routeMs + 1)
    expect(routes.next(named('friend'), ROUTE_POLICY.routeMs + 1)).toBe(LIAR)
  })

  it('are given up for those for which more speaks, and for any other when they led nowhere', () => {
    const routes = new Routes(ROUTE_POLICY)
    const [friend, honest, other] = [named('friend'), named('honest'), named('other')]
    const nextAfter = (next: PeerId, proof: Proof, doubted?: PeerId) => {
      routes.heard(friend, next, proof, doubted, 0)
      return routes.next(friend, 0)
    }
    expect(nextAfter(LIAR, 0)).toBe(LIAR)
    expect(nextAfter(honest, 0)).toBe(LIAR)
    expect(nextAfter(honest, 1)).toBe(honest)
    // What is heard again by gossip takes nothing from it.
    expect(nextAfter(honest, 0)).toBe(honest)
    expect(nextAfter(LIAR, 1)).toBe(honest)
    expect(nextAfter(other, 2)).toBe(other)
    expect(nextAfter(honest, 1)).toBe(other)
    expect(nextAfter(honest, 2)).toBe(other)
    expect(nextAfter(honest, 2, other)).toBe(honest)
  })

  it('end with the neighbour that they led over', () => {
    const routes = new Routes(ROUTE_POLICY)
    for (const name of many('m', 10)) routes.heard(named(name), LIAR, 2, undefined, 0)
    routes.neighbourDown(LIAR)
    expect(routes.size).toBe(0)
  })
})
