/** Whatever carriers tell, in whatever order: each peer's way is one that works, and its link knows. */
import * as fc from 'fast-check'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { PeerId } from '../../protocol/peer-id.ts'
import { Crossroads, ToldCarrier } from '../support/carrier-crossroads.ts'

const NAMES = ['room', 'neighbours', 'gun', 'other']
const PEERS = ['ada', 'bob'] as PeerId[]
const ROOM = 0
/** Where no carrier leads to a peer, all but the room are tried again by then. */
const RETRIED_MS = 17_000

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }))
afterEach(() => void vi.useRealTimers())

const via = fc.nat(NAMES.length - 1)
const peer = fc.constantFrom(...PEERS)
const action = fc.oneof(
  fc.record({ type: fc.constantFrom('up' as const, 'down' as const), via }),
  fc.record({ type: fc.constantFrom('found' as const, 'unreachable' as const), via, peer }),
)
const passing = fc.record({ type: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 20_000 }) })
const silence = fc.record({ type: fc.constantFrom('silent' as const, 'heard' as const), peer })

type Act = typeof action | typeof passing | typeof silence
type Action = Act extends fc.Arbitrary<infer One> ? One : never

class Play {
  readonly carriers = NAMES.map((name) => new ToldCarrier(name))
  readonly roads = new Crossroads(this.carriers)
  readonly up = new Set<number>()
  /** Carriers that said of a peer that they do not find it, until it is heard by them or they have been down. */
  readonly denied = new Map(PEERS.map((id) => [id, new Set<number>()]))
  /** The carrier that each peer was heard by last. */
  readonly heard = new Map<PeerId, number>()
  readonly #relayIsUp = new Map<string, boolean>()

  constructor() {
    for (const id of PEERS) this.roads.carriers.add(id)
  }

  do(act: Action): void {
    const carrier = 'via' in act ? this.carriers[act.via] : undefined
    switch (act.type) {
      case 'up':
        this.up.add(act.via)
        return carrier?.tell.up()
      case 'down':
        this.up.delete(act.via)
        for (const denied of this.denied.values()) denied.delete(act.via)
        return carrier?.tell.down()
      case 'found':
        this.heard.set(act.peer, act.via)
        this.denied.get(act.peer)?.delete(act.via)
        return void this.roads.carriers.found(act.peer, act.via)
      case 'unreachable':
        this.denied.get(act.peer)?.add(act.via)
        return carrier?.tell.unreachable(act.peer)
      case 'silent':
        return void this.roads.silent.add(act.peer)
      case 'heard':
        return void this.roads.silent.delete(act.peer)
      case 'pass':
        return void vi.advanceTimersByTime(act.ms)
    }
  }

  /** Holds at any time: what leads to a peer works, and its link was told the last that is to be known. */
  check(): void {
    for (const told of this.roads.news()) {
      const [what, id = ''] = told.split(' ')
      if (what === 'relayUp') this.#relayIsUp.set(id, true)
      if (what === 'relayDown') this.#relayIsUp.set(id, false)
    }
    for (const id of PEERS) {
      const way = this.wayOf(id)
      if (way !== undefined) expect(this.up).toContain(way)
      // One that is only tried is not up before the peer is heard by it.
      if (way === undefined) expect(this.#relayIsUp.get(id) ?? false).toBe(false)
      if (way !== undefined && this.heard.get(id) === way) this.carriersLead(id, way)
    }
  }

  /** Heard once more by the carrier in use, a peer is reached as far as its link knows. */
  carriersLead(id: PeerId, way: number): void {
    this.roads.carriers.found(id, way)
    for (const told of this.roads.news()) if (told === `relayUp ${id}`) this.#relayIsUp.set(id, true)
    expect(this.#relayIsUp.get(id)).toBe(true)
  }

  wayOf(id: PeerId): number | undefined {
    const name = this.roads.way(id)
    return name === undefined ? undefined : NAMES.indexOf(name)
  }

  /** Those that work and have not denied the peer, in the order of resort. */
  openTo(id: PeerId): number[] {
    return [...NAMES.keys()].filter((carrier) => this.up.has(carrier) && !this.denied.get(id)?.has(carrier))
  }

  end(): void {
    void this.roads.carriers.close()
  }
}

function playing<Step extends Action>(step: fc.Arbitrary<Step>, see: (play: Play) => void): void {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (acts) => {
      const play = new Play()
      for (const act of acts) {
        play.do(act)
        play.check()
        see(play)
      }
      play.end()
    }),
    { numRuns: 500 },
  )
}

test('a way never leads over a carrier that is down, and the link knows whether there is one', () => {
  playing(fc.oneof(action, passing, silence), () => undefined)
})

test('at once, the room is used if it leads, otherwise the one by which the peer was heard last, or else the first', () => {
  playing(action, (play) => {
    for (const id of PEERS) {
      const open = play.openTo(id)
      const last = play.heard.get(id)
      const expected = !open.includes(ROOM) && last !== undefined && open.includes(last) ? last : open[0]
      expect(play.wayOf(id)).toBe(expected)
    }
  })
})

test('whenever carriers rest, there is soon a way over one that works, unless it is the room alone, and that denies the peer', () => {
  playing(action, (play) => {
    vi.advanceTimersByTime(RETRIED_MS)
    play.check()
    for (const id of PEERS) {
      const hasWay = play.wayOf(id) !== undefined
      const canHave = [...play.up].some((carrier) => carrier !== ROOM || !play.denied.get(id)?.has(ROOM))
      expect(hasWay).toBe(canHave)
      // Tried again, it is as if it had not denied anybody.
      if (hasWay) for (const carrier of play.up) if (carrier !== ROOM) play.denied.get(id)?.delete(carrier)
    }
  })
})
