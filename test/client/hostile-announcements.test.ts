/** Nobody gets in with an announcement that is forged, over, from elsewhere or somebody else's; and no key is weak. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { eventually } from '../support/eventually.ts'
import { NETWORK, openScene, type Scene } from '../support/hostile-scene.ts'
import { ScriptedPeer } from '../support/scripted-peer.ts'

let scene: Scene
let nobodyCame: () => void

beforeEach(async () => {
  scene = await openScene()
  const before = [...scene.ada.presence]
  nobodyCame = () => expect(scene.ada.presence).toEqual(before)
})
afterEach(() => scene.close())

/** Introduces `peer` to Ada with an announcement, and says something right after. */
async function introduce(peer: ScriptedPeer, announcement: Bytes): Promise<void> {
  const { seat, party } = scene
  const link = await peer.linkTo(party)
  seat.deliver(peer.peerId, 'intro', await link.intro(link.frame({}), announcement))
  seat.deliver(peer.peerId, 'relay', await link.seal('relay', link.text('let me in')))
}

describe('an introduction', () => {
  it('that is honest lets the newcomer in, and what it said meanwhile is heard', async () => {
    const { eve, ada } = scene
    await introduce(eve, eve.announcement)
    await eventually(() => expect(ada.presence.slice(-2)).toEqual([`announced ${eve.peerId}`, `peer ${eve.peerId}`]))
    await scene.undisturbed({ from: eve.peerId, data: 'let me in' })
    await scene.reported()
  })

  it('that comes after the first words is asked for, once, and they are heard then', async () => {
    const { eve, seat, party, room, ada } = scene
    room.members.set(eve.peerId, eve)
    const link = await eve.linkTo(party)
    seat.deliver(eve.peerId, 'relay', await link.seal('relay', link.text('you know me')))
    seat.deliver(eve.peerId, 'relay', await link.seal('relay', link.text('do you not?')))
    await eventually(() => expect(eve.envelopes).toHaveLength(1))
    expect(eve.envelopes).toEqual([{ kind: 'who', home: 0, peer: ada.network.peerId, body: new Uint8Array(0) }])
    nobodyCame()
    seat.deliver(eve.peerId, 'intro', await link.intro())
    const heard = ['you know me', 'do you not?'].map((data) => ({ from: eve.peerId, data }))
    await scene.undisturbed(...heard)
  })

  it('signed by somebody else is refused', async () => {
    const { eve } = scene
    const mallory = await ScriptedPeer.create(NETWORK)
    await introduce(eve, await eve.announce({}, { signer: mallory.identity }))
    await scene.reported('announcement-signature')
    await scene.undisturbed()
    nobodyCame()
  })

  it('changed after it was signed is refused', async () => {
    const { eve } = scene
    const renamed = eve.announcement.slice()
    renamed[renamed.length - 70] = 0xff
    await introduce(eve, renamed)
    await eventually(() => expect(scene.ada.errors).toHaveLength(1))
    expect(scene.ada.errors[0]?.reason).toMatch(/^announcement-(signature|malformed)$/)
    await scene.undisturbed()
    nobodyCame()
  })

  it.each([
    ['is over', { issuedAtMs: Date.now() - 7_200_000, expiresAtMs: Date.now() - 3_600_000 }],
    ['has not begun', { issuedAtMs: Date.now() + 3_600_000, expiresAtMs: Date.now() + 7_200_000 }],
    ['would last for a year', { expiresAtMs: Date.now() + 365 * 86_400_000 }],
  ])('that %s is refused', async (_, times) => {
    const { eve } = scene
    await introduce(eve, await eve.announce(times))
    await scene.reported('announcement-expired')
    await scene.undisturbed()
    nobodyCame()
  })

  it('for another network is refused', async () => {
    const stranger = await ScriptedPeer.create('another')
    await introduce(stranger, stranger.announcement)
    await scene.reported('announcement-network')
    await scene.undisturbed()
    nobodyCame()
  })

  it("with somebody else's announcement is refused", async () => {
    const { eve } = scene
    const mallory = await ScriptedPeer.create(NETWORK)
    await introduce(eve, mallory.announcement)
    await scene.reported('intro-mismatch')
    await scene.undisturbed()
    nobodyCame()
  })

  it("with Bob's announcement neither becomes Bob nor removes him", async () => {
    const { eve, bob, room } = scene
    await introduce(eve, room.seat(bob.network.peerId).announcement)
    await scene.reported('intro-mismatch')
    await scene.undisturbed()
    nobodyCame()
  })

  it.each([
    ['empty', new Uint8Array(0)],
    ['of which the announcement is longer than the envelope', new Uint8Array([0xff, 0xff, 1])],
    ['of noise', crypto.getRandomValues(new Uint8Array(600))],
  ])('that is %s is refused', async (_, body) => {
    const { eve, seat, ada } = scene
    seat.deliver(eve.peerId, 'intro', body)
    await eventually(() => expect(ada.errors).toHaveLength(1))
    expect(ada.errors[0]).toMatchObject({ code: 'peer-misbehaved' })
    expect(ada.errors[0]?.reason).toMatch(/^(intro|announcement)-malformed$/)
    await scene.undisturbed()
    nobodyCame()
  })
})

describe('an announcement that the room lists', () => {
  it('is refused when its session key would give everybody the same secret', async () => {
    const { room, ada } = scene
    const weak = await Promise.all(SMALL_ORDER.map((hex) => ScriptedPeer.create(NETWORK, { session: bytesOf(hex) })))
    for (const peer of weak) room.admit(peer)
    // Listed after them and honest: once it is there, they have been judged.
    room.admit(scene.eve)
    await eventually(() => expect(ada.presence).toContain(`announced ${scene.eve.peerId}`))
    await scene.undisturbed()
    for (const { peerId } of weak) {
      await expect(ada.network.send(peerId, 'secret')).rejects.toMatchObject({ code: 'peer-unknown' })
    }
    expect(ada.presence.filter((event) => event.startsWith('announced'))).toHaveLength(2)
  })

  it('is ignored when it is our own', async () => {
    const { seat, ada } = scene
    seat.say({ type: 'peer-joined', peer: { announcement: toBase64Url(seat.announcement) }, total: 3, resumed: true })
    seat.say({ type: 'peer-left', peerId: ada.network.peerId, total: 2 })
    await scene.undisturbed()
    nobodyCame()
    await expect(ada.network.send(ada.network.peerId, 'me')).rejects.toMatchObject({ code: 'peer-unknown' })
  })

  it('that authorize refuses is neither seen nor heard', async () => {
    await scene.close()
    scene = await openScene({ authorize: ({ name }) => name === 'Bob' })
    const { eve, seat, party, ada } = scene
    const before = [...ada.presence]
    const link = await eve.linkTo(party)
    seat.deliver(eve.peerId, 'intro', await link.intro(link.text('I insist')))
    seat.deliver(eve.peerId, 'intro', await link.intro(link.text('and insist')))
    await scene.undisturbed()
    expect(ada.presence).toEqual(before)
  })

  it('that is blocked leaves and is not heard', async () => {
    const { eve, room, seat, party, ada } = scene
    const link = await eve.linkTo(party)
    room.admit(eve)
    seat.deliver(eve.peerId, 'intro', await link.intro(link.text('first')))
    await scene.undisturbed({ from: eve.peerId, data: 'first' })
    ada.network.block(eve.siteId)
    expect(ada.presence.at(-1)).toBe(`blocked ${eve.peerId}`)
    seat.deliver(eve.peerId, 'intro', await link.intro(link.text('second')))
    await scene.undisturbed()
    expect(ada.network.peers.has(eve.peerId)).toBe(false)
  })

  it('that is blocked while its first words are being opened stays out', async () => {
    const { eve, room, seat, party, ada } = scene
    const link = await eve.linkTo(party)
    room.admit(eve)
    await eventually(() => expect(ada.presence.at(-1)).toBe(`announced ${eve.peerId}`))
    const decrypt = crypto.subtle.decrypt.bind(crypto.subtle)
    vi.spyOn(crypto.subtle, 'decrypt').mockImplementationOnce(async (...parts) => {
      const opened = await decrypt(...parts)
      ada.network.block(eve.siteId)
      return opened
    })
    seat.deliver(eve.peerId, 'intro', await link.intro(link.text('first')))
    await eventually(() => expect(ada.presence.at(-1)).toBe(`blocked ${eve.peerId}`))
    await scene.undisturbed()
    expect(ada.network.peers.has(eve.peerId)).toBe(false)
  })

  it('that was blocked is heard again once it is unblocked', async () => {
    const { eve, seat, party, ada } = scene
    const link = await eve.linkTo(party)
    ada.network.block(eve.siteId)
    seat.deliver(eve.peerId, 'intro', await link.intro(link.text('while blocked')))
    await scene.undisturbed()
    ada.network.unblock(eve.siteId)
    const again = await eve.linkTo(party, { incarnation: 2 })
    seat.deliver(eve.peerId, 'intro', await again.intro(again.text('afterwards')))
    await eventually(() => expect(ada.messages.at(-1)?.data).toBe('afterwards'))
  })
})

function bytesOf(hex: string): Bytes {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

/** The points of small order on Curve25519, and their non-canonical encodings: cr.yp.to/ecdh.html#validate. */
const SMALL_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]
