/** Whom a member takes as a neighbour, keeps and parts with, whatever others ask for and say of themselves. */
import { describe, expect, it } from 'vitest'
import type { Kind } from '../../client/mesh/messages.ts'
import { Overlay } from '../../client/mesh/overlay.ts'
import type { OverlayMessage } from '../../client/mesh/overlay-host.ts'
import { degreesOf, OVERLAY_POLICY, PASSIVE_POLICY } from '../../client/mesh/overlay-policy.ts'
import type { Source } from '../../client/mesh/passive-view.ts'
import { peerIdText, type PeerId } from '../../protocol/peer-id.ts'
import { Random } from '../sim/random.ts'

const DEGREES = degreesOf(8)
const LARGE = 1_000
const SMALL = 5
const ANNOUNCEMENT = new Uint8Array(8)

const peer = (n: number): PeerId => {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setUint32(0, n)
  return peerIdText(bytes)
}
const SELF = peer(0)

function makeOverlay(total: number) {
  const chance = new Random(1)
  const clock = { nowMs: 1_000 }
  const did = {
    sent: [] as { to: PeerId; kind: Kind }[],
    reached: [] as PeerId[],
    direct: [] as PeerId[],
    owing: new Set<PeerId>(),
  }
  const out = { released: [] as PeerId[], blamed: [] as string[] }
  const overlay = new Overlay(
    {
      self: SELF,
      announcement: ANNOUNCEMENT,
      get nowMs() {
        return clock.nowMs
      },
      random: () => chance.fraction(),
      send: (to, kind) => void did.sent.push({ to, kind }),
      reach: (to) => void did.reached.push(to),
      direct: (to) => void did.direct.push(to),
      release: (to) => void out.released.push(to),
      isSettled: (of) => !did.owing.has(of),
      sample: () => undefined,
      prove: () => undefined,
      neighbourUp: () => undefined,
      neighbourDown: () => undefined,
      neighbourAnew: () => undefined,
      blame: (whom, fault) => void out.blamed.push(`${fault} ${whom}`),
    },
    { ...OVERLAY_POLICY, degrees: DEGREES },
    PASSIVE_POLICY,
  )
  overlay.size(total)
  const receive = (from: PeerId, message: OverlayMessage) => overlay.receive(from, message)
  const answersTo = (from: PeerId) => did.sent.filter(({ to }) => to === from).map(({ kind }) => kind)
  return {
    overlay,
    clock,
    ...did,
    ...out,
    receive,
    answersTo,
    /** Somebody with a link asks to be a neighbour. @returns what it is answered last */
    ask: (from: PeerId, change: { degree?: number; isUrgent?: boolean } = {}) => {
      if (!overlay.contacts.hasLink(from)) overlay.linkUp(from, ANNOUNCEMENT)
      receive(from, { kind: 'mesh_neighbour', body: { degree: 8, isUrgent: false, ...change } })
      return answersTo(from).at(-1)
    },
    /** Time passes, and neighbours who are not silent answer what they are asked. */
    pass: (ms: number, silent: readonly PeerId[] = []) => {
      for (const endMs = clock.nowMs + ms; clock.nowMs < endMs;) {
        clock.nowMs = Math.min(endMs, clock.nowMs + 250)
        const before = did.sent.length
        overlay.tick()
        for (const { to, kind } of did.sent.slice(before)) {
          const isAnswered = kind === 'mesh_shuffle' && !silent.includes(to)
          if (isAnswered) receive(to, { kind: 'mesh_shuffle_reply', body: { degree: 8, members: [] } })
        }
      }
    },
  }
}

/** Members that chose us, as many as are let. */
function full(total = LARGE) {
  const all = makeOverlay(total)
  for (let n = 1; n <= 3 * DEGREES.ceiling; n++) all.ask(peer(n), { isUrgent: false })
  return all
}

describe('a member of a large network', () => {
  it('takes no more than leaves room for its own choices, whoever asks', () => {
    const { overlay, ask } = full()
    expect(overlay.degree).toBeLessThanOrEqual(DEGREES.ceiling)
    expect(ask(peer(100))).toBe('mesh_refuse')
  })

  it('makes room for somebody in need, and parts with one that has enough', () => {
    const { overlay, ask, sent } = full()
    const before = overlay.degree
    expect(ask(peer(100), { isUrgent: true, degree: 0 })).toBe('mesh_accept')
    expect(overlay.degree).toBe(before)
    expect(sent.filter(({ kind }) => kind === 'mesh_part')).toHaveLength(1)
  })

  it('drops nobody to below the floor for it', () => {
    const { overlay, ask } = makeOverlay(LARGE)
    for (let n = 1; n <= 3 * DEGREES.ceiling; n++) ask(peer(n), { degree: DEGREES.floor, isUrgent: true })
    const neighbours = [...overlay.neighbours.keys()]
    expect(ask(peer(100), { isUrgent: true })).toBe('mesh_refuse')
    expect([...overlay.neighbours.keys()]).toEqual(neighbours)
  })

  it('does not believe for long that somebody has hardly any neighbours', () => {
    const { ask, pass } = makeOverlay(LARGE)
    for (let n = 1; n <= 3 * DEGREES.ceiling; n++) ask(peer(n), { degree: 1, isUrgent: true })
    // They say so again and again, in what they are asked.
    pass(OVERLAY_POLICY.needMs + 1_000)
    expect(ask(peer(100), { isUrgent: true })).toBe('mesh_accept')
  })

  it('parts with a neighbour who leaves two questions unanswered, and takes it no more for a time', () => {
    const { overlay, ask, pass, answersTo } = makeOverlay(LARGE)
    for (let n = 1; n <= 4; n++) ask(peer(n))
    pass(60_000, [peer(1)])
    expect(overlay.isNeighbour(peer(1))).toBe(false)
    expect(overlay.isNeighbour(peer(2))).toBe(true)
    expect(answersTo(peer(1))).toContain('mesh_part')
    expect(ask(peer(1))).not.toBe('mesh_accept')
  })

  it('replaces a neighbour whose path stays poor, and one whose path recovers not', () => {
    const { overlay, ask, pass, clock } = makeOverlay(LARGE)
    for (let n = 1; n <= 7; n++) ask(peer(n))
    overlay.members(Array.from({ length: 30 }, (_, n) => ({ id: peer(n + 50), announcement: ANNOUNCEMENT })))
    overlay.contacts.quality(peer(1), true, clock.nowMs)
    overlay.contacts.quality(peer(2), true, clock.nowMs)
    pass(OVERLAY_POLICY.poorMs / 2)
    overlay.contacts.quality(peer(2), false, clock.nowMs)
    pass(OVERLAY_POLICY.poorMs)
    expect(overlay.isNeighbour(peer(1))).toBe(false)
    expect(overlay.isNeighbour(peer(2))).toBe(true)
  })

  it('replaces one whose path was poor already when it became a neighbour, but not sooner', () => {
    const { overlay, ask, pass, clock } = makeOverlay(LARGE)
    for (let n = 2; n <= 7; n++) ask(peer(n))
    overlay.linkUp(peer(1), ANNOUNCEMENT)
    overlay.contacts.quality(peer(1), true, clock.nowMs)
    pass(OVERLAY_POLICY.poorMs)
    ask(peer(1))
    overlay.members(Array.from({ length: 30 }, (_, n) => ({ id: peer(n + 50), announcement: ANNOUNCEMENT })))
    pass(OVERLAY_POLICY.poorMs / 2)
    expect(overlay.isNeighbour(peer(1))).toBe(true)
    pass(OVERLAY_POLICY.poorMs)
    expect(overlay.isNeighbour(peer(1))).toBe(false)
  })

  it('keeps poor neighbours when it has no others', () => {
    const { overlay, ask, pass, clock } = makeOverlay(LARGE)
    for (let n = 1; n <= DEGREES.floor; n++) ask(peer(n))
    for (let n = 1; n <= DEGREES.floor; n++) overlay.contacts.quality(peer(n), true, clock.nowMs)
    pass(2 * OVERLAY_POLICY.poorMs)
    expect(overlay.degree).toBe(DEGREES.floor)
  })

  it('begins no more connections than engines bear, whoever comes and goes for how long', () => {
    const { overlay, receive, clock, direct } = makeOverlay(LARGE)
    const hours = 6
    const startMs = clock.nowMs
    for (let n = 1; clock.nowMs < startMs + hours * 3_600_000; n++) {
      overlay.linkUp(peer(n), ANNOUNCEMENT)
      receive(peer(n), { kind: 'mesh_neighbour', body: { degree: 8, isUrgent: true } })
      clock.nowMs += 1_000
      overlay.tick()
      overlay.linkDown(peer(n))
    }
    const { burst, perSecond } = OVERLAY_POLICY.connections
    expect(direct.length).toBeLessThanOrEqual(burst + hours * 3_600 * perSecond + 1)
    // It is a budget, not an end: those who come late find a place as well.
    expect(direct.length).toBeGreaterThan(hours * 3_600 * perSecond - 1)
  })

  it('spends one connection on a link, however often its peer parts and comes again', () => {
    const { overlay, ask, receive, pass, direct, clock } = makeOverlay(LARGE)
    const { burst } = OVERLAY_POLICY.connections
    for (let i = 0; i < 4 * burst; i++) {
      expect(ask(peer(1), { isUrgent: true })).toBe('mesh_accept')
      receive(peer(1), { kind: 'mesh_part', body: { members: [] } })
      overlay.contacts.used(peer(1), clock.nowMs)
      pass(3_000)
    }
    expect(direct.length).toBe(4 * burst)
    for (let n = 2; n <= 6; n++) expect(ask(peer(n))).toBe('mesh_accept')
  })

  it('keeps some connections for the time when it has hardly a neighbour left', () => {
    const { overlay, ask, direct } = makeOverlay(LARGE)
    const { connections, reservedConnections } = OVERLAY_POLICY
    // Two stay, and others come and go.
    for (const n of [1, 2]) ask(peer(n), { isUrgent: true })
    for (let n = 100; n < 200; n++) {
      ask(peer(n), { isUrgent: true })
      overlay.linkDown(peer(n))
    }
    expect(direct).toHaveLength(connections.burst - reservedConnections)
    overlay.linkDown(peer(1))
    expect(ask(peer(3), { isUrgent: true })).toBe('mesh_accept')
  })

  it('keeps the link of a former neighbour for a while: it may ask again', () => {
    const { ask, receive, pass, released } = makeOverlay(LARGE)
    ask(peer(1))
    pass(10 * OVERLAY_POLICY.idleMs)
    receive(peer(1), { kind: 'mesh_part', body: { members: [] } })
    pass(OVERLAY_POLICY.lingerMs - 1_000)
    expect(released).toEqual([])
    pass(1_000 + 2 * OVERLAY_POLICY.calmMs)
    expect(released).toEqual([peer(1)])
  })

  it('dials as few members at once as it may, and does not dial the same one twice', () => {
    const { overlay, reached, pass } = makeOverlay(LARGE)
    overlay.members(Array.from({ length: 20 }, (_, n) => ({ id: peer(n + 1), announcement: ANNOUNCEMENT })))
    overlay.tick()
    expect(reached).toHaveLength(OVERLAY_POLICY.maxDials)
    pass(5_000)
    expect(reached).toHaveLength(OVERLAY_POLICY.maxDials)
    for (const id of reached) overlay.unreachable(id)
    pass(1_000)
    expect(new Set(reached).size).toBe(reached.length)
    expect(reached.length).toBeGreaterThan(OVERLAY_POLICY.maxDials)
  })

  it('turns first to whom a neighbour leads to while the room is away, and to others only in need', () => {
    const { overlay, ask, reached, pass, clock } = makeOverlay(LARGE)
    const tell = (n: number, source: Source) =>
      overlay.passive.add({ id: peer(n), announcement: ANNOUNCEMENT, source, seenAtMs: clock.nowMs }, clock.nowMs)
    for (let n = 1; n <= DEGREES.floor; n++) ask(peer(n))
    overlay.contacts.path(peer(1), true)
    overlay.away()
    tell(50, 'room')
    tell(51, peer(2))
    tell(52, peer(1))
    pass(5_000)
    expect(reached).toEqual([peer(52)])
    overlay.linkDown(peer(3))
    pass(5_000)
    expect(new Set(reached)).toEqual(new Set([50, 51, 52].map(peer)))
  })

  it('turns to anybody while the room introduces them', () => {
    const { overlay, ask, reached, pass } = makeOverlay(LARGE)
    for (let n = 1; n <= DEGREES.floor; n++) ask(peer(n))
    overlay.away()
    overlay.returned()
    overlay.members([{ id: peer(50), announcement: ANNOUNCEMENT }])
    pass(5_000)
    expect(reached).toEqual([peer(50)])
  })

  it('ends links that nobody needs, and keeps one as long as an application uses it', () => {
    const { overlay, released, clock, pass } = makeOverlay(LARGE)
    for (const n of [1, 2]) {
      overlay.demand(peer(n))
      overlay.linkUp(peer(n), ANNOUNCEMENT)
      overlay.receive(peer(n), { kind: 'mesh_refuse', body: { members: [] } })
    }
    for (let i = 0; i < 4; i++) {
      pass(OVERLAY_POLICY.idleMs / 2)
      overlay.contacts.used(peer(2), clock.nowMs)
    }
    expect(clock.nowMs).toBeGreaterThan(OVERLAY_POLICY.idleMs)
    expect(released).toEqual([peer(1)])
    pass(OVERLAY_POLICY.idleMs + OVERLAY_POLICY.calmMs * 2)
    expect(released).toEqual([peer(1), peer(2)])
  })

  it('ends no link on which something is under way, however long that takes', () => {
    const { overlay, released, owing, pass } = makeOverlay(LARGE)
    owing.add(peer(1))
    overlay.demand(peer(1))
    overlay.linkUp(peer(1), ANNOUNCEMENT)
    pass(3 * OVERLAY_POLICY.idleMs)
    expect(released).toEqual([])
    owing.delete(peer(1))
    pass(OVERLAY_POLICY.calmMs * 2)
    expect(released).toEqual([peer(1)])
  })

  it('has at most so many links on demand', () => {
    const { overlay, released } = full()
    const count = OVERLAY_POLICY.maxDemanded
    for (let n = 1_000; n < 1_000 + 2 * count; n++) overlay.linkUp(peer(n), ANNOUNCEMENT)
    expect(released.length).toBeGreaterThanOrEqual(count)
    expect(overlay.demand(peer(5_000))).toBe(false)
  })

  it('blames a neighbour who says more than an honest one, and only that one', () => {
    const { ask, receive, blamed } = makeOverlay(LARGE)
    ask(peer(1))
    ask(peer(2))
    for (let i = 0; i < OVERLAY_POLICY.messages.burst; i++)
      receive(peer(1), { kind: 'mesh_shuffle', body: { degree: 8, members: [] } })
    expect(new Set(blamed)).toEqual(new Set([`flood ${peer(1)}`]))
  })

  it('asks those whom it has links to when it has lost its neighbours: nobody tells of them as candidates', () => {
    const { overlay, ask, answersTo, pass } = makeOverlay(LARGE)
    for (let n = 1; n <= DEGREES.floor; n++) ask(peer(n))
    const linked = [peer(100), peer(101)]
    for (const id of linked) {
      overlay.demand(id)
      overlay.linkUp(id, ANNOUNCEMENT)
    }
    pass(OVERLAY_POLICY.calmMs)
    expect(linked.flatMap(answersTo)).toEqual([])
    for (const id of overlay.neighbours.keys()) overlay.linkDown(id)
    pass(OVERLAY_POLICY.calmMs)
    expect(linked.map(answersTo)).toEqual([['mesh_neighbour'], ['mesh_neighbour']])
  })

  it('asks others whom it has links to when those whom it has asked do not want it, and nobody again soon', () => {
    const { overlay, receive, answersTo, pass } = makeOverlay(LARGE)
    const linked = Array.from({ length: DEGREES.ceiling + 2 }, (_, n) => peer(n + 1))
    for (const id of linked) overlay.linkUp(id, ANNOUNCEMENT)
    const asked = () => linked.filter((id) => answersTo(id).length > 0)
    expect(asked()).toHaveLength(DEGREES.ceiling)
    for (const id of asked()) receive(id, { kind: 'mesh_refuse', body: { members: [] } })
    pass(OVERLAY_POLICY.calmMs)
    expect(linked.map(answersTo)).toEqual(linked.map(() => ['mesh_neighbour']))
  })

  it('tells somebody once that it is no neighbour, however much it says', () => {
    const { overlay, ask, answersTo } = full()
    ask(peer(100))
    const before = answersTo(peer(100)).length
    for (let i = 0; i < 100; i++) overlay.stray(peer(100))
    expect(answersTo(peer(100)).slice(before)).toEqual(['mesh_part'])
  })
})

describe('a member of a small network', () => {
  it('takes everybody, and asks everybody whose link comes up', () => {
    const { overlay, answersTo } = makeOverlay(SMALL)
    overlay.linkUp(peer(1), ANNOUNCEMENT)
    expect(answersTo(peer(1))).toEqual(['mesh_neighbour'])
  })

  it('keeps the link to a client without a mesh, which answers nothing', () => {
    const { overlay, released, pass } = makeOverlay(SMALL)
    overlay.linkUp(peer(1), ANNOUNCEMENT)
    pass(10 * OVERLAY_POLICY.idleMs)
    expect(released).toEqual([])
    expect(overlay.contacts.hasLink(peer(1))).toBe(true)
  })

  it('asks again who did not answer, when it speaks: it was asleep', () => {
    const { overlay, answersTo, pass, receive } = makeOverlay(SMALL)
    overlay.linkUp(peer(1), ANNOUNCEMENT)
    pass(30_000)
    expect(answersTo(peer(1))).toEqual(['mesh_neighbour'])
    overlay.contacts.spoke(peer(1))
    for (let i = 0; i < 40 && answersTo(peer(1)).length < 2; i++) pass(250)
    expect(answersTo(peer(1))).toEqual(['mesh_neighbour', 'mesh_neighbour'])
    receive(peer(1), { kind: 'mesh_accept', body: { degree: 1 } })
    expect(overlay.isNeighbour(peer(1))).toBe(true)
  })
})
