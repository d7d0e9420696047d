/** Leaving: at once, in any phase, as often as one likes, and nothing is left behind. */
import { join as joinPaths } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { joinObserved } from '../support/observed-network.ts'
import { runProgram } from '../support/program.ts'
import { ScriptedPeer } from '../support/scripted-peer.ts'
import { ScriptedRoom } from '../support/scripted-room.ts'

const PROGRAM = joinPaths(import.meta.dirname, '..', 'support', 'leaving-process.ts')
const BYE = '{"type":"bye"}'

let room: ScriptedRoom

beforeEach(async () => {
  room = await ScriptedRoom.open('closing')
})
afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
  await room.close()
})

describe('close', () => {
  it('says bye, once, however often it is called, and ends every peer', async () => {
    const ada = await joinObserved(room.roomUrl)
    const bob = await joinObserved(room.roomUrl)
    await eventually(() => expect(ada.network.peers.size).toBe(1))
    const closings = [ada.network.close(), ada.network.close()]
    expect(closings[0]).toBe(closings[1])
    await Promise.all(closings)
    await ada.network.close()
    const seat = room.seat(ada.network.peerId)
    await eventually(() => expect(seat.closed).toEqual({ code: 1000 }))
    expect(seat.texts).toEqual([BYE])
    expect(ada.states).toEqual(['closed'])
    expect(ada.presence.at(-1)).toBe(`closed ${bob.network.peerId}`)
    expect(ada.network.peers.size).toBe(0)
    await eventually(() => expect(bob.presence.at(-1)).toBe(`left ${ada.network.peerId}`))
    expect(bob.network.total).toBe(1)
    await bob.network.close()
  })

  it('settles what is still waiting to be sent, and refuses what comes after', async () => {
    const { network } = await joinObserved(room.roomUrl)
    const silent = await ScriptedPeer.create('closing')
    room.admit(silent)
    // Nobody acknowledges, so the second half of this waits for the window.
    const waiting = new Promise<unknown>((resolve) => {
      network.on('announced', ({ peer }) => {
        peer.send(new Uint8Array(600_000)).then(resolve, resolve)
      })
    })
    await eventually(() => expect(silent.envelopes.filter(({ kind }) => kind === 'relay').length).toBeGreaterThan(10))
    await network.close()
    expect(await waiting).toMatchObject({ name: 'EdgeNetError', hint: expect.any(String) as string })
    await expect(network.send(silent.peerId, 'late')).rejects.toMatchObject({ code: 'aborted' })
    await network.broadcast('to nobody')
  })

  it('hands what send() has taken over to the room before it says bye', async () => {
    const ada = await joinObserved(room.roomUrl)
    const bob = await joinObserved(room.roomUrl)
    await eventually(() => expect([ada.network.peers.size, bob.network.peers.size]).toEqual([1, 1]))
    const order: string[] = []
    room.carry = (from, { kind }) => {
      if (from.peerId === ada.network.peerId) order.push(`${kind} after ${from.texts.length} texts`)
    }
    await ada.network.send(bob.network.peerId, 'last words')
    await ada.network.close()
    await eventually(() => expect(room.seat(ada.network.peerId).texts).toEqual([BYE]))
    expect(order).toContain('relay after 0 texts')
    await bob.network.close()
  })

  it('waits until the others have what was sent, and no longer', async () => {
    const ada = await joinObserved(room.roomUrl)
    const bob = await joinObserved(room.roomUrl)
    await eventually(() => expect([ada.network.peers.size, bob.network.peers.size]).toEqual([1, 1]))
    const { delivered } = ada.network.send(bob.network.peerId, 'last words')
    const startedMs = performance.now()
    await ada.network.close()
    // An acknowledgement takes 50 ms; without one it would wait for 500.
    expect(performance.now() - startedMs).toBeLessThan(400)
    await delivered
    expect(bob.messages).toMatchObject([{ data: 'last words' }])
    await bob.network.close()
  })

  it('takes nothing more while it waits, and confirms nothing that nobody had', async () => {
    const ada = await joinObserved(room.roomUrl)
    const bob = await joinObserved(room.roomUrl)
    const carol = await joinObserved(room.roomUrl)
    await eventually(() => {
      for (const { network } of [ada, bob, carol]) expect(network.peers.size).toBe(2)
    })
    const bobId = bob.network.peerId
    room.carry = (from, envelope) => {
      if (from.peerId !== carol.network.peerId) room.pass(from, envelope)
    }
    // Carol's acknowledgement does not arrive, so Bob's leaving takes a while.
    await bob.network.send(carol.network.peerId, 'last words')
    const closing = bob.network.close()
    await expect(ada.network.send(bobId, 'too late').delivered).rejects.toMatchObject({ code: 'not-delivered' })
    await closing
    expect(bob.messages).toEqual([])
    await Promise.all([ada.network.close(), carol.network.close()])
  })

  it('emits nothing afterwards, whatever the room still says', async () => {
    const ada = await joinObserved(room.roomUrl)
    const bob = await joinObserved(room.roomUrl)
    await eventually(() => expect(ada.network.peers.size).toBe(1))
    const seat = room.seat(ada.network.peerId)
    room.carry = (from, envelope) => {
      if (from !== seat) room.pass(from, envelope)
    }
    // It does not arrive, so that leaving takes a while.
    await ada.network.send(bob.network.peerId, 'last words')
    const closed = ada.network.close()
    const before = { ...ada, messages: [...ada.messages], errors: [...ada.errors] }
    room.members.set(ada.network.peerId, seat)
    await bob.network.send(ada.network.peerId, 'too late').catch(() => undefined)
    seat.say({ type: 'error', code: 'flooding', message: 'm', hint: 'h', serverTimeMs: 1 })
    await closed
    expect([ada.messages, ada.errors]).toEqual([before.messages, before.errors])
    await bob.network.close()
  })

  it('waits for nobody when the page goes away: nothing that it waits for comes any more', async () => {
    const page = new EventTarget()
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page))
    const ada = await joinObserved(room.roomUrl)
    const bob = await joinObserved(room.roomUrl)
    await eventually(() => expect([ada.network.peers.size, bob.network.peers.size]).toEqual([1, 1]))
    room.carry = () => undefined
    await ada.network.send(bob.network.peerId, 'never acknowledged')
    page.dispatchEvent(Object.assign(new Event('pagehide'), { persisted: false }))
    expect(ada.network.state).toBe('closed')
    await eventually(() => expect(room.seat(ada.network.peerId).texts).toEqual([BYE]))
    await bob.network.close()
  })

  it('does not wait for a room that does not answer', async () => {
    const { network } = await joinObserved(room.roomUrl)
    const seat = room.seat(network.peerId)
    seat.freeze()
    const startedMs = performance.now()
    await network.close()
    expect(performance.now() - startedMs).toBeLessThan(1_000)
  })

  it('while reconnecting stops reconnecting', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    const { network, states } = await joinObserved(room.roomUrl)
    let knocks = 0
    room.upgrade = (socket) => {
      knocks++
      socket.destroy()
      return true
    }
    room.seat(network.peerId).cut()
    await eventually(() => expect(knocks).toBeGreaterThan(2))
    await network.close()
    const knocked = knocks
    await new Promise((resolve) => setTimeout(resolve, 150))
    expect(knocks).toBeLessThanOrEqual(knocked + 1)
    expect(states).toEqual(['reconnecting', 'closed'])
  })

  it('from within an event handler is as good as any other', async () => {
    const ada = await joinObserved(room.roomUrl)
    ada.network.on('peer', () => ada.network.close())
    const bob = await joinObserved(room.roomUrl)
    await eventually(() => expect(ada.states).toEqual(['closed']))
    await bob.network.close()
  })
})

describe('a process that joins, talks and leaves', () => {
  it('ends by itself, with nothing left open', async () => {
    const host = await joinObserved(room.roomUrl)
    host.network.on('peer', ({ peer }) => peer.send('ping'))
    host.network.on('message', ({ peer }) => peer.send('leave'))
    expect(await runProgram(PROGRAM, [room.roomUrl], 10_000)).toEqual({ code: 0, output: '[]', errors: '' })
    expect(host.messages).toMatchObject([{ data: 'ping' }])
    await host.network.close()
  }, 15_000)
})
