/** In a network too large for a link to everybody, a link ends when neither side has used it for a minute, and not before. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Network, Peer } from '../../client/index.ts'
import { createMesh } from '../../client/mesh/index.ts'
import type { Envelope } from '../../protocol/envelope.ts'
import { joinObserved, type ObservedNetwork } from '../support/observed-network.ts'
import { holdTime, pass, releaseTime, until } from '../support/passing-time.ts'
import { ScriptedRoom, type Seat } from '../support/scripted-room.ts'

const LARGE = 100
const MINUTE_MS = 60_000
/** Longer than a link that is not used is kept. */
const LONG_MS = 2 * MINUTE_MS
/** Frames in `LONG_MS`: full ones make more than a mebibyte. */
const FRAMES = 100

let room: ScriptedRoom
/** Has a mesh, and so ends links. */
let ada: ObservedNetwork
/** Has none, and so is nobody's neighbour. */
let bob: ObservedNetwork
let bobOfAda: Peer
let adaOfBob: Peer

beforeEach(async () => {
  holdTime()
  room = await ScriptedRoom.open('links-in-use')
  const tell = room.tell.bind(room)
  room.tell = (except, message) => tell(except, 'total' in message ? { ...message, total: LARGE } : message)
  room.greet = (seat) => room.welcome(seat, { total: LARGE })
  ada = await joinObserved(room.roomUrl, { name: 'Ada', mesh: createMesh() })
  bob = await joinObserved(room.roomUrl, { name: 'Bob' })
  await until(() => expect([ada.network.peers.size, bob.network.peers.size]).toEqual([1, 1]))
  bobOfAda = theOnlyPeerOf(ada.network)
  adaOfBob = theOnlyPeerOf(bob.network)
})
afterEach(async () => {
  releaseTime()
  await Promise.all([ada.network.close(), bob.network.close()])
  await room.close()
})

function theOnlyPeerOf({ peers }: Network): Peer {
  const [peer] = peers.values()
  if (!peer) throw new Error('nobody is there')
  return peer
}

/** Something happens again and again. */
async function keep(act: () => unknown, everyMs: number): Promise<void> {
  for (let atMs = 0; atMs < LONG_MS; atMs += everyMs) {
    void act()
    await pass(everyMs, 1_000)
  }
}

const ends = () => ada.presence.filter((event) => !/^(announced|peer) /.test(event))

describe('a link is kept', () => {
  it.each<[string, () => unknown]>([
    ['its messages go out', () => bobOfAda.send('still here')],
    ['messages come in', () => adaOfBob.send('still here')],
    ['datagrams go out', () => bobOfAda.datagram('still here')],
    ['datagrams come in', () => adaOfBob.datagram('still here')],
    ['requests go out', () => bobOfAda.send('a request', { channel: 1 })],
    ['messages of an own channel come in', () => adaOfBob.send('still here', { channel: 256 })],
    ['it is reached for', () => ada.network.reach(bob.network.peerId)],
  ])('while %s', async (_, use) => {
    await keep(use, 30_000)
    expect(ends()).toEqual([])
  })

  it('while somebody iterates over messages that come in', async () => {
    const read: unknown[] = []
    void (async () => {
      for await (const data of bobOfAda.messages()) read.push(data)
    })()
    await keep(() => adaOfBob.send('still here'), 30_000)
    expect(ends()).toEqual([])
    expect(read).toHaveLength(4)
  })

  it.each<[string, () => readonly [Peer, ObservedNetwork]]>([
    ['goes out', () => [bobOfAda, bob]],
    ['comes in', () => [adaOfBob, ada]],
  ])('while one long message %s, however slowly', async (_, way) => {
    const [peer, other] = way()
    const bulk: (() => void)[] = []
    room.carry = (from: Seat, envelope: Envelope) => {
      if (envelope.kind === 'relay') bulk.push(() => room.pass(from, envelope))
      else room.pass(from, envelope)
    }
    void peer.send(new Uint8Array(FRAMES * 16_000))
    await keep(() => bulk.shift()?.(), LONG_MS / FRAMES)
    expect(ends()).toEqual([])
    for (let i = 0; i < FRAMES && other.messages.length === 0; i++) {
      for (const hand of bulk.splice(0)) hand()
      await pass(1_000)
    }
    expect(other.messages).toHaveLength(1)
  })
})

describe('a link ends', () => {
  it('when it is not used', async () => {
    await pass(MINUTE_MS + 10_000, 1_000)
    expect(ends()).toEqual([`released ${bob.network.peerId}`])
  })

  it.each([2, 3, 4])('though Edge-Net itself talks on channel %s', async (channel) => {
    await keep(() => adaOfBob.send(Uint8Array.of(0), { channel }).catch(() => undefined), 10_000)
    // What was on its way then may have made a new one, which ended as well.
    expect(new Set(ends())).toEqual(new Set([`released ${bob.network.peerId}`]))
  })
})
