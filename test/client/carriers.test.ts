/** Which of several carriers leads to each peer, and what its link hears of that. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EdgeNetError } from '../../client/errors.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { Crossroads, ToldCarrier } from '../support/carrier-crossroads.ts'

const ADA = 'ada' as PeerId
const BOB = 'bob' as PeerId
const NOTHING = new Uint8Array(0)
const [ROOM, NEIGHBOURS, GUN] = [0, 1, 2]

let room: ToldCarrier
let neighbours: ToldCarrier
let gun: ToldCarrier
let all: ToldCarrier[]
let roads: Crossroads

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] })
  room = new ToldCarrier('room')
  neighbours = new ToldCarrier('neighbours')
  gun = new ToldCarrier('gun', false)
  all = [room, neighbours, gun]
  roads = new Crossroads(all)
})
afterEach(async () => {
  await roads.carriers.close()
  vi.useRealTimers()
})

const pass = (ms: number) => vi.advanceTimersByTime(ms)
const send = (kind: 'signal' | 'relay' = 'signal', to = ADA) => roads.carriers.send(kind, to, NOTHING)
const sent = () => all.map((carrier) => carrier.sent.splice(0).length)

/** All work, and there is a link to Ada. */
function setOut(via?: number): void {
  for (const carrier of all) carrier.tell.up()
  roads.carriers.add(ADA, via)
  roads.news()
}

describe('the order of resort', () => {
  it('is the room, then neighbours, then what the application brought', () => {
    setOut()
    expect(roads.way(ADA)).toBe('room')
    room.tell.down()
    expect(roads.way(ADA)).toBe('neighbours')
    neighbours.tell.down()
    expect(roads.way(ADA)).toBe('gun')
    gun.tell.down()
    expect(roads.way(ADA)).toBeUndefined()
    expect(roads.carriers.isAnyUp).toBe(false)
    neighbours.tell.up()
    expect(roads.way(ADA)).toBe('neighbours')
    room.tell.up()
    expect(roads.way(ADA)).toBe('room')
  })

  it('is told with names and states', () => {
    neighbours.tell.up()
    expect(roads.carriers.list).toEqual([
      { name: 'room', isUp: false },
      { name: 'neighbours', isUp: true },
      { name: 'gun', isUp: false },
    ])
  })

  it('gives way, where there is no room, to the carrier by which the peer was heard last', () => {
    setOut()
    room.tell.down()
    expect(roads.carriers.found(ADA, GUN)).toBe(true)
    expect(roads.way(ADA)).toBe('gun')
    expect(roads.carriers.found(ADA, GUN)).toBe(false)
    expect(roads.carriers.found(ADA, NEIGHBOURS)).toBe(true)
    expect(roads.way(ADA)).toBe('neighbours')
  })

  it('gives way to nothing while the room leads to the peer', () => {
    setOut(GUN)
    expect(roads.way(ADA)).toBe('room')
    expect(roads.carriers.found(ADA, GUN)).toBe(false)
    expect(roads.way(ADA)).toBe('room')
  })

  it('is each peer’s own', () => {
    setOut()
    roads.carriers.add(BOB)
    room.tell.unreachable(ADA)
    expect([roads.way(ADA), roads.way(BOB)]).toEqual(['neighbours', 'room'])
  })

  it('begins with the carrier that told of the peer, when there is no room', () => {
    for (const carrier of [neighbours, gun]) carrier.tell.up()
    roads.carriers.add(ADA, GUN)
    expect(roads.way(ADA)).toBe('gun')
  })
})

describe('a carrier that does not find the peer', () => {
  it('is left for the next one, and heeded again when the peer is heard by it', () => {
    setOut()
    room.tell.unreachable(ADA)
    neighbours.tell.unreachable(ADA)
    expect(roads.way(ADA)).toBe('gun')
    roads.carriers.found(ADA, ROOM)
    expect(roads.way(ADA)).toBe('room')
  })

  it('is heeded again once it has been down', () => {
    setOut()
    room.tell.unreachable(ADA)
    room.tell.down()
    room.tell.up()
    expect(roads.way(ADA)).toBe('room')
  })

  it('changes nothing for who is no link’s peer', () => {
    setOut()
    room.tell.unreachable(BOB)
    expect(roads.carriers.found(BOB, GUN)).toBe(false)
    expect(roads.news()).toEqual([])
    expect(roads.way(BOB)).toBeUndefined()
  })

  it('is tried again after 2, 4, 8, and ever after 16 s, when none is left, but not the room, which knows', () => {
    setOut()
    const retries: number[] = []
    let sinceMs = 0
    for (const carrier of all) carrier.tell.unreachable(ADA)
    for (let atMs = 0; retries.length < 5; atMs += 500) {
      if (roads.way(ADA)) {
        retries.push(Math.round((atMs - sinceMs) / 1_000))
        sinceMs = atMs
        expect(roads.way(ADA)).toBe('neighbours')
        for (const carrier of [neighbours, gun]) carrier.tell.unreachable(ADA)
      }
      pass(500)
    }
    expect(retries).toEqual([2, 4, 8, 16, 16])
    // Whoever has been heard since is worth haste, where he was heard.
    roads.carriers.found(ADA, GUN)
    gun.tell.unreachable(ADA)
    pass(2_500)
    expect(roads.way(ADA)).toBe('gun')
  })
})

describe('a peer that does not answer', () => {
  it('is asked by one carrier after the other, again and again', () => {
    setOut()
    roads.silent.add(ADA)
    const ways = Array.from({ length: 12 }, () => {
      const way = roads.way(ADA)
      pass(3_000)
      return way
    })
    expect(ways.slice(0, 3)).toEqual(['room', 'neighbours', 'gun'])
    for (const { name } of all) expect(ways.filter((way) => way === name).length).toBeGreaterThanOrEqual(3)
    for (const [i, way] of ways.entries()) expect(way).not.toBe(ways[i + 1])
  })

  it('is no more reached for being asked by another carrier, until it answers', () => {
    setOut()
    for (const carrier of all) carrier.tell.unreachable(ADA)
    expect(roads.news()).toEqual(['relayUp ada', 'relayUp ada', 'relayDown ada'])
    pass(2_500)
    expect(roads.way(ADA)).toBe('neighbours')
    expect(roads.news()).toEqual(['probe ada'])
    neighbours.tell.unreachable(ADA)
    gun.tell.unreachable(ADA)
    expect(roads.news()).toEqual(expect.not.arrayContaining(['relayUp ada']))
    pass(5_000)
    roads.carriers.found(ADA, NEIGHBOURS)
    expect(roads.news().at(-1)).toBe('relayUp ada')
  })

  it('is asked by the only one that works as long as it takes', () => {
    gun.tell.up()
    roads.carriers.add(ADA)
    roads.silent.add(ADA)
    roads.news()
    pass(60_000)
    expect(roads.way(ADA)).toBe('gun')
    expect(roads.news()).toEqual([])
  })
})

describe('a better carrier than the one in use', () => {
  it('is tried after 2 s, and left again when the peer is still heard by the other', () => {
    setOut()
    room.tell.down()
    roads.carriers.found(ADA, GUN)
    pass(1_500)
    expect(roads.way(ADA)).toBe('gun')
    pass(1_000)
    expect(roads.way(ADA)).toBe('neighbours')
    roads.carriers.found(ADA, GUN)
    expect(roads.way(ADA)).toBe('gun')
  })

  it('is not tried when it has said that it does not lead to the peer', () => {
    setOut()
    room.tell.down()
    neighbours.tell.unreachable(ADA)
    roads.carriers.found(ADA, GUN)
    roads.news()
    pass(60_000)
    expect(roads.way(ADA)).toBe('gun')
    expect(roads.news()).toEqual([])
  })
})

describe('what a link hears', () => {
  it('is each change of its way, once', () => {
    setOut()
    room.tell.down()
    expect(roads.news()).toEqual(['relayUp ada', 'down room'])
    neighbours.tell.unreachable(ADA)
    expect(roads.news()).toEqual(['relayUp ada'])
    gun.tell.unreachable(ADA)
    expect(roads.news()).toEqual(['relayDown ada'])
    gun.tell.unreachable(ADA)
    expect(roads.news()).toEqual([])
    room.tell.up()
    expect(roads.news()).toEqual(['relayUp ada', 'up room'])
  })

  it('is nothing of carriers that it does not use', () => {
    setOut()
    gun.tell.down()
    gun.tell.up()
    neighbours.tell.unreachable(ADA)
    expect(roads.news()).toEqual(['down gun', 'up gun'])
  })

  it('is that its carrier works again, though it had not said that it did not: what was sent before may be lost', () => {
    setOut()
    room.tell.up()
    expect(roads.news()).toEqual(['relayUp ada'])
  })

  it('is that its carrier takes bulk again, and not that another does', () => {
    setOut()
    roads.carriers.add(BOB)
    room.tell.unreachable(BOB)
    roads.news()
    room.tell.ready()
    expect(roads.news()).toEqual(['relayReady ada'])
    gun.tell.ready()
    expect(roads.news()).toEqual([])
  })

  it('is nothing once the link is over', () => {
    setOut()
    roads.carriers.remove(ADA)
    room.tell.down()
    expect(roads.news()).toEqual(['down room'])
  })
})

describe('what the network hears', () => {
  it('is that a carrier works or does not, once each, and every cause', () => {
    gun.tell.down()
    gun.tell.up()
    gun.tell.up()
    gun.tell.down()
    gun.tell.down()
    expect(roads.news()).toEqual(['up gun', 'down gun'])
    gun.tell.down(new EdgeNetError('unsupported', 'gun', 'Gun is missing.', 'Install it.'))
    expect(roads.news()).toEqual(['down gun unsupported'])
  })

  it('is by which carrier something came', () => {
    gun.tell.met(NOTHING)
    neighbours.tell.envelope({ kind: 'who', home: 0, peer: BOB, body: NOTHING })
    expect(roads.news()).toEqual(['met 2', 'envelope bob 1'])
  })
})

describe('what is sent', () => {
  it('goes by the peer’s way alone', () => {
    setOut()
    send()
    expect(sent()).toEqual([1, 0, 0])
    room.tell.unreachable(ADA)
    send()
    expect(sent()).toEqual([0, 1, 0])
  })

  it('goes by the first that works when none leads to the peer, or there is no link to it', () => {
    setOut()
    send('signal', BOB)
    room.tell.down()
    for (const carrier of [neighbours, gun]) carrier.tell.unreachable(ADA)
    send()
    expect(sent()).toEqual([1, 1, 0])
    for (const carrier of [neighbours, gun]) carrier.tell.down()
    send()
    expect(sent()).toEqual([0, 0, 0])
  })

  it('is no bulk where a carrier takes none', () => {
    setOut()
    expect(roads.carriers.to(ADA)).toMatchObject({ name: 'room', carriesBulk: true })
    for (const carrier of [room, neighbours]) carrier.tell.down()
    expect(roads.carriers.to(ADA)).toMatchObject({ name: 'gun', carriesBulk: false })
    send('relay')
    expect(sent()).toEqual([0, 0, 0])
    send('signal')
    expect(sent()).toEqual([0, 0, 1])
  })

  it('is no bulk while the carrier is full, or there is none', () => {
    setOut()
    room.isReady = false
    expect(roads.carriers.to(ADA)?.isReady).toBe(false)
    expect(roads.carriers.to(BOB)).toBeUndefined()
  })

  it('to a stranger as an answer goes the way that he came', () => {
    setOut()
    roads.carriers.reply(GUN, 'who', BOB, NOTHING)
    expect(sent()).toEqual([0, 0, 1])
  })
})

describe('members', () => {
  it('are sought by all, told once each time that it changes', () => {
    roads.carriers.seek(false)
    roads.carriers.seek(true)
    roads.carriers.seek(true)
    roads.carriers.seek(false)
    for (const { sought } of all) expect(sought).toEqual([true, false])
  })

  it('are looked for twice a second where there is more than the room, until the end', async () => {
    pass(5_000)
    expect(roads.looks).toBe(10)
    await roads.carriers.close()
    pass(5_000)
    expect(roads.looks).toBe(10)
    expect(all.every(({ isClosed }) => isClosed)).toBe(true)
    const alone = new Crossroads([new ToldCarrier('room')])
    pass(5_000)
    expect(alone.looks).toBe(0)
  })
})
