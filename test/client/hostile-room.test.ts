/** What a hostile or broken room can say: nothing that makes the client crash, lie, or forget its honest peers. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toBase64Url } from '../../protocol/bytes.ts'
import { peerIdText } from '../../protocol/peer-id.ts'
import { eventually } from '../support/eventually.ts'
import { NETWORK, openScene, type Scene } from '../support/hostile-scene.ts'
import { joinObserved } from '../support/observed-network.ts'
import { ScriptedPeer } from '../support/scripted-peer.ts'
import { ScriptedRoom } from '../support/scripted-room.ts'

const noise = (bytes: number) => crypto.getRandomValues(new Uint8Array(bytes))
const nobody = peerIdText(new Uint8Array(16))

let scene: Scene

beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene.close())

describe('a text from the room', () => {
  it.each([
    ['nothing', ''],
    ['no JSON', '{"type":'],
    ['no object', '[1, 2, 3]'],
    ['null', 'null'],
    ['an unknown type', '{"type":"upgrade","to":"edge-net.2"}'],
    ['a prototype', '{"__proto__":{"type":"welcome"},"constructor":1}'],
    ['a welcome of nothing', '{"type":"welcome"}'],
    ['a welcome that lists rubbish', `{"type":"welcome","peerId":"${nobody}","serverTimeMs":1,"total":1,"peers":[1]}`],
    ['a list as text', '{"type":"peer-list","total":1,"peers":"many"}'],
    ['a negative total', `{"type":"peer-left","peerId":"${nobody}","total":-1}`],
    ['a total that is no number', `{"type":"peer-left","peerId":"${nobody}","total":"1e9"}`],
    ['a limit of an unknown scope', '{"type":"limited","scope":"everything","retryAfterMs":1}'],
    ['an error without a code', '{"type":"error","message":"?"}'],
    ['deep nesting', `${'['.repeat(5_000)}${']'.repeat(5_000)}`],
    ['a megabyte', JSON.stringify({ type: 'away', peerId: 'x'.repeat(1_048_576) })],
  ])('that is %s is ignored', async (_, text) => {
    const { ada, seat } = scene
    seat.raw(text)
    await scene.undisturbed()
    expect(ada.network.total).toBe(2)
    expect(ada.states).toEqual([])
    await scene.reported()
  })

  it('about peers that nobody knows changes nothing', async () => {
    const { ada, seat } = scene
    const before = [...ada.presence]
    for (const peerId of [nobody, ada.network.peerId]) {
      seat.say({ type: 'away', peerId })
      seat.say({ type: 'gone', peerId })
      seat.say({ type: 'peer-left', peerId, total: 2 })
    }
    await scene.undisturbed()
    expect(ada.presence).toEqual(before)
  })

  it('with an error that is no refusal is reported, and the network goes on', async () => {
    const { ada, seat } = scene
    seat.say({ type: 'error', code: 'control-unknown', message: 'm', hint: 'h', serverTimeMs: Date.now() })
    await eventually(() => expect(ada.errors).toMatchObject([{ code: 'join-refused', reason: 'control-unknown' }]))
    await scene.undisturbed()
    expect(ada.network.state).toBe('open')
  })

  it('that lists 33 peers at once is not believed', async () => {
    const { ada, seat, eve } = scene
    const peers = Array.from({ length: 33 }, () => ({ announcement: toBase64Url(eve.announcement) }))
    seat.say({ type: 'peer-list', total: 34, peers })
    await scene.undisturbed()
    expect(ada.presence.join()).not.toContain(eve.peerId)
  })

  it('that lists noise between honest announcements costs only the noise', async () => {
    const { ada, seat, eve } = scene
    const listed = [noise(700), eve.announcement.slice(1), eve.announcement, noise(10)]
    seat.say({ type: 'peer-list', total: 3, peers: listed.map((bytes) => ({ announcement: toBase64Url(bytes) })) })
    await eventually(() => expect(ada.presence).toContain(`announced ${eve.peerId}`))
    await scene.undisturbed()
  })

  it('that repeats the welcome neither doubles peers nor loses them', async () => {
    const { ada, bob, room, seat } = scene
    const before = [...ada.presence]
    for (let i = 0; i < 5; i++) room.welcome(seat)
    await scene.undisturbed()
    expect(ada.presence).toEqual(before)
    expect([...ada.network.peers.keys()]).toEqual([bob.network.peerId])
  })

  it('that tells a wild time makes strangers look expired, and nothing else', async () => {
    const { ada, room, seat } = scene
    room.welcome(seat, { serverTimeMs: Number.MAX_SAFE_INTEGER })
    await scene.undisturbed()
    expect(ada.network.state).toBe('open')
    room.welcome(seat)
    const late = await ScriptedPeer.create(NETWORK)
    room.admit(late)
    await eventually(() => expect(ada.presence).toContain(`announced ${late.peerId}`))
  })
})

describe('bytes from the room', () => {
  it.each([
    ['nothing', new Uint8Array(0)],
    ['one byte', Uint8Array.of(1)],
    ['half a header', noise(17)],
    ['an envelope of kind 0', Uint8Array.of(0, ...noise(100))],
    ['an envelope of kind 200', Uint8Array.of(200, ...noise(100))],
    ['a signal of 64 KiB', Uint8Array.of(1, 0, ...new Uint8Array(65_534))],
    ['a relay envelope of 64 KiB', Uint8Array.of(2, 0, ...new Uint8Array(65_534))],
    ['a megabyte of noise', new Uint8Array(1_048_576).fill(7)],
  ])('that are %s are ignored', async (_, bytes) => {
    scene.seat.raw(bytes)
    await scene.undisturbed()
    await scene.reported()
  })

  it('in the names of 500 strangers are kept for few, and each is asked who it is', async () => {
    const { ada, seat, room } = scene
    const strangers = Array.from({ length: 500 }, () => peerIdText(noise(16)))
    const asked: string[] = []
    room.carry = (from, envelope) => {
      if (envelope.kind === 'who') asked.push(envelope.peer)
      else room.pass(from, envelope)
    }
    for (const stranger of strangers) {
      for (let i = 0; i < 3; i++) seat.deliver(stranger, 'relay', noise(1_000))
    }
    await scene.undisturbed()
    expect(asked.toSorted()).toEqual(strangers.toSorted())
    expect(ada.presence.filter((event) => event.startsWith('announced'))).toHaveLength(1)
  })

  it('that ask who we are 300 times are answered a few times', async () => {
    const { bob, room, seat, ada } = scene
    let introductions = 0
    room.carry = (from, envelope) => {
      if (from.peerId === ada.network.peerId && envelope.kind !== 'relay') introductions++
      room.pass(from, envelope)
    }
    for (let i = 0; i < 300; i++) seat.deliver(bob.network.peerId, 'who', new Uint8Array(0))
    await scene.undisturbed()
    expect(introductions).toBeLessThan(20)
  })
})

describe('a room that welcomes with rubbish', () => {
  it.each([
    ['bytes first', (raw: (data: string | Uint8Array<ArrayBuffer>) => void) => raw(noise(500))],
    ['half a welcome first', (raw: (data: string) => void) => raw('{"type":"welcome","peerId":"')],
    ['news before the welcome', (raw: (data: string) => void) => raw(`{"type":"gone","peerId":"${nobody}"}`)],
  ])('%s is joined when the welcome comes after it', async (_, rubbish) => {
    const room = await ScriptedRoom.open(NETWORK)
    room.greet = (seat) => {
      rubbish((data) => seat.raw(data))
      room.welcome(seat)
    }
    const joined = await joinObserved(room.roomUrl)
    expect(joined.network.state).toBe('open')
    await joined.network.close()
    await room.close()
  })
})
