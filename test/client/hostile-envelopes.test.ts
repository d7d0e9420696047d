/**
 * What a hostile room, or a peer with the room's help, can do with sealed envelopes: nothing but waste time. Whatever it
 * forges, swaps, repeats or cuts short does not open, is reported once, and disturbs nobody else.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Envelope } from '../../protocol/envelope.ts'
import { networkIdOfName } from '../../protocol/network.ts'
import { encodeSealed } from '../../protocol/seal.ts'
import { eventually } from '../support/eventually.ts'
import { openScene, type Scene } from '../support/hostile-scene.ts'

let scene: Scene

beforeEach(async () => {
  scene = await openScene()
})
afterEach(() => scene.close())

/** What Bob's client sends to Ada while `send` runs, kept back from her. */
async function intercepted(count: number, send: () => Promise<void>): Promise<Envelope[]> {
  const { room, ada, bob } = scene
  const kept: Envelope[] = []
  room.carry = (from, envelope) => {
    const isBobs = from.peerId === bob.network.peerId && envelope.peer === ada.network.peerId
    if (isBobs && envelope.kind === 'relay') kept.push(envelope)
    else room.pass(from, envelope)
  }
  await send()
  await eventually(() => expect(kept).toHaveLength(count))
  room.carry = (from, envelope) => room.pass(from, envelope)
  return kept
}

async function oneFromBob(text: string): Promise<Envelope> {
  const [envelope] = await intercepted(1, () => scene.bob.network.send(scene.ada.network.peerId, text))
  if (!envelope) throw new Error('nothing was intercepted')
  return envelope
}

describe('an envelope of Bob', () => {
  it('that comes twice is heard once', async () => {
    const { seat, bob } = scene
    const from = bob.network.peerId
    const { kind, body } = await oneFromBob('once')
    for (let i = 0; i < 3; i++) seat.deliver(from, kind, body)
    await scene.reported('sealed-replayed', 'sealed-replayed')
    await scene.undisturbed({ from, data: 'once' })
  })

  it('that is overtaken by others is heard in its place', async () => {
    const { seat, bob, ada } = scene
    const from = bob.network.peerId
    const texts = ['one', 'two', 'three', 'four']
    const kept = await intercepted(4, async () => {
      await Promise.all(texts.map((text) => bob.network.send(ada.network.peerId, text)))
    })
    for (const { kind, body } of kept.toReversed()) seat.deliver(from, kind, body)
    await scene.undisturbed(...texts.map((data) => ({ from, data })))
    await scene.reported()
  })

  it('does not open with any byte of it changed, cut off or added', async () => {
    const { seat, bob } = scene
    const from = bob.network.peerId
    const { kind, body } = await oneFromBob('intact')
    const changed = (at: number) => body.map((byte, i) => (i === at ? byte ^ 1 : byte))
    seat.deliver(from, kind, body.slice(0, 20))
    seat.deliver(from, kind, body.slice(0, -1))
    seat.deliver(from, kind, new Uint8Array([...body, 0]))
    seat.deliver(from, kind, changed(body.length - 1))
    seat.deliver(from, kind, changed(14))
    // A counter that was used already, and an incarnation that is to come.
    seat.deliver(from, kind, changed(2))
    await scene.reported('sealed-malformed', ...Array<string>(5).fill('sealed-forged'))
    // Six forgeries have used up nothing: the genuine envelope still opens.
    seat.deliver(from, kind, body)
    await scene.undisturbed({ from, data: 'intact' })
  })

  it('does not open as another kind', async () => {
    const { seat, bob } = scene
    const { body } = await oneFromBob('relayed')
    seat.deliver(bob.network.peerId, 'signal', body)
    await scene.reported('sealed-forged')
    seat.deliver(bob.network.peerId, 'relay', body)
    await scene.undisturbed({ from: bob.network.peerId, data: 'relayed' })
  })

  it('does not open in the name of Eve', async () => {
    const { seat, bob, eve, room, ada } = scene
    room.admit(eve)
    await eventually(() => expect(ada.presence).toContain(`announced ${eve.peerId}`))
    const { kind, body } = await oneFromBob('from Bob')
    seat.deliver(eve.peerId, kind, body)
    await scene.reported('sealed-forged')
    expect(ada.network.peers.has(eve.peerId)).toBe(false)
    seat.deliver(bob.network.peerId, kind, body)
    await scene.undisturbed({ from: bob.network.peerId, data: 'from Bob' })
  })

  it('does not open at a peer that it was not made for', async () => {
    const { room, bob, ada } = scene
    // Bob's words to Ada come to him from Ada, as if she had said them: reflected.
    const { kind, body } = await oneFromBob('to Ada')
    room.seat(bob.network.peerId).deliver(ada.network.peerId, kind, body)
    await eventually(() => expect(bob.errors).toHaveLength(1))
    expect(bob.errors[0]).toMatchObject({ code: 'peer-misbehaved', peer: ada.network.peerId })
    expect(['sealed-forged', 'sealed-replayed']).toContain(bob.errors[0]?.reason)
    expect(bob.messages).toEqual([])
    room.seat(ada.network.peerId).deliver(bob.network.peerId, kind, body)
    await scene.undisturbed({ from: bob.network.peerId, data: 'to Ada' })
  })
})

describe('an envelope of Eve', () => {
  it('that was sealed for another network does not open', async () => {
    const { room, seat, eve, party, ada } = scene
    room.admit(eve)
    await eventually(() => expect(ada.presence).toContain(`announced ${eve.peerId}`))
    const link = await eve.linkTo(party, { network: await networkIdOfName('another') })
    seat.deliver(eve.peerId, 'relay', await link.seal('relay', link.text('from another network')))
    await scene.reported('sealed-forged')
    await scene.undisturbed()
  })

  it('in the name of Ada herself comes to nothing', async () => {
    const { seat, eve, party } = scene
    const link = await eve.linkTo(party)
    seat.deliver(party.peerId, 'relay', await link.seal('relay', link.text('I am you')))
    seat.deliver(party.peerId, 'intro', await link.intro(link.frame({}), seat.announcement))
    seat.deliver(party.peerId, 'who', new Uint8Array(0))
    await scene.undisturbed()
    expect(scene.ada.network.peers.size).toBe(1)
  })

  it('is reported at most eight times, however many are forged', async () => {
    const { room, seat, eve, ada } = scene
    room.admit(eve)
    await eventually(() => expect(ada.presence).toContain(`announced ${eve.peerId}`))
    for (let i = 0; i < 100; i++) {
      const sealed = encodeSealed({ incarnation: i, counter: i }, crypto.getRandomValues(new Uint8Array(64)))
      seat.deliver(eve.peerId, 'relay', sealed)
    }
    await scene.undisturbed()
    await scene.reported(...Array<string>(8).fill('sealed-forged'))
  })
})
