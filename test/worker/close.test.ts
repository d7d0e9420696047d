import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { GRACE_MS, PING_TEXT, PONG_TEXT } from '../../protocol/limits.ts'
import { join, newSession, roomOf } from './scenario.ts'

afterEach(() => {
  vi.useRealTimers()
})

function setClock(atMs: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: atMs })
}

describe('every close handshake is answered', () => {
  test.each([
    [[], 1005, ''],
    [[1000], 1000, ''],
    [[1000, 'done'], 1000, 'done'],
    [[1001, 'going away'], 1001, 'going away'],
    [[3000], 3000, ''],
    [[4321, 'why'], 4321, 'why'],
    [[4999, 'x'.repeat(123)], 4999, 'x'.repeat(123)],
  ] as [[number?, string?], number, string][])('close(%j)', async (args, code, reason) => {
    const peer = await join('handshake')
    peer.socket.close(...args)
    expect(await peer.nextClose()).toEqual({ code, reason })
  })

  test('after bye the room closes', async () => {
    const peer = await join('handshake')
    peer.socket.send('{"type":"bye"}')
    expect(await peer.nextClose()).toEqual({ code: 1000, reason: 'bye' })
  })
})

describe('a place', () => {
  test('is kept for a peer that comes back in time, and envelopes meanwhile are answered `away`', async () => {
    const [ada, bob] = [await join('back'), await join('back')]
    ada.socket.close(4000)
    await ada.nextClose()
    bob.send('relay', ada.peerId)
    expect(await bob.next('away')).toEqual({ type: 'away', peerId: ada.peerId })
    const again = await join(ada.session)
    expect(await again.next('welcome')).toMatchObject({ resumed: true, total: 2 })
    expect(await bob.next('peer-joined')).toMatchObject({ resumed: true, total: 2 })
    bob.send('relay', ada.peerId)
    expect(await again.nextEnvelope()).toMatchObject({ peer: bob.peerId })
    setClock(Date.now() + GRACE_MS)
    await runDurableObjectAlarm(roomOf('back'))
    await bob.settled()
    expect(bob.all('peer-left')).toEqual([])
  })

  test('that was lost is not missed silently: whoever got `away` hears of the return, or of the loss', async () => {
    const [ada, bob, carol] = [await join('told'), await join('told'), await join('told')]
    ada.socket.close(4000)
    await ada.nextClose()
    for (const peer of [bob, carol]) {
      peer.send('signal', ada.peerId)
      await peer.next('away')
    }
    setClock(Date.now() + GRACE_MS)
    await runDurableObjectAlarm(roomOf('told'))
    const left = { type: 'peer-left', peerId: ada.peerId, total: 2, lost: true }
    for (const peer of [bob, carol]) expect(await peer.next('peer-left')).toEqual(left)
    bob.send('signal', ada.peerId)
    expect(await bob.next('gone')).toEqual({ type: 'gone', peerId: ada.peerId })
    vi.useRealTimers()
    const again = await join(ada.session)
    expect(await again.next('welcome')).toMatchObject({ resumed: false, total: 3 })
    for (const peer of [bob, carol]) {
      expect(await peer.next('peer-joined', peer === bob ? 1 : 0)).toMatchObject({ resumed: false, total: 3 })
    }
  })

  test('goes to the newer socket of the same peer; nobody hears a leave', async () => {
    const [ada, bob] = [await join('supersede'), await join('supersede')]
    const newer = await join(ada.session)
    expect(await newer.next('welcome')).toMatchObject({ resumed: true, total: 2 })
    expect(await ada.next('error')).toMatchObject({ code: 'superseded' })
    expect(await ada.nextClose()).toEqual({ code: 4410, reason: 'superseded' })
    bob.send('signal', ada.peerId)
    expect(await newer.nextEnvelope()).toMatchObject({ peer: bob.peerId })
    expect(ada.envelopes).toEqual([])
    await bob.settled()
    expect(bob.all('peer-left')).toEqual([])
  })
})

function alarmOf(network: string): Promise<number | null> {
  return runInDurableObject(roomOf(network), (_, state) => state.storage.getAlarm())
}

describe('the alarm', () => {
  test('reaps who has not been heard of, and leaves who pings', async () => {
    const nowMs = Date.now()
    const [silent, pinging, talking] = [
      await newSession('ghosts'),
      await newSession('ghosts'),
      await newSession('ghosts'),
    ]
    setClock(nowMs - 240_000)
    const announcement = async (session: typeof silent) => ({
      issuedAtMs: Date.now(),
      announcement: await session.announce(),
    })
    const ghost = await join(silent, await announcement(silent))
    const alive = await join(pinging, await announcement(pinging))
    const loud = await join(talking, await announcement(talking))
    // Forgets when it last swept, as any quiet room does.
    await evictDurableObject(roomOf('ghosts'))
    vi.useRealTimers()
    alive.socket.send(PING_TEXT)
    await vi.waitFor(() => expect(alive.texts).toContain(PONG_TEXT))
    await loud.settled()
    await runDurableObjectAlarm(roomOf('ghosts'))
    expect(await ghost.nextClose()).toEqual({ code: 4408, reason: 'ghost' })
    // It did not say that it left: links that know it wait for it.
    expect(await alive.next('peer-left')).toMatchObject({ peerId: ghost.peerId, total: 2, lost: true })
    expect([alive.closed, loud.closed]).toEqual([undefined, undefined])
  })

  test('closes members whose announcement has run out', async () => {
    const session = await newSession('expired')
    const announcement = await session.announce({ expiresAtMs: Date.now() + 60_000 })
    const peer = await join(session, { announcement })
    setClock(Date.now() + 61_000)
    await runDurableObjectAlarm(roomOf('expired'))
    expect(await peer.next('error')).toMatchObject({ code: 'announcement-expired' })
    expect(await peer.nextClose()).toEqual({ code: 4401, reason: 'announcement-expired' })
  })

  test('exists only while somebody has a place', async () => {
    expect(await alarmOf('alarms')).toBeNull()
    const peer = await join('alarms')
    expect(await alarmOf('alarms')).toEqual(expect.any(Number))
    await runDurableObjectAlarm(roomOf('alarms'))
    expect(await alarmOf('alarms')).toEqual(expect.any(Number))
    peer.socket.send('{"type":"bye"}')
    await peer.nextClose()
    await runDurableObjectAlarm(roomOf('alarms'))
    expect(await alarmOf('alarms')).toBeNull()
  })
})
