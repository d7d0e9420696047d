/** The room comes and goes; the network stays: peers are the same, and every message arrives once and in order. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { joinObserved, type ObservedNetwork } from '../support/observed-network.ts'
import { ScriptedRoom, type Seat } from '../support/scripted-room.ts'

let room: ScriptedRoom
let ada: ObservedNetwork
let bob: ObservedNetwork

beforeEach(async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0)
  room = await ScriptedRoom.open('reconnection')
  ada = await joinObserved(room.roomUrl, { name: 'Ada' })
  bob = await joinObserved(room.roomUrl, { name: 'Bob' })
  await eventually(() => expect([ada.network.peers.size, bob.network.peers.size]).toEqual([1, 1]))
})
afterEach(async () => {
  vi.restoreAllMocks()
  await Promise.all([ada.network.close(), bob.network.close()])
  await room.close()
})

const seatOf = ({ network }: ObservedNetwork): Seat => room.seat(network.peerId)
const texts = ({ messages }: ObservedNetwork) => messages.map(({ data }) => data)
const numbered = (count: number) => Array.from({ length: count }, (_, i) => `message ${i}`)

/** Nobody has come, gone or come twice since the two met. */
function expectNoCommotion(): void {
  expect(ada.presence).toEqual([`announced ${bob.network.peerId}`, `peer ${bob.network.peerId}`])
  expect(bob.presence).toEqual([`announced ${ada.network.peerId}`, `peer ${ada.network.peerId}`])
}

describe('a socket that is lost', () => {
  it.each([
    ['cut (1006)', (seat: Seat) => seat.cut()],
    ['closed by a deploy (1001)', (seat: Seat) => seat.close(1001)],
    ['closed by an overload (1013)', (seat: Seat) => seat.close(1013)],
    ['closed normally (1000)', (seat: Seat) => seat.close(1000)],
    ['reaped as a ghost (4408)', (seat: Seat) => seat.close(4408)],
  ])('because it was %s is opened again, and the peers are the same', async (_, lose) => {
    const before = bob.network.peers.get(ada.network.peerId)
    lose(seatOf(ada))
    await eventually(() => expect(ada.states).toEqual(['reconnecting', 'open']))
    await ada.network.send(bob.network.peerId, 'back')
    await eventually(() => expect(texts(bob)).toEqual(['back']))
    await bob.network.send(ada.network.peerId, 'welcome back')
    await eventually(() => expect(texts(ada)).toEqual(['welcome back']))
    expect(bob.network.peers.get(ada.network.peerId)).toBe(before)
    expectNoCommotion()
  })

  it('is opened with a new ticket each time', async () => {
    for (const joins of [3, 4, 5]) {
      seatOf(ada).cut()
      await eventually(() => expect(room.seats).toHaveLength(joins))
    }
    const times = room.tickets.filter(({ announcement }) => announcement.profile.name === 'Ada')
    const issued = times.map(({ issuedAtMs }) => issuedAtMs)
    expect(new Set(issued).size).toBe(4)
    expect(issued).toEqual(issued.toSorted((a, b) => a - b))
  })

  it('loses no message: what was sent before, during and after arrives once and in order', async () => {
    let carried = 0
    // The room takes what comes and dies with it: some envelopes of Ada's are the last of their sockets.
    room.carry = (from, envelope) => {
      if (from.peerId !== ada.network.peerId || envelope.kind !== 'relay' || ![5, 15, 30, 50].includes(++carried)) {
        return room.pass(from, envelope)
      }
      from.cut()
    }
    for (const text of numbered(40)) {
      void ada.network.send(bob.network.peerId, text)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await eventually(() => expect(texts(bob)).toEqual(numbered(40)), 8_000)
    expect(room.seats.length).toBeGreaterThanOrEqual(2 + 3)
    expectNoCommotion()
  }, 10_000)

  it('loses nothing of a large message either, nor when both sides lose theirs at once', async () => {
    const large = Uint8Array.from({ length: 700_000 }, (_, i) => (i * 31) % 251)
    let carried = 0
    room.carry = (from, envelope) => {
      if (envelope.kind === 'relay' && ++carried === 20) for (const who of [ada, bob]) seatOf(who).cut()
      else room.pass(from, envelope)
    }
    void ada.network.send(bob.network.peerId, large)
    void bob.network.send(ada.network.peerId, large)
    await eventually(() => expect([ada.messages.length, bob.messages.length]).toEqual([1, 1]), 8_000)
    for (const { messages } of [ada, bob]) expect(Buffer.compare(messages[0]?.data as Uint8Array, large)).toBe(0)
    expectNoCommotion()
  }, 10_000)

  it('keeps send() waiting rather than failing, and the peers listed', async () => {
    room.upgrade = (socket) => Boolean(socket.destroy())
    seatOf(ada).cut()
    await eventually(() => expect(ada.states).toEqual(['reconnecting']))
    const sent = ada.network.send(bob.network.peerId, 'during the outage')
    expect(ada.network.peers.size).toBe(1)
    room.upgrade = () => false
    await sent
    await eventually(() => expect(texts(bob)).toEqual(['during the outage']))
  })

  it('leaves a peer stalled that the room does not list, until it is heard', async () => {
    const states: string[] = []
    ada.network.on('peer-state', ({ state }) => void states.push(state))
    room.greet = (seat) => room.welcome(seat, { total: 1, peers: [] })
    room.carry = () => {}
    seatOf(ada).cut()
    await eventually(() => expect(ada.states).toEqual(['reconnecting', 'open']))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(states).toEqual(['stalled'])
    room.carry = (from, envelope) => room.pass(from, envelope)
    await bob.network.send(ada.network.peerId, 'here I am')
    await eventually(() => expect(texts(ada)).toEqual(['here I am']))
    expect(states).toEqual(['stalled', 'verified'])
    expectNoCommotion()
  })

  it('brings back who joined meanwhile, and drops who left meanwhile', async () => {
    let isDown = true
    room.upgrade = (socket) => isDown && Boolean(socket.destroy())
    seatOf(ada).cut()
    await eventually(() => expect(ada.states).toEqual(['reconnecting']))
    await bob.network.close()
    isDown = false
    const carol = await joinObserved(room.roomUrl, { name: 'Carol' })
    await eventually(() => expect(ada.network.peers.has(carol.network.peerId)).toBe(true))
    expect(ada.network.total).toBe(2)
    await carol.network.close()
  })
})
