/** Eve is let in and holds her key, and now misuses it: frames that no honest link sends, and link states out of order. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { concat, utf8, type Bytes } from '../../protocol/bytes.ts'
import { decodeFrame, FLAG_FIRST, FLAG_LAST, FLAG_TEXT, type Frame } from '../../protocol/frame.ts'
import { MAX_FRAME_PAYLOAD_BYTES } from '../../protocol/limits.ts'
import { eventually } from '../support/eventually.ts'
import { openScene, type Scene } from '../support/hostile-scene.ts'
import type { ScriptedLink } from '../support/scripted-peer.ts'

const WHOLE = FLAG_FIRST | FLAG_LAST

let scene: Scene
let link: ScriptedLink

beforeEach(async () => {
  scene = await openScene()
  link = await enter(5)
})
afterEach(() => scene.close())

/** Eve introduces herself with a link state of this number. */
async function enter(incarnation: number): Promise<ScriptedLink> {
  const { eve, seat, party, ada } = scene
  const entered = await eve.linkTo(party, { incarnation })
  seat.deliver(eve.peerId, 'intro', await entered.intro())
  await eventually(() => expect(ada.network.peers.has(eve.peerId)).toBe(true))
  return entered
}

async function say(frame: Bytes, through = link): Promise<void> {
  scene.seat.deliver(scene.eve.peerId, 'relay', await through.seal('relay', frame))
}

async function part(seq: number, flags: number, text: string): Promise<void> {
  await say(link.frame({ type: 'data', flags: flags | FLAG_TEXT, seq, payload: utf8(text) }))
}

const fromEve = (data: string) => ({ from: scene.eve.peerId, data })

describe('a sealed frame', () => {
  it.each<[string, (valid: Bytes) => Bytes]>([
    ['is empty', () => new Uint8Array(0)],
    ['is cut off within its header', (valid) => valid.slice(0, 15)],
    ['has an unknown type', (valid) => Uint8Array.of(200, ...valid.slice(1))],
    ['has no type', (valid) => Uint8Array.of(0, ...valid.slice(1))],
    ['has unknown flags', (valid) => Uint8Array.of(...valid.slice(0, 1), 0x80, ...valid.slice(2))],
  ])('that %s is reported, and the next one is taken', async (_, spoil) => {
    await say(spoil(link.frame({})))
    await say(link.text('sorry'))
    await scene.undisturbed(fromEve('sorry'))
    await scene.reported('frame-malformed')
  })

  it.each<[string, Partial<Frame>]>([
    ['acknowledges what was never sent', { ack: 1_000 }],
    ['is for a link state that never was', { epoch: 0x06_63 }],
    ['comes from another link state than its seal', { epoch: 0x63_00 }],
  ])('that %s is reported, and its data is not heard', async (_, change) => {
    // With its first frame a link state makes its epoch known.
    await say(link.text('hello'))
    await say(link.frame({ type: 'data', flags: WHOLE, seq: 1, payload: utf8('trick'), ...change }))
    await scene.undisturbed(fromEve('hello'))
    await scene.reported('frame-unexpected')
  })

  it.each<Frame['type']>(['offer', 'answer', 'ice-candidate', 'want-offer', 'bind', 'resume', 'datagram', 'pong'])(
    'of type %s with a payload of noise changes nothing',
    async (type) => {
      await say(link.frame({ type, payload: crypto.getRandomValues(new Uint8Array(900)) }))
      await say(link.text('sorry'))
      await scene.undisturbed(fromEve('sorry'))
      await scene.reported()
    },
  )

  it('with a text that is not UTF-8 is dropped, and the next message is heard', async () => {
    await say(link.frame({ type: 'data', flags: WHOLE | FLAG_TEXT, seq: 0, payload: Uint8Array.of(0xff, 0xfe) }))
    await say(link.frame({ type: 'data', flags: WHOLE | FLAG_TEXT, seq: 1, payload: utf8('UTF-8') }))
    await scene.undisturbed(fromEve('UTF-8'))
  })

  it('far ahead of its turn is not kept: 300 of them leave the link its credit', async () => {
    const { eve, ada, room } = scene
    room.members.set(eve.peerId, eve)
    const payload = new Uint8Array(MAX_FRAME_PAYLOAD_BYTES)
    for (let i = 0; i < 300; i++) await say(link.frame({ type: 'data', flags: WHOLE, seq: 2 ** 31 + i, payload }))
    await say(link.text('in order'))
    await scene.undisturbed(fromEve('in order'))
    await ada.network.send(eve.peerId, 'reply')
    const answer = await eventually(() => {
      const found = eve.envelopes.find(({ kind }) => kind === 'relay')
      if (!found) throw new Error('no reply yet')
      return found
    })
    const opened = await link.open(answer)
    if (typeof opened === 'string') throw new Error(opened)
    expect(decodeFrame(opened.frame)).toMatchObject({ type: 'data', creditKiB: 512 })
    await scene.reported()
  })

  it('without a beginning or an end neither joins with others nor stops them', async () => {
    await part(0, FLAG_FIRST, 'never ended ')
    await part(1, WHOLE, 'whole')
    await scene.undisturbed(fromEve('whole'))
  })
})

describe('a link state', () => {
  it('with a higher number ends the old link and begins a new one', async () => {
    const { ada, eve } = scene
    await say(link.text('old'))
    await scene.undisturbed(fromEve('old'))
    const before = ada.presence.length
    const newer = await eve.linkTo(scene.party, { incarnation: 6 })
    await say(newer.text('new'), newer)
    await scene.undisturbed(fromEve('new'))
    const ids = [`restarted ${eve.peerId}`, `announced ${eve.peerId}`, `peer ${eve.peerId}`]
    expect(ada.presence.slice(before)).toEqual(ids)
    expect(ada.network.peers.size).toBe(2)
  })

  it('with a lower number than was seen is dropped, for the whole session', async () => {
    const { eve, seat, ada } = scene
    const older = await eve.linkTo(scene.party, { incarnation: 4 })
    await say(older.text('from the past'), older)
    await scene.undisturbed()
    await scene.reported('sealed-stale')
    // Nor does it help to leave and come again.
    await say(link.frame({ type: 'bye' }))
    await eventually(() => expect(ada.presence.at(-1)).toBe(`left ${eve.peerId}`))
    seat.deliver(eve.peerId, 'intro', await older.intro(older.text('from the past')))
    await scene.reported('sealed-stale', 'sealed-stale')
    await scene.undisturbed()
    expect(ada.network.peers.has(eve.peerId)).toBe(false)
  })

  it('with a higher number that does not open ends nothing', async () => {
    const { eve, seat, ada } = scene
    const before = [...ada.presence]
    const sealed = await link.seal('relay', link.text('forged future'))
    seat.deliver(eve.peerId, 'relay', concat(Uint8Array.of(0, 0, 1, 0), sealed.slice(4)))
    await scene.reported('sealed-forged')
    expect(ada.presence).toEqual(before)
    await scene.undisturbed()
  })
})
