/**
 * The room as a carrier, without the links above it: it finds out soon that a socket is dead, comes back at once, stays
 * down while a page is put away, and sends no more than the socket and the room take.
 */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RoomCarrier } from '../../client/carrier/room.ts'
import { Clock } from '../../client/clock.ts'
import { createIdentity } from '../../client/identity/identity.ts'
import { openSession, type Session } from '../../client/identity/session.ts'
import { networkIdOfName } from '../../protocol/network.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import type { LimitScope } from '../../protocol/room-messages.ts'
import { holdTime, pass, releaseTime, until } from '../support/passing-time.ts'
import { refusal, ScriptedRoom } from '../support/scripted-room.ts'

const NETWORK = 'carrier'
const SOMEBODY = 'AAAAAAAAAAAAAAAAAAAAAA' as PeerId

let room: ScriptedRoom
let session: Session
let carrier: RoomCarrier
/** What the carrier told, in order. */
let told: string[]

beforeEach(async () => {
  holdTime()
  vi.spyOn(Math, 'random').mockReturnValue(0.999)
  room = await ScriptedRoom.open(NETWORK)
  // Nobody is there to answer.
  room.carry = () => {}
  session = await openSession(
    createIdentity(),
    networkIdOfName(NETWORK),
    { rank: 0, rtc: false, name: '', capabilities: [] },
    new Clock(),
  )
  told = []
  carrier = new RoomCarrier(room.roomUrl.replace('http', 'ws'), () => session.ticket('join', room.host), {
    connecting: () => told.push('connecting'),
    message: ({ type }) => {
      told.push(type)
      if (type === 'welcome') session.ticketAccepted()
    },
    refused: ({ code }) => told.push(code),
    failed: () => told.push('failed'),
    rejected: ({ code }) => told.push(`rejected ${code}`),
  })
})
afterEach(async () => {
  releaseTime()
  vi.restoreAllMocks()
  await carrier.close()
  await room.close()
})

async function connected(joins = 1): Promise<void> {
  await until(() => expect(told.filter((what) => what === 'welcome')).toHaveLength(joins))
  expect(carrier.isReady).toBe(true)
}

function start(): void {
  const { peerId, core } = session
  const self = { peerId, networkId: core.network, announcement: () => session.announcement, nowMs: () => Date.now() }
  carrier.start(self, {
    up: () => told.push('up'),
    down: () => told.push('down'),
    met: () => told.push('met'),
    envelope: ({ kind }) => told.push(kind),
    unreachable: () => told.push('unreachable'),
    ready: () => told.push('ready'),
  })
}

async function open(): Promise<void> {
  start()
  await connected()
  // A socket that has been well for long.
  await pass(10_000, 1_000)
  told.length = 0
}

const seat = () => room.seat(session.peerId)
const say = (scope: LimitScope, retryAfterMs: number) => seat().say({ type: 'limited', scope, retryAfterMs })
const send = (kind: 'signal' | 'relay', bytes = 100) =>
  carrier.sendEnvelope(kind, SOMEBODY, new Uint8Array(bytes).fill(7))

/** How much time passes until the carrier knows that its socket is dead. */
async function msUntilDown(): Promise<number> {
  const startedMs = performance.now()
  while (!told.includes('down') && performance.now() - startedMs < 60_000) await pass(50, 50)
  return performance.now() - startedMs
}

describe('a dead socket', () => {
  it('is noticed within three seconds of sending something', async () => {
    await open()
    seat().freeze()
    send('signal')
    expect(await msUntilDown()).toBeLessThanOrEqual(3_000)
  })

  it('is noticed within three seconds under traffic, too', async () => {
    await open()
    for (let i = 0; i < 20; i++) {
      send('relay')
      seat().deliver(SOMEBODY, 'signal', new Uint8Array(40))
      await pass(100, 50)
    }
    expect(told).not.toContain('down')
    seat().freeze()
    const startedMs = performance.now()
    while (!told.includes('down') && performance.now() - startedMs < 20_000) {
      send('relay')
      await pass(100, 50)
    }
    expect(performance.now() - startedMs).toBeLessThanOrEqual(3_000)
  })

  it('is noticed within little more than a second of a nudge, however many follow', async () => {
    await open()
    seat().freeze()
    const startedMs = performance.now()
    while (!told.includes('down') && performance.now() - startedMs < 20_000) {
      carrier.nudge()
      await pass(100, 50)
    }
    expect(performance.now() - startedMs).toBeLessThanOrEqual(1_300)
    await connected()
  })

  it('is not one whose pong came while the thread was busy', async () => {
    await open()
    carrier.nudge()
    // Nothing of the socket is read while the time of several pings goes by.
    await vi.advanceTimersByTimeAsync(1_000)
    await pass(2_000)
    expect(told).toEqual([])
  })
})

describe('a socket that is well', () => {
  it('survives nudges, each of which costs a ping', async () => {
    await open()
    const { pings } = seat()
    for (let i = 0; i < 5; i++) {
      carrier.nudge()
      await pass(1_500)
    }
    expect(seat().pings).toBe(pings + 5)
    expect(told).toEqual([])
  })

  it('is pinged once after something is sent that nobody answers, and not at all if somebody does', async () => {
    await open()
    const { pings } = seat()
    send('signal')
    await pass(5_000)
    expect(seat().pings).toBe(pings + 1)
    for (let i = 0; i < 20; i++) {
      send('relay')
      seat().deliver(SOMEBODY, 'signal', new Uint8Array(40))
      await pass(200, 50)
    }
    expect(seat().pings).toBe(pings + 1)
  })
})

describe('a lost socket', () => {
  it('that was well is replaced at once in a small room', async () => {
    await open()
    const startedMs = performance.now()
    seat().cut()
    await until(() => expect(told).toContain('welcome'))
    expect(performance.now() - startedMs).toBeLessThan(100)
  })

  it('that was not well for long is replaced a little later, so that no room is hammered', async () => {
    room.greet = (newcomer) => {
      room.welcome(newcomer)
      newcomer.cut()
    }
    start()
    await pass(10_000, 50)
    // The first at once, all others 400 ms (times 0.999) apart.
    expect(room.seats.length).toBeGreaterThanOrEqual(20)
    expect(room.seats.length).toBeLessThanOrEqual(28)
  })

  it('is replaced by a nudge, though the back-off has grown', async () => {
    await open()
    let isDown = true
    room.upgrade = (socket) => isDown && Boolean(socket.destroy())
    seat().cut()
    await pass(30_000)
    const tries = told.filter((what) => what === 'connecting').length
    expect(tries).toBeGreaterThanOrEqual(5)
    isDown = false
    carrier.nudge()
    await connected()
    expect(told.filter((what) => what === 'connecting')).toHaveLength(tries + 1)
  })

  it('is not replaced sooner than a room asked for, by any nudge', async () => {
    room.door = () => refusal('rate-limited', { retryAfterMs: 5_000 })
    start()
    await until(() => expect(told).toContain('failed'))
    room.door = () => undefined
    for (let i = 0; i < 8; i++) {
      carrier.nudge()
      await pass(500)
    }
    expect(room.tickets).toHaveLength(1)
    await pass(1_500)
    await connected()
  })
})

describe('a connection that is being made', () => {
  it('is left alone by a nudge while it is young, and replaced when it is old', async () => {
    const connections: { destroyed: boolean }[] = []
    room.upgrade = (socket) => connections.push(socket) === 1
    start()
    await until(() => expect(connections).toHaveLength(1))
    carrier.nudge()
    await pass(1_500)
    carrier.nudge()
    await pass(100)
    expect(connections).toHaveLength(1)
    await pass(1_000)
    carrier.nudge()
    await connected()
    expect(connections).toHaveLength(2)
  })
})

describe('a page that is put away', () => {
  it('has its socket closed without a bye, and stays down until it resumes', async () => {
    await open()
    carrier.suspend()
    carrier.suspend()
    expect(told).toEqual(['down'])
    expect(carrier.isReady).toBe(false)
    await until(() => expect(seat().closed).toMatchObject({ code: 1005 }))
    expect(seat().texts).toEqual([])
    carrier.nudge()
    await pass(60_000, 1_000)
    expect(room.seats).toHaveLength(1)
    carrier.resume()
    carrier.resume()
    await connected()
    expect(room.seats).toHaveLength(2)
    expect(told).toEqual(['down', 'connecting', 'welcome', 'up'])
  })

  it('while it connects, or signs its ticket, opens one socket when it resumes', async () => {
    start()
    carrier.suspend()
    carrier.resume()
    await connected()
    await pass(3_000)
    expect(room.seats).toHaveLength(1)
    expect(told).toEqual(['connecting', 'connecting', 'welcome', 'up'])
  })

  it('can be left for good', async () => {
    await open()
    carrier.suspend()
    await carrier.close()
    carrier.resume()
    carrier.nudge()
    await pass(3_000)
    expect(room.seats).toHaveLength(1)
  })
})

describe('limited', () => {
  it.each(['relay', 'target'] as const)('by %s pauses bulk exactly as long as the room asks', async (scope) => {
    await open()
    say(scope, 3_000)
    await until(() => expect(told).toEqual(['limited']))
    expect(carrier.isReady).toBe(false)
    await pass(2_900)
    send('signal')
    await until(() => expect(seat().envelopes).toHaveLength(1))
    expect(told).toEqual(['limited'])
    await pass(150, 50)
    expect(told).toEqual(['limited', 'up'])
    expect(carrier.isReady).toBe(true)
  })

  it('by signal pauses signals, and nothing else', async () => {
    await open()
    say('signal', 1_000)
    await until(() => expect(told).toEqual(['limited']))
    expect(carrier.isReady).toBe(true)
    send('signal')
    send('relay')
    await pass(900)
    expect(seat().envelopes.map(({ kind }) => kind)).toEqual(['relay'])
    await pass(200)
    send('signal')
    await until(() => expect(seat().envelopes.map(({ kind }) => kind)).toEqual(['relay', 'signal']))
  })

  it('is over with the socket that it was said on', async () => {
    await open()
    say('relay', 60_000)
    await until(() => expect(told).toEqual(['limited']))
    seat().cut()
    await connected()
  })
})

describe('a full socket', () => {
  it('takes no more bulk, and tells when it does', async () => {
    await open()
    seat().freeze()
    // The system's buffers take some megabytes before anything waits in ours.
    for (let i = 0; i < 4_000 && carrier.isReady; i++) {
      send('relay', 16_000)
      if (i % 50 === 49) await pass(5, 5)
    }
    expect(carrier.isReady).toBe(false)
    expect(told).toEqual([])
    seat().thaw()
    await until(() => expect(told).toContain('ready'))
    expect(carrier.isReady).toBe(true)
    expect(told).not.toContain('down')
  })
})
