/** What the room says of peers, and what becomes of them: who leaves, who is away, who is only out of sight. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { joinObserved, type ObservedNetwork } from '../support/observed-network.ts'
import { holdTime, pass, releaseTime, until } from '../support/passing-time.ts'
import { ScriptedPeer } from '../support/scripted-peer.ts'
import { ScriptedRoom } from '../support/scripted-room.ts'

const NETWORK = 'notices'
let room: ScriptedRoom
let ada: ObservedNetwork
let bob: ObservedNetwork

beforeEach(async () => {
  holdTime()
  vi.spyOn(Math, 'random').mockReturnValue(0)
  room = await ScriptedRoom.open(NETWORK)
  ada = await joinObserved(room.roomUrl, { name: 'Ada' })
  bob = await joinObserved(room.roomUrl, { name: 'Bob' })
  await until(() => expect([ada.network.peers.size, bob.network.peers.size]).toEqual([1, 1]))
})
afterEach(async () => {
  releaseTime()
  vi.restoreAllMocks()
  await Promise.all([ada.network.close(), bob.network.close()])
  await room.close()
})

const seatOf = ({ network }: ObservedNetwork) => room.seat(network.peerId)
const texts = ({ messages }: ObservedNetwork) => messages.map(({ data }) => data)
const bobIs = (word: string) => `${word} ${bob.network.peerId}`

describe('peer-left', () => {
  it('ends the link of a peer on the relay, once', async () => {
    for (let i = 0; i < 3; i++) seatOf(ada).say({ type: 'peer-left', peerId: bob.network.peerId, total: 1 })
    await until(() => expect(ada.presence.slice(2)).toEqual([bobIs('left')]))
    expect(ada.network.peers.size).toBe(0)
    await expect(ada.network.send(bob.network.peerId, 'too late')).rejects.toMatchObject({ code: 'peer-unknown' })
  })

  // The message is still being opened when the notice ends its link.
  it('does not cut off what the peer said before it left', async () => {
    room.carry = (from, envelope) => {
      room.pass(from, envelope)
      if (from.peerId !== bob.network.peerId || envelope.kind !== 'relay') return
      seatOf(ada).say({ type: 'peer-left', peerId: bob.network.peerId, total: 1 })
    }
    await bob.network.send(ada.network.peerId, 'goodbye')
    await until(() => expect(ada.presence.slice(2)).toEqual([bobIs('left')]))
    await pass(100, 10)
    expect(texts(ada)).toEqual(['goodbye'])
  })
})

describe('gone', () => {
  it('stalls a link, and ends it only when nothing is heard of the peer for a minute', async () => {
    const states: string[] = []
    ada.network.on('peer-state', ({ state }) => states.push(state))
    seatOf(ada).say({ type: 'gone', peerId: bob.network.peerId })
    room.carry = () => {}
    const [sent] = [...ada.network.peers.values()].map((peer) => peer.send('into the void'))
    await pass(58_000, 500)
    expect(states).toEqual(['stalled'])
    expect(ada.presence.slice(2)).toEqual([])
    await pass(3_000, 500)
    expect(ada.presence.slice(2)).toEqual([bobIs('lost')])
    await expect(sent?.delivered).rejects.toMatchObject({ code: 'not-delivered' })
  })

  it('is forgotten when the peer is heard', async () => {
    seatOf(ada).say({ type: 'gone', peerId: bob.network.peerId })
    await pass(5_000)
    await bob.network.send(ada.network.peerId, 'I am here')
    await pass(20_000, 1_000)
    expect(texts(ada)).toEqual(['I am here'])
    expect(ada.presence.slice(2)).toEqual([])
  })
})

describe('a welcome that no longer lists a peer', () => {
  it('leaves it time to come back too, as after a deploy', async () => {
    room.members.delete(bob.network.peerId)
    seatOf(ada).cut()
    await pass(5_000)
    expect(ada.states).toEqual(['reconnecting', 'open'])
    expect(ada.presence.slice(2)).toEqual([])
    seatOf(bob).cut()
    await pass(15_000, 500)
    expect(bob.states).toEqual(['reconnecting', 'open'])
    expect(ada.presence.slice(2)).toEqual([])
  })

  it('and nobody comes: then it is lost', async () => {
    room.members.delete(bob.network.peerId)
    room.carry = () => {}
    seatOf(ada).cut()
    await pass(62_000, 500)
    expect(ada.presence.slice(2)).toEqual([bobIs('lost')])
  })

  it('but is only a sample of a large room says nothing of it', async () => {
    room.greet = (seat) => room.welcome(seat, { total: 500, peers: [] })
    room.carry = () => {}
    seatOf(ada).cut()
    await pass(30_000, 500)
    expect(ada.presence.slice(2)).toEqual([])
    expect(ada.network.total).toBe(500)
  })
})

describe('away', () => {
  it('keeps the link, and what was lost meanwhile arrives when the peer is back', async () => {
    room.carry = (from, envelope) => {
      if (envelope.peer === bob.network.peerId) from.say({ type: 'away', peerId: envelope.peer })
      else room.pass(from, envelope)
    }
    for (const text of ['one', 'two', 'three']) void ada.network.send(bob.network.peerId, text)
    await pass(20_000, 500)
    expect(ada.presence.slice(2)).toEqual([])
    expect(texts(bob)).toEqual([])
    room.carry = (from, envelope) => room.pass(from, envelope)
    const peer = { announcement: Buffer.from(seatOf(bob).announcement).toString('base64url') }
    seatOf(ada).say({ type: 'peer-joined', peer, total: 2, resumed: true })
    await until(() => expect(texts(bob)).toEqual(['one', 'two', 'three']))
  })
})

describe('limited', () => {
  it('pauses the bulk for as long as the room asks, and then everything arrives, once', async () => {
    const pausedAtMs: number[] = []
    let isLimited = false
    const duringPause: string[] = []
    room.carry = (from, envelope) => {
      if (envelope.kind !== 'relay' || from.peerId !== ada.network.peerId) return room.pass(from, envelope)
      if (isLimited) duringPause.push(envelope.kind)
      else if (pausedAtMs.length === 0 && texts(bob).length === 3) {
        pausedAtMs.push(performance.now())
        isLimited = true
        from.say({ type: 'limited', scope: 'relay', retryAfterMs: 3_000 })
      } else room.pass(from, envelope)
    }
    const words = Array.from({ length: 12 }, (_, i) => `word ${i}`)
    for (const word of words) {
      void ada.network.send(bob.network.peerId, word)
      await pass(100)
    }
    await pass(1_500)
    expect(pausedAtMs).toHaveLength(1)
    // What was under way when the room spoke may still come; nothing after that.
    expect(duringPause.length).toBeLessThanOrEqual(2)
    isLimited = false
    await pass(5_000)
    await until(() => expect(texts(bob)).toEqual(words))
    expect(ada.states).toEqual([])
  })
})

describe('a newcomer', () => {
  it('that never answers can be sent to, and is announced but not listed among the peers', async () => {
    const silent = await ScriptedPeer.create(NETWORK)
    room.admit(silent)
    await until(() => expect(ada.presence).toContain(`announced ${silent.peerId}`))
    expect(ada.network.peers.has(silent.peerId)).toBe(false)
    await ada.network.send(silent.peerId, 'for you alone '.repeat(500))
    const kinds = () => silent.envelopes.map(({ kind }) => kind)
    await until(() => expect(kinds()).toContain('relay'))
    // It may not know us: what introduces us goes before what it cannot open without.
    expect(kinds().indexOf('intro')).toBe(0)
    const link = await silent.linkTo({ peerId: ada.network.peerId, core: seatOf(ada).ticket.announcement.core })
    const words = silent.envelopes.find(({ kind }) => kind === 'relay')
    expect(words && (await link.open(words))).toBeTypeOf('object')
  })

  it('with a newer announcement is the same peer', async () => {
    const peer = await ScriptedPeer.create(NETWORK)
    room.admit(peer)
    await until(() => expect(ada.presence).toContain(`announced ${peer.peerId}`))
    const before = [...ada.presence]
    peer.announcement = await peer.announce({ name: 'renewed', issuedAtMs: Date.now() + 1_000 })
    room.admit(peer)
    await pass(100)
    expect(ada.presence).toEqual(before)
  })
})
