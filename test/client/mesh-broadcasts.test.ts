/** What is said to all is the speaker's own, is heard once, and whoever passes on what cannot be true is blamed for it. */
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Applicant } from '../../client/api.ts'
import { Announcements } from '../../client/mesh/announcements.ts'
import type { MeshHost, NetworkGossip } from '../../client/mesh/api.ts'
import { Broadcasts } from '../../client/mesh/broadcasts.ts'
import { BROADCAST_TOPIC } from '../../client/mesh/limits.ts'
import { compareBytes, concat, utf8, type Bytes } from '../../protocol/bytes.ts'
import { sha256 } from '../../protocol/hash.ts'
import { peerIdBytes } from '../../protocol/peer-id.ts'
import { announcementOf, keysIn, MeshWorld, selfOf, type Keys, type MeshMember } from '../support/mesh-world.ts'

/** By hand, from PROTOCOL.md, so that this is a second writer of it. */
interface Said {
  readonly sentAtMs?: number
  readonly kind?: number
  readonly data?: Bytes
  readonly announcement?: Bytes
  readonly signedBy?: Keys
  readonly signedFor?: Keys
  readonly signedNetwork?: Bytes
}

let network: Bytes
let adaKeys: Keys
let bobKeys: Keys
let eveKeys: Keys
let world: MeshWorld
let ada: MeshMember
let bob: MeshMember
let eve: MeshMember

beforeAll(async () => {
  network = await sha256(utf8('broadcasts'))
  ;[adaKeys, bobKeys, eveKeys] = await Promise.all([
    keysIn(network, 'Ada'),
    keysIn(network, 'Bob'),
    keysIn(network, 'Eve'),
  ])
})

/** Ada and Bob are honest; Eve is linked to Ada alone. */
async function begin(before: () => void = () => undefined): Promise<void> {
  world = new MeshWorld()
  world.isSealed = true
  ;[ada, bob, eve] = [adaKeys, bobKeys, eveKeys].map((own) => world.add(selfOf(own))) as [
    MeshMember,
    MeshMember,
    MeshMember,
  ]
  before()
  for (const member of [ada, bob, eve]) member.join()
  world.connect(ada, bob)
  world.connect(ada, eve)
  await expect.poll(() => [ada, bob, eve].map(({ mesh }) => mesh.neighbours.size), { interval: 10 }).toEqual([2, 1, 1])
}
beforeEach(() => begin())
afterEach(() => world.close())

function u48(value: number): Bytes {
  return Uint8Array.from({ length: 6 }, (_, i) => Math.floor(value / 256 ** (5 - i)) % 256)
}

/** Gossip brings things in no order. */
function sorted(words: readonly unknown[]): string[] {
  return words.map(String).toSorted()
}

let lastSentAtMs = 0

/** Two that are said at once are two: each has a time of its own. */
function newSentAtMs(): number {
  return (lastSentAtMs = Math.max(Date.now(), lastSentAtMs + 1))
}

async function payloadOf(by: Keys, said: Said = {}): Promise<Bytes> {
  const { sentAtMs = newSentAtMs(), kind = 0, data = utf8('hello'), announcement = by.announcement } = said
  const { signedBy = by, signedFor = by, signedNetwork = network } = said
  const what = concat(u48(sentAtMs), Uint8Array.of(kind))
  const domain = utf8('edge-net/broadcast/1\0')
  const signed = concat(domain, signedNetwork, peerIdBytes(signedFor.peerId), what, data)
  const signature = await signedBy.identity.sign(signed)
  const length = Uint8Array.of(announcement.length >> 8, announcement.length & 255)
  return concat(length, announcement, what, signature, data)
}

/** Has Eve say it, as a message of gossip like any. */
function say(payload: Bytes): void {
  const { gossip }: { gossip: NetworkGossip } = eve.mesh
  gossip.publish(BROADCAST_TOPIC, payload)
}

/** What Eve says next arrives after it, or, as there is no order, about when it does. */
async function afterAll(): Promise<void> {
  const before = ada.heardWords.length
  say(await payloadOf(eveKeys, { data: utf8('the end') }))
  await expect.poll(() => ada.heardWords.length, { interval: 10 }).toBeGreaterThan(before)
  await expect.poll(() => bob.words, { interval: 10 }).toContain('the end')
}

describe('what is said to all', () => {
  it('is laid out as PROTOCOL.md says', async () => {
    say(await payloadOf(eveKeys, { data: utf8('by hand') }))
    say(await payloadOf(eveKeys, { sentAtMs: Date.now() + 1, kind: 1, data: Uint8Array.of(0, 255) }))
    await expect.poll(() => sorted(bob.words)).toEqual(sorted(['by hand', Uint8Array.of(0, 255)]))
    expect(bob.heardWords[0]?.from).toMatchObject({ id: eve.peerId, name: 'Eve', siteId: eve.siteId })
  })

  it('can be heard once, however often it is said again', async () => {
    const payload = await payloadOf(eveKeys)
    for (let i = 0; i < 5; i++) say(payload)
    await afterAll()
    expect(sorted(ada.words)).toEqual(sorted(['hello', 'the end']))
    expect(sorted(bob.words)).toEqual(sorted(['hello', 'the end']))
    expect([...ada.blames, ...bob.blames]).toEqual([])
  })

  it('cannot be said again by somebody else', async () => {
    await bob.mesh.broadcast('mine')
    await expect.poll(() => ada.words).toEqual(['mine'])
    let heard: Bytes | undefined
    eve.mesh.gossip.take(BROADCAST_TOPIC, (payload) => ((heard = payload), 'accept'))
    await bob.mesh.broadcast('mine again')
    await expect.poll(() => heard !== undefined).toBe(true)
    if (heard) say(heard)
    await afterAll()
    expect(sorted(ada.words)).toEqual(sorted(['mine', 'mine again', 'the end']))
  })

  it('that was said twice with the same words is two', async () => {
    await bob.mesh.broadcast('again')
    await bob.mesh.broadcast('again')
    await expect.poll(() => ada.words).toEqual(['again', 'again'])
  })
})

describe('what nobody has said', () => {
  const forged: Record<string, () => Promise<Bytes>> = {
    'was said by somebody else, at whose expense it would be passed on': () => payloadOf(bobKeys),
    'is signed by another': () => payloadOf(bobKeys, { signedBy: eveKeys }),
    'is signed for another session': () => payloadOf(eveKeys, { signedFor: bobKeys }),
    'is signed for another network': async () => payloadOf(eveKeys, { signedNetwork: await sha256(utf8('other')) }),
    'bears an announcement of another network': async () => {
      const other = await keysIn(await sha256(utf8('other')), 'Eve', eveKeys.identity)
      return payloadOf(other)
    },
    'has a time that was not signed': async () => {
      const [one, other] = await Promise.all([
        payloadOf(eveKeys, { sentAtMs: 1_000 }),
        payloadOf(eveKeys, { sentAtMs: Date.now() }),
      ])
      const head = 2 + eveKeys.announcement.length
      return concat(other.slice(0, head + 7), one.slice(head + 7))
    },
    'is of no kind': () => payloadOf(eveKeys, { kind: 2 }),
    'is no text': () => payloadOf(eveKeys, { data: Uint8Array.of(0xff, 0xfe) }),
    'is too long': () => payloadOf(eveKeys, { kind: 1, data: new Uint8Array(12_289) }),
    'is cut': async () => (await payloadOf(eveKeys)).slice(0, 200),
    'is nothing': async () => new Uint8Array(0),
    'has an announcement that is none': () => payloadOf(eveKeys, { announcement: new Uint8Array(300) }),
  }
  for (const [fault, payload] of Object.entries(forged)) {
    it(`because it ${fault}, is not heard and not passed on, and whoever brought it is blamed`, async () => {
      say(await payload())
      await expect.poll(() => ada.blames).toContainEqual({ peer: eve.peerId, reason: 'mesh-garbage' })
      await afterAll()
      expect(sorted(ada.words)).toEqual(sorted(['the end']))
      expect(sorted(bob.words)).toEqual(sorted(['the end']))
      expect(bob.blames).toEqual([])
    })
  }

  it('with a signature of small order, which runtimes judge differently, is not heard either', async () => {
    const payload = await payloadOf(eveKeys)
    const at = 2 + eveKeys.announcement.length + 7
    payload.fill(0, at, at + 64)
    payload[at] = 1
    say(payload)
    await expect.poll(() => ada.blames).toContainEqual({ peer: eve.peerId, reason: 'mesh-garbage' })
    expect(sorted(ada.words)).toEqual(sorted([]))
  })
})

describe('what is not to be heard, and nobody is to blame for', () => {
  it.each([
    ['old', -121_000],
    ['ahead of the time', 61_000],
  ])('is what is %s', async (_, offsetMs) => {
    say(await payloadOf(eveKeys, { sentAtMs: Date.now() + offsetMs }))
    await afterAll()
    expect(sorted(ada.words)).toEqual(sorted(['the end']))
    expect(sorted(bob.words)).toEqual(sorted(['the end']))
    expect(ada.blames).toEqual([])
  })

  it('is what somebody says whose announcement is over', async () => {
    const announcement = await announcementOf(eveKeys.core, eveKeys.identity, 'Eve', Date.now() - 7_200_000, 3_600_000)
    say(await payloadOf(eveKeys, { announcement }))
    await afterAll()
    expect(sorted(bob.words)).toEqual(sorted(['the end']))
    expect(ada.blames).toEqual([])
  })

  it('is what somebody says who is no member any more, as far as is known here', async () => {
    world.close()
    await begin(() => ada.removed.add(bob.peerId))
    await bob.mesh.broadcast('am I heard?')
    await afterAll()
    expect(sorted(ada.words)).toEqual(sorted(['the end']))
    expect(ada.blames).toEqual([])
  })

  it('is what somebody says who is blocked here; others hear it', async () => {
    world.close()
    await begin(() => ada.refused.add(eve.siteId))
    say(await payloadOf(eveKeys, { data: utf8('not for Ada') }))
    await expect.poll(() => bob.words).toEqual(['not for Ada'])
    expect(sorted(ada.words)).toEqual(sorted([]))
    expect(ada.blames).toEqual([])
  })
})

it('whoever is let in is heard, however much somebody says about whom the application has not decided', async () => {
  const heard: string[] = []
  let decide: (isIn: boolean) => void = () => undefined
  const deciding = new Promise<boolean>((resolve) => (decide = resolve))
  const host = {
    peerId: adaKeys.peerId,
    networkId: network,
    nowMs: () => Date.now(),
    prove: (announcement: Bytes) => ada.prove(announcement),
    authorize: async ({ id }: Applicant) => id !== eveKeys.peerId || deciding,
    heard: ({ name }: Applicant) => void heard.push(name),
  } as unknown as MeshHost
  const broadcasts = new Broadcasts(host, new Announcements(host))
  const says = async (by: Keys) => expect(await broadcasts.judge(await payloadOf(by), by.peerId)).toBe('accept')
  await says(bobKeys)
  for (let i = 0; i < 100; i++) await says(eveKeys)
  await says(bobKeys)
  await expect.poll(() => heard).toEqual(['Bob', 'Bob'])
  // Of hers there is a bounded amount.
  decide(true)
  await expect.poll(() => heard).toHaveLength(2 + 64)
  await says(eveKeys)
  await expect.poll(() => heard).toHaveLength(2 + 65)
})

it('whoever had a clock that was ahead is heard once it has been set back, and two at once are two', async () => {
  let aheadMs = 3_600_000
  const host = {
    peerId: bobKeys.peerId,
    networkId: network,
    nowMs: () => Date.now() + aheadMs,
    sign: (message: Bytes) => bobKeys.identity.sign(message),
    announcement: () => bobKeys.announcement,
  } as unknown as MeshHost
  const spoken = new Broadcasts(host, new Announcements(host))
  const heard = new Broadcasts(ada, new Announcements(ada))
  const isHeard = async () => heard.judge(await spoken.encode('hello'), bobKeys.peerId)
  expect(await isHeard()).toBe('ignore')
  aheadMs = 0
  expect(await isHeard()).toBe('accept')
  expect(await Promise.all([isHeard(), isHeard(), isHeard()])).toEqual(['accept', 'accept', 'accept'])
  aheadMs = -5_000
  expect(await isHeard()).toBe('accept')
})

it('whoever is blocked no more is heard again', async () => {
  world.close()
  await begin(() => ada.refused.add(eve.siteId))
  say(await payloadOf(eveKeys, { data: utf8('while blocked') }))
  await expect.poll(() => bob.words).toEqual(['while blocked'])
  ada.refused.delete(eve.siteId)
  say(await payloadOf(eveKeys, { data: utf8('unknown as yet') }))
  await expect.poll(() => bob.words).toHaveLength(2)
  expect(ada.words).toEqual([])
  ada.mesh.unblock()
  say(await payloadOf(eveKeys, { data: utf8('afterwards') }))
  await expect.poll(() => ada.words).toEqual(['afterwards'])
})

it('what is neither text nor bytes cannot be said', async () => {
  for (const nonsense of [undefined, null, {}, 7, ['text']]) {
    const refused = expect.objectContaining({ code: 'invalid-argument', reason: 'data' })
    await expect(ada.mesh.broadcast(nonsense as never)).rejects.toEqual(refused)
  }
  await ada.mesh.broadcast(new Blob(['a blob']))
  await expect.poll(() => bob.words).toEqual([new TextEncoder().encode('a blob')])
})

it('what is no message of a mesh is malformed, and texts are none', async () => {
  void eve.send(ada.peerId, 'a text', { channel: 4 })
  await expect.poll(() => ada.blames).toContainEqual({ peer: eve.peerId, reason: 'mesh-malformed' })
  await expect.poll(() => ada.mesh.neighbours.has(eve.peerId)).toBe(false)
  expect(compareBytes(ada.networkId, network)).toBe(0)
})
