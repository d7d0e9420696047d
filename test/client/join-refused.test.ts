/** Whoever is not let in learns why and what to do; whoever may come later comes later, with a right clock. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EdgeNetError, join } from '../../client/index.ts'
import type { RefusalCode } from '../../protocol/room-messages.ts'
import { eventually } from '../support/eventually.ts'
import { joinObserved } from '../support/observed-network.ts'
import { refusal, ScriptedRoom } from '../support/scripted-room.ts'

let room: ScriptedRoom
const cleanUp: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  room = await ScriptedRoom.open('refused')
  // Without jitter, so that what waits is what the room asked for.
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(async () => {
  vi.restoreAllMocks()
  for (const clean of cleanUp.splice(0)) await clean()
  await room.close()
})

async function joinedLater(options = {}) {
  const joined = await joinObserved(room.roomUrl, options)
  cleanUp.push(() => joined.network.close())
  return joined
}

const FINAL: readonly RefusalCode[] = [
  'announcement-malformed',
  'announcement-network',
  'announcement-signature',
  'host-mismatch',
  'network-name',
  'network-unknown',
  'origin-refused',
  'superseded',
  'ticket-malformed',
  'ticket-missing',
  'ticket-purpose',
  'ticket-signature',
]
const PASSING: readonly RefusalCode[] = ['flooding', 'internal', 'rate-limited', 'room-full', 'ticket-replayed']

describe('a refusal that the next ticket would not change', () => {
  it.each(FINAL)('%s: join fails at once, with reason and hint', async (code) => {
    room.door = () => refusal(code, { retryAfterMs: 1_234 })
    const error: unknown = await join(room.roomUrl, { direct: 'off' }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(EdgeNetError)
    expect(error).toMatchObject({
      code: 'join-refused',
      reason: code,
      message: `Refused: ${code}.`,
      hint: `What to do about ${code}.`,
      retryAfterMs: 1_234,
    })
    expect(room.tickets).toHaveLength(1)
  })

  it('ends a network that was joined before, and says so', async () => {
    const { network, states } = await joinedLater()
    const errors: unknown[] = []
    network.on('state', ({ error }) => errors.push(error))
    room.door = () => refusal('origin-refused')
    room.seat(network.peerId).cut()
    await eventually(() => expect(states).toEqual(['reconnecting', 'closed']))
    expect(errors[1]).toMatchObject({ code: 'join-refused', reason: 'origin-refused' })
    await expect(network.send(network.peerId, 'x')).rejects.toMatchObject({ code: 'aborted' })
  })

  it('superseded: the same peer came back on a newer socket, and the older client stops for good', async () => {
    const { network, states } = await joinedLater()
    const seat = room.seat(network.peerId)
    seat.say({ type: 'error', ...refusal('superseded') })
    seat.close(4410)
    await eventually(() => expect(states).toEqual(['closed']))
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(room.tickets).toHaveLength(1)
  })
})

describe('a refusal that passes', () => {
  it.each(PASSING)('%s: join tries again and gets in', async (code) => {
    let refusals = 2
    room.door = () => (refusals-- > 0 ? refusal(code) : undefined)
    const { network } = await joinedLater()
    expect(network.state).toBe('open')
    expect(room.tickets).toHaveLength(3)
  })

  it.each(PASSING)('%s: when it does not pass, join fails with it', async (code) => {
    room.door = () => refusal(code, { retryAfterMs: 1 })
    await expect(join(room.roomUrl, { direct: 'off', attempts: 2 })).rejects.toMatchObject({
      code: 'join-refused',
      reason: code,
      hint: `What to do about ${code}.`,
      retryAfterMs: 1,
    })
  })

  it('is waited for as long as the room asks', async () => {
    const atMs: number[] = []
    room.door = () => {
      atMs.push(performance.now())
      return atMs.length === 1 ? refusal('rate-limited', { retryAfterMs: 300 }) : undefined
    }
    await joinedLater()
    expect((atMs[1] ?? 0) - (atMs[0] ?? 0)).toBeGreaterThanOrEqual(299)
  })

  it('is not answered at once when the room asks for a thousand years', async () => {
    const { network } = await joinedLater()
    room.door = () => refusal('rate-limited', { retryAfterMs: 2 ** 45 })
    room.seat(network.peerId).cut()
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(room.tickets.length).toBeLessThanOrEqual(3)
  })
})

describe('a clock that is wrong', () => {
  it.each([600_000, -600_000])(
    'by %d ms is corrected by the refusal, and the next ticket is right',
    async (offsetMs) => {
      const serverMs = () => Date.now() + offsetMs
      vi.mocked(Math.random).mockReturnValue(0.999)
      room.door = ({ issuedAtMs }) =>
        Math.abs(issuedAtMs - serverMs()) > 60_000 ? refusal('ticket-clock', { serverTimeMs: serverMs() }) : undefined
      room.greet = (seat) => room.welcome(seat, { serverTimeMs: serverMs() })
      const startedMs = performance.now()
      const { network } = await joinedLater()
      // At once: even with the largest jitter nobody waits for it.
      expect(performance.now() - startedMs).toBeLessThan(350)
      expect(room.tickets).toHaveLength(2)
      const { announcement } = room.seat(network.peerId).ticket
      expect(Math.abs(announcement.profile.issuedAtMs - serverMs())).toBeLessThan(5_000)
    },
  )

  it('that the room keeps calling wrong is not argued about for ever', async () => {
    room.door = () => refusal('ticket-clock', { serverTimeMs: 1_000_000 })
    await expect(join(room.roomUrl, { direct: 'off', attempts: 3 })).rejects.toBeInstanceOf(EdgeNetError)
    expect(room.tickets).toHaveLength(3)
  })
})
