/** What is carried over neighbours: by whom, how far, and what is told when it gets nowhere. */
import { describe, expect, it } from 'vitest'
import { MAX_CARRY_HOPS } from '../../client/mesh/limits.ts'
import type { Bodies, Carry, Kind } from '../../client/mesh/messages.ts'
import { ROUTE_POLICY } from '../../client/mesh/route-policy.ts'
import { Router } from '../../client/mesh/router.ts'
import { concat, utf8, type Bytes } from '../../protocol/bytes.ts'
import { peerIdBytes, peerIdText, type PeerId } from '../../protocol/peer-id.ts'
import { Random } from '../sim/random.ts'

const id = (n: number): PeerId => peerIdText(new Uint8Array(16).fill(n))
const [SELF, NEAR, OTHER, FAR, STRANGER] = [id(1), id(2), id(3), id(4), id(5)]
const ANNOUNCEMENT = utf8('who we are')
const NOTHING = new Uint8Array(0)

interface Sent {
  readonly to: PeerId
  readonly kind: Kind
  readonly body: object
}

/** A router whose neighbours NEAR and OTHER have direct links. */
function makeRouter(direct: readonly PeerId[] = [NEAR, OTHER]) {
  const chance = new Random(1)
  const did = {
    sent: [] as Sent[],
    sought: [] as Bytes[],
    arrived: [] as string[],
    met: [] as Bytes[],
    lost: [] as PeerId[],
    blamed: [] as string[],
  }
  const hints = new Map<PeerId, PeerId>()
  const clock = { nowMs: 0 }
  const router = new Router(
    {
      self: SELF,
      announcement: ANNOUNCEMENT,
      get nowMs() {
        return clock.nowMs
      },
      random: () => chance.fraction(),
      send: (to, kind, body) => void did.sent.push({ to, kind, body }),
      seek: (payload) => void did.sought.push(payload),
      isDirect: (peer) => direct.includes(peer),
      hasLink: (peer) => direct.includes(peer) || peer === STRANGER,
      toldBy: (peer) => hints.get(peer),
      envelope: (from, kind) => void did.arrived.push(`${kind} ${from}`),
      met: (announcement) => void did.met.push(announcement),
      lost: (to) => void did.lost.push(to),
      blame: (peer, fault) => void did.blamed.push(`${fault} ${peer}`),
    },
    ROUTE_POLICY,
  )
  for (const peer of [NEAR, OTHER]) router.neighbourUp(peer)
  return { router, clock, hints, ...did }
}

let carries = 0
function carryOf(change: Partial<Carry>): Carry {
  const own = new Uint8Array(8)
  new DataView(own.buffer).setUint32(0, ++carries)
  return { id: own, from: FAR, to: SELF, hops: 0, kind: 'signal', body: NOTHING, ...change }
}

const carried = (sent: readonly Sent[]) => sent.filter(({ kind }) => kind === 'mesh_carry')
const lostOf = (sent: readonly Sent[]) => sent.filter(({ kind }) => kind === 'mesh_lost')

describe('an envelope of our own', () => {
  it('goes to the neighbour that told of its receiver', () => {
    const { router, hints, sent } = makeRouter()
    hints.set(FAR, OTHER)
    expect(router.carry(FAR, 'signal', NOTHING)).toBe(true)
    expect(carried(sent)).toMatchObject([{ to: OTHER, body: { from: SELF, to: FAR, hops: 0 } }])
  })

  it('never goes over the link that it is of, direct or not', () => {
    const { router, hints, sent, sought } = makeRouter()
    hints.set(NEAR, NEAR)
    router.carry(NEAR, 'signal', NOTHING)
    expect(carried(sent)).toEqual([])
    expect(sought).toHaveLength(1)
  })

  it('goes over direct paths only: others are themselves carried', () => {
    const { router, hints, sent, sought } = makeRouter([OTHER])
    hints.set(FAR, NEAR)
    router.receive(NEAR, carryOf({}))
    router.carry(FAR, 'signal', NOTHING)
    expect(carried(sent)).toEqual([])
    expect(sought).toHaveLength(1)
  })

  it('waits while its receiver is sought, and leaves when he answers', () => {
    const { router, sent, sought, arrived } = makeRouter()
    expect(router.carry(FAR, 'intro', utf8('hello'))).toBe(true)
    expect(sought).toEqual([peerIdBytes(FAR)])
    router.receive(OTHER, carryOf({ kind: 'who' }))
    expect(arrived).toEqual([`who ${FAR}`])
    expect(carried(sent)).toMatchObject([{ to: OTHER, body: { to: FAR, kind: 'intro', body: utf8('hello') } }])
  })

  it('is lost when nobody answers in time, and at most so many wait', () => {
    const { router, clock, lost, held } = { ...makeRouter(), held: ROUTE_POLICY.maxWaiting }
    for (let i = 0; i < held; i++) expect(router.carry(FAR, 'signal', NOTHING)).toBe(true)
    expect(router.carry(FAR, 'signal', NOTHING)).toBe(false)
    clock.nowMs = ROUTE_POLICY.seekMs
    router.tick()
    expect(lost).toEqual([FAR])
    expect(router.held.sought).toBe(0)
  })

  it('is lost when a neighbour says so; then its receiver is sought, whoever told of him', () => {
    const { router, hints, sent, sought, lost } = makeRouter()
    hints.set(FAR, OTHER)
    router.carry(FAR, 'signal', NOTHING)
    const { body } = carried(sent)[0] ?? { body: {} }
    router.lost(OTHER, body as Bodies['mesh_lost'])
    expect(lost).toEqual([FAR])
    router.carry(FAR, 'signal', NOTHING)
    expect(carried(sent)).toHaveLength(1)
    expect(sought).toHaveLength(1)
  })

  it('goes no more by a way that brings no answer: somebody on it may swallow what he is to carry', () => {
    const { router, hints, sent, sought, clock } = makeRouter()
    hints.set(FAR, OTHER)
    router.carry(FAR, 'intro', NOTHING)
    clock.nowMs += ROUTE_POLICY.answerMs - 1
    router.carry(FAR, 'intro', NOTHING)
    expect([carried(sent).length, sought.length]).toEqual([2, 0])
    clock.nowMs += 1
    router.carry(FAR, 'intro', NOTHING)
    expect([carried(sent).length, sought.length]).toEqual([2, 1])
    router.receive(OTHER, carryOf({ kind: 'who' }))
    router.receive(NEAR, carryOf({ kind: 'signal' }))
    router.carry(FAR, 'signal', NOTHING)
    expect(carried(sent).at(-1)?.to).toBe(NEAR)
  })

  it('goes on by a way where nothing need be answered', () => {
    const { router, hints, sent, sought, clock } = makeRouter()
    hints.set(FAR, OTHER)
    for (let i = 0; i < 10; i++) {
      router.receive(OTHER, carryOf({}))
      // An acknowledgement, and some time later something of our own, which is answered.
      router.carry(FAR, 'signal', NOTHING)
      clock.nowMs += 10 * ROUTE_POLICY.answerMs
      router.carry(FAR, 'signal', NOTHING)
      clock.nowMs += ROUTE_POLICY.answerMs / 2
    }
    expect([carried(sent).length, sought.length]).toEqual([20, 0])
  })

  it('is not lost because somebody says so who was sent nothing, and only once, and no other', () => {
    const { router, hints, sent, lost } = makeRouter()
    router.lost(NEAR, { id: new Uint8Array(8), from: SELF, to: FAR })
    hints.set(FAR, OTHER)
    router.carry(FAR, 'signal', NOTHING)
    const body = carried(sent)[0]?.body as Bodies['mesh_lost']
    router.lost(NEAR, body)
    expect(lost).toEqual([])
    for (const to of [STRANGER, FAR, id(7), id(8)]) router.lost(OTHER, { ...body, to })
    expect(lost).toEqual([FAR])
  })

  it('that was lost long ago takes nothing from the way that has shown itself since', () => {
    const { router, hints, sent, sought } = makeRouter()
    hints.set(FAR, OTHER)
    router.carry(FAR, 'signal', NOTHING)
    router.receive(NEAR, carryOf({}))
    router.lost(OTHER, carried(sent)[0]?.body as Bodies['mesh_lost'])
    router.carry(FAR, 'signal', NOTHING)
    expect(carried(sent).at(-1)?.to).toBe(NEAR)
    expect(sought).toEqual([])
  })

  it('that asks a stranger who he is has nobody sought', () => {
    const { router, sent, sought } = makeRouter()
    expect(router.carry(FAR, 'who', NOTHING)).toBe(false)
    expect([sent, sought]).toEqual([[], []])
  })
})

describe('seeking', () => {
  it('says who we are when nothing but a name is known', () => {
    const { router, sought } = makeRouter()
    router.seekByName(FAR)
    expect(sought).toEqual([concat(peerIdBytes(FAR), ANNOUNCEMENT)])
  })

  it('is over at once without a neighbour', () => {
    const { router, sought, lost } = makeRouter()
    router.neighbourDown(NEAR)
    router.neighbourDown(OTHER)
    router.seekByName(FAR)
    router.tick()
    expect(sought).toEqual([])
    expect(lost).toEqual([FAR])
  })

  it('is answered by the one who is sought, along the way that it came, and by others: some swallow what they carry', () => {
    const { router, sent, met } = makeRouter()
    router.soughtBy(FAR, concat(peerIdBytes(SELF), ANNOUNCEMENT), OTHER)
    const body = { from: SELF, to: FAR, kind: 'who' }
    expect(carried(sent)).toMatchObject([
      { to: OTHER, body },
      { to: NEAR, body },
    ])
    expect(met).toEqual([ANNOUNCEMENT])
  })

  it('is answered by so many ways, and not by way of who seeks, nor over a path that is no direct one', () => {
    const neighbours = [6, 7, 8, 9, 10, 11].map(id)
    const { router, sent } = makeRouter([NEAR, OTHER, ...neighbours])
    for (const neighbour of [...neighbours, STRANGER]) router.neighbourUp(neighbour)
    router.soughtBy(NEAR, peerIdBytes(SELF), NEAR)
    router.soughtBy(FAR, peerIdBytes(SELF), STRANGER)
    const next = carried(sent).map(({ to }) => to)
    expect(next).toHaveLength(2 * ROUTE_POLICY.answerWays)
    expect(new Set(next.slice(0, 3)).size).toBe(3)
    expect(next.slice(0, 3)).not.toContain(NEAR)
    expect(next).not.toContain(STRANGER)
  })

  it('sends what has waited by each way on which an answer comes, as long as that is few', () => {
    const neighbours = [6, 7, 8, 9].map(id)
    const { router, sent } = makeRouter([OTHER, ...neighbours])
    router.carry(FAR, 'intro', utf8('hello'))
    for (const via of [OTHER, ...neighbours]) router.receive(via, carryOf({ kind: 'who' }))
    const ways = carried(sent).map(({ to }) => to)
    expect(ways).toEqual([OTHER, ...neighbours].slice(0, ROUTE_POLICY.answerWays))
  })

  it('sends it once by each: whoever makes up many answers does not get all that there is', () => {
    const { router, sent } = makeRouter()
    router.carry(FAR, 'intro', utf8('hello'))
    for (let i = 0; i < 10; i++) router.receive(OTHER, carryOf({ kind: 'who' }))
    router.receive(NEAR, carryOf({ kind: 'who' }))
    expect(carried(sent).map(({ to }) => to)).toEqual([OTHER, NEAR])
  })

  it('has us introduced to few, as whoever likes can say that others seek us', () => {
    const { router, met, clock } = makeRouter()
    for (let n = 10; n < 200; n++) router.soughtBy(id(n), concat(peerIdBytes(SELF), ANNOUNCEMENT), OTHER)
    expect(met).toHaveLength(ROUTE_POLICY.introductions.burst)
    clock.nowMs += 1_000 / ROUTE_POLICY.introductions.perSecond
    router.soughtBy(FAR, concat(peerIdBytes(SELF), ANNOUNCEMENT), OTHER)
    expect(met).toHaveLength(ROUTE_POLICY.introductions.burst + 1)
  })

  it('of others shows the way to them, and is nothing else to us', () => {
    const { router, sent, met } = makeRouter()
    router.soughtBy(FAR, peerIdBytes(STRANGER), OTHER)
    expect([sent, met]).toEqual([[], []])
    router.carry(FAR, 'signal', NOTHING)
    expect(carried(sent)).toMatchObject([{ to: OTHER }])
  })

  it('is rationed, by neighbour and for ourselves', () => {
    const { router, sought } = makeRouter()
    let told = 0
    for (let i = 0; i < 1_000; i++) if (router.mayTell(NEAR, peerIdBytes(FAR))) told++
    expect(told).toBe(ROUTE_POLICY.seeks.burst)
    expect(router.mayTell(OTHER, peerIdBytes(FAR))).toBe(true)
    // Nor has a neighbour that parts and comes again more of it.
    router.neighbourDown(NEAR)
    router.neighbourUp(NEAR)
    expect(router.mayTell(NEAR, peerIdBytes(FAR))).toBe(false)
    for (let n = 10; n < 200; n++) router.carry(id(n), 'signal', NOTHING)
    expect(sought).toHaveLength(ROUTE_POLICY.ownSeeks.burst)
  })

  it('is not told on when it is none', () => {
    const { router } = makeRouter()
    expect(router.mayTell(NEAR, new Uint8Array(15))).toBe(false)
    expect(router.mayTell(NEAR, new Uint8Array(20_000))).toBe(false)
    expect(router.mayTell(STRANGER, peerIdBytes(FAR))).toBe(false)
  })
})

describe('an envelope of others', () => {
  it('goes on to its receiver, or to whoever leads to him', () => {
    const { router, sent } = makeRouter()
    router.receive(NEAR, carryOf({ to: OTHER }))
    router.receive(OTHER, carryOf({ from: STRANGER, to: OTHER, hops: 3 }))
    expect(carried(sent)[0]).toMatchObject({ to: OTHER, body: { hops: 1 } })
  })

  it('goes no further than so many hops', () => {
    const { router, sent } = makeRouter()
    router.receive(NEAR, carryOf({ to: OTHER, hops: MAX_CARRY_HOPS - 2 }))
    router.receive(NEAR, carryOf({ to: OTHER, hops: MAX_CARRY_HOPS - 1 }))
    expect(carried(sent)).toHaveLength(1)
    expect(lostOf(sent)).toMatchObject([{ to: NEAR }])
  })

  it('passes once: one that comes again went in a circle, and its sender is told', () => {
    const { router, sent } = makeRouter()
    const carry = carryOf({ to: OTHER })
    router.receive(NEAR, carry)
    router.receive(NEAR, carry)
    expect(carried(sent)).toHaveLength(1)
    expect(lostOf(sent)).toMatchObject([{ to: NEAR, body: { to: OTHER } }])
  })

  it('does not go back where it came from', () => {
    const { router, sent, hints } = makeRouter()
    hints.set(FAR, NEAR)
    router.receive(NEAR, carryOf({ from: STRANGER, to: FAR }))
    expect(carried(sent)).toEqual([])
    expect(lostOf(sent)).toMatchObject([{ to: NEAR }])
  })

  it('that got lost is told back the way that it came', () => {
    const { router, sent, hints, lost } = makeRouter()
    hints.set(FAR, OTHER)
    const carry = carryOf({ from: STRANGER, to: FAR })
    router.receive(NEAR, carry)
    router.lost(OTHER, carry)
    expect(lostOf(sent)).toMatchObject([{ to: NEAR, body: { id: carry.id } }])
    expect(lost).toEqual([])
  })

  it('is dropped beyond a rate, and blamed only far beyond it: whoever carries does so for many', () => {
    const { router, sent, blamed } = makeRouter()
    const { burst } = ROUTE_POLICY.carryKiB
    for (let i = 0; i < ROUTE_POLICY.floodFactor * burst; i++) router.receive(NEAR, carryOf({ to: OTHER }))
    expect(carried(sent)).toHaveLength(burst)
    expect(blamed).toEqual([])
    router.receive(NEAR, carryOf({ to: OTHER }))
    expect(blamed).toEqual([`flood ${NEAR}`])
    // One neighbour's greed is not another's.
    router.receive(OTHER, carryOf({ from: STRANGER, to: NEAR }))
    expect(carried(sent)).toHaveLength(burst + 1)
  })

  it('is carried at that rate also while more comes, however large it is, and much more is a flood', () => {
    const { router, clock, sent, blamed } = makeRouter()
    const { burst, perSecond } = ROUTE_POLICY.carryKiB
    const body = new Uint8Array(16 * 1_024)
    const seconds = 60
    const bring = (everyMs: number) => {
      const endMs = clock.nowMs + seconds * 1_000
      for (; clock.nowMs < endMs; clock.nowMs += everyMs) router.receive(NEAR, carryOf({ to: OTHER, body }))
    }
    bring((1_000 * 16) / (2 * perSecond))
    expect(carried(sent).length * 16).toBeGreaterThan(0.9 * (burst + seconds * perSecond))
    expect(blamed).toEqual([])
    bring((1_000 * 16) / (2 * ROUTE_POLICY.floodFactor * perSecond))
    expect(new Set(blamed)).toEqual(new Set([`flood ${NEAR}`]))
  })

  it('goes to nobody faster than he takes it, from however many it comes: he would blame us for it', () => {
    const many = Array.from({ length: 20 }, (_, i) => id(10 + i))
    const { router, sent } = makeRouter([NEAR, OTHER, ...many])
    const { burst } = ROUTE_POLICY.carryKiB
    for (const from of many) for (let i = 0; i < burst; i++) router.receive(from, carryOf({ from, to: OTHER }))
    expect(carried(sent)).toHaveLength(burst)
    router.receive(OTHER, carryOf({ from: OTHER, to: NEAR }))
    expect(carried(sent)).toHaveLength(burst + 1)
  })

  it('is carried for whoever has a link, neighbour or not, and for nobody else', () => {
    const { router, sent } = makeRouter()
    router.receive(STRANGER, carryOf({ from: STRANGER, to: OTHER }))
    router.receive(FAR, carryOf({ to: OTHER }))
    expect(carried(sent)).toMatchObject([{ to: OTHER, body: { from: STRANGER } }])
  })

  it('leaves behind no more than bounds allow, whatever passes', () => {
    const { router, clock } = makeRouter()
    for (let n = 0; n < 20_000; n++) {
      clock.nowMs += 10
      const from = new Uint8Array(16)
      new DataView(from.buffer).setUint32(0, n)
      router.receive(NEAR, carryOf({ from: peerIdText(from), to: OTHER }))
    }
    expect(router.held.routes).toBeLessThanOrEqual(ROUTE_POLICY.maxRoutesOfOne)
    expect(router.held.carried).toBeLessThanOrEqual(ROUTE_POLICY.maxCarried)
  })
})
