/** Nobody makes a client connect to everybody: links and WebRTC connections are bounded, those of strangers most. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { idleEngine, type IdleEngine } from '../support/idle-engine.ts'
import { joinObserved, type ObservedNetwork } from '../support/observed-network.ts'
import { ScriptedPeer } from '../support/scripted-peer.ts'
import { ScriptedRoom } from '../support/scripted-room.ts'

const NETWORK = 'crowd'

let room: ScriptedRoom
let idle: IdleEngine
let ada: ObservedNetwork

beforeEach(async () => {
  room = await ScriptedRoom.open(NETWORK)
  idle = idleEngine()
  ada = await joinObserved(room.roomUrl, { direct: 'on', rtc: idle.engine, iceServers: [] })
})
afterEach(async () => {
  await ada.network.close()
  expect(idle.open).toBe(0)
  await room.close()
})

/** Peers that Ada is to offer to; they have rank 0 and she 1. */
async function crowd(size: number): Promise<ScriptedPeer[]> {
  const peers = await Promise.all(Array.from({ length: size }, () => ScriptedPeer.create(NETWORK)))
  for (const peer of peers) {
    peer.announcement = await peer.announce({ rtc: true })
    room.admit(peer)
  }
  return peers
}

/** Proves to Ada that it is there. */
async function verify(peer: ScriptedPeer): Promise<void> {
  const seat = room.seat(ada.network.peerId)
  const link = await peer.linkTo({ peerId: seat.peerId, core: seat.ticket.announcement.core })
  seat.deliver(peer.peerId, 'intro', await link.intro())
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 150))
const announced = () => ada.presence.filter((event) => event.startsWith('announced')).length

describe('a crowd of peers', () => {
  it('that never answer get three connections at a time', async () => {
    await crowd(32)
    await eventually(() => expect(announced()).toBe(32))
    await settled()
    expect(idle.open).toBe(3)
    expect(idle.made).toBe(3)
  })

  it('that do answer get at most sixty-four', async () => {
    const peers = await crowd(90)
    await eventually(() => expect(announced()).toBe(90))
    for (const peer of peers) await verify(peer)
    await eventually(() => expect(ada.network.peers.size).toBe(90))
    await settled()
    expect(idle.open).toBe(64)
  })

  it('makes at most 128 links, and who comes when there is room is let in', async () => {
    const peers = await crowd(140)
    await eventually(() => expect(announced()).toBe(128))
    await settled()
    expect(announced()).toBe(128)
    const [first] = peers
    const late = peers.at(-1)
    if (!first || !late) throw new Error('a crowd of nobody')
    room.seat(ada.network.peerId).say({ type: 'peer-left', peerId: first.peerId, total: 140 })
    room.admit(late)
    await eventually(() => expect(ada.presence.at(-1)).toBe(`announced ${late.peerId}`))
  })

  it('leaves no connection of those who have gone', async () => {
    const peers = await crowd(3)
    await eventually(() => expect(idle.open).toBe(3))
    const seat = room.seat(ada.network.peerId)
    for (const { peerId } of peers) seat.say({ type: 'peer-left', peerId, total: 1 })
    await eventually(() => expect(idle.open).toBe(0))
  })
})
