import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { GRACE_MS, PING_TEXT, PONG_TEXT, SUBPROTOCOL } from '../../protocol/limits.ts'
import { registryOf } from '../../worker/registry.ts'
import { connect, join, joinMany, newSession, roomOf } from './scenario.ts'

afterEach(() => {
  vi.useRealTimers()
})

function instanceOf(network: string): Promise<string> {
  return runInDurableObject(roomOf(network), (room) => room.instance)
}

describe('when the room is evicted and its sockets stay', () => {
  test('members keep talking over the same sockets', async () => {
    const [ada, bob] = [await join('talk'), await join('talk')]
    const before = await instanceOf('talk')
    ada.send('relay', bob.peerId)
    await bob.nextEnvelope()
    // Resolves only when nothing pins the object: no timer, no pending fetch, right after traffic.
    await evictDurableObject(roomOf('talk'))
    bob.send('relay', ada.peerId, new Uint8Array([7]))
    expect(await ada.nextEnvelope()).toMatchObject({ peer: bob.peerId, body: new Uint8Array([7]) })
    expect(await instanceOf('talk')).not.toBe(before)
    expect([ada.closed, bob.closed]).toEqual([undefined, undefined])
  })

  test('a newcomer is told of everybody, and everybody of the newcomer', async () => {
    const members = await joinMany('newcomer', 5)
    await evictDurableObject(roomOf('newcomer'))
    const newcomer = await join('newcomer')
    const welcome = await newcomer.next('welcome')
    expect([welcome.total, welcome.peers.length]).toEqual([6, 5])
    for (const member of members) await vi.waitFor(() => expect(member.all('peer-joined').at(-1)?.total).toBe(6))
  })

  test('a used ticket stays used, and a newer one supersedes', async () => {
    const session = await newSession('tickets')
    const ticket = await session.ticket()
    const first = await connect('tickets', [SUBPROTOCOL, ticket])
    await first.next('welcome')
    await evictDurableObject(roomOf('tickets'))
    const replay = await connect('tickets', [SUBPROTOCOL, ticket])
    expect(await replay.next('error')).toMatchObject({ code: 'ticket-replayed' })
    await evictDurableObject(roomOf('tickets'))
    const second = await join(session)
    expect(await second.next('welcome')).toMatchObject({ resumed: true, total: 1 })
    expect(await first.nextClose()).toEqual({ code: 4410, reason: 'superseded' })
  })

  test.each([
    ['says bye', (socket: WebSocket) => socket.send('{"type":"bye"}')],
    ['navigates away', (socket: WebSocket) => socket.close(1001)],
  ])('a member that %s is missed at once', async (_, goAway) => {
    const network = `leave-${Math.random().toString(36).slice(2)}`
    const [ada, bob] = [await join(network), await join(network)]
    await evictDurableObject(roomOf(network))
    goAway(ada.socket)
    expect(await bob.next('peer-left')).toEqual({ type: 'peer-left', peerId: ada.peerId, total: 1 })
    await ada.nextClose()
  })

  test('a member that drops keeps its place for a while and is missed then', async () => {
    const [ada, bob] = [await join('drop'), await join('drop')]
    await evictDurableObject(roomOf('drop'))
    ada.socket.close(4000)
    await ada.nextClose()
    bob.send('signal', ada.peerId)
    expect(await bob.next('away')).toEqual({ type: 'away', peerId: ada.peerId })
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + GRACE_MS })
    expect(await runDurableObjectAlarm(roomOf('drop'))).toBe(true)
    expect(await bob.next('peer-left')).toEqual({ type: 'peer-left', peerId: ada.peerId, total: 1, lost: true })
  })

  test('a grace that is forgotten is a silent leave: the missing member is gone', async () => {
    const [ada, bob] = [await join('forgotten'), await join('forgotten')]
    ada.socket.close(4000)
    await ada.nextClose()
    await evictDurableObject(roomOf('forgotten'))
    bob.send('signal', ada.peerId)
    expect(await bob.next('gone')).toEqual({ type: 'gone', peerId: ada.peerId })
    const again = await join(ada.session)
    expect(await again.next('welcome')).toMatchObject({ resumed: false, total: 2 })
  })

  test('a renewed announcement is what newcomers get', async () => {
    const ada = await join('renewed')
    const announcement = await ada.session.announce({ name: 'Ada', expiresAtMs: Date.now() + 7_200_000 })
    ada.socket.send(
      JSON.stringify({
        type: 'renew',
        announcement: announcement.toBase64({ alphabet: 'base64url', omitPadding: true }),
      }),
    )
    await ada.settled()
    await evictDurableObject(roomOf('renewed'))
    const bob = await join('renewed')
    expect((await bob.next('welcome')).peers.map((peer) => peer.announcement)).toEqual([announcement])
  })

  test('the alarm still reports for the right network', async () => {
    await joinMany('reports', 3)
    await evictDurableObject(roomOf('reports'))
    await runDurableObjectAlarm(env.ROOM.get(env.ROOM.idFromString(roomOf('reports').id.toString())))
    expect(await registryOf(env).membersOf('reports')).toBe(3)
  })

  test('a ping is answered without waking it', async () => {
    const ada = await join('ping')
    await evictDurableObject(roomOf('ping'))
    ada.socket.send(PING_TEXT)
    await vi.waitFor(() => expect(ada.texts.at(-1)).toBe(PONG_TEXT))
    await expect(evictDurableObject(roomOf('ping'))).rejects.toThrow(/not currently running/)
  })
})

test('when a deploy closes all sockets, everybody can come back at once', async () => {
  const members = await joinMany('deploy', 4)
  await evictDurableObject(roomOf('deploy'), { webSockets: 'close' })
  for (const member of members) expect((await member.nextClose()).code).toBe(1006)
  const again = await Promise.all(members.map((member) => join(member.session)))
  const totals = await Promise.all(again.map(async (member) => (await member.next('welcome')).total))
  expect(totals.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4])
  const [ada, bob] = again
  if (!ada || !bob) throw new Error('nobody came back')
  ada.send('signal', bob.peerId)
  expect(await bob.nextEnvelope()).toMatchObject({ peer: ada.peerId })
})
