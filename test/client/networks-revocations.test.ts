/** Removing members: the highest number wins everywhere, no host can hide or take it back, and no peer can flood or forge it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { MAX_REVOKED } from '../../protocol/limits.ts'
import { signRevocations, type Revocations } from '../../protocol/revocations.ts'
import { createIdentity, type Identity } from '../../client/identity/identity.ts'
import type { MemberNetwork } from '../../client/networks/api.ts'
import { openNetwork } from '../../client/networks/index.ts'
import { RevocationBook } from '../../client/networks/revocation-book.ts'
import { eventually } from '../support/eventually.ts'
import { joinAs, type JoinedMember } from '../support/scripted-members.ts'
import { ScriptedOffice } from '../support/scripted-office.ts'

const REVOCATIONS_CHANNEL = 3

let office: ScriptedOffice
let owner: MemberNetwork
const joined: JoinedMember[] = []

beforeEach(async () => {
  office = await ScriptedOffice.open({ policy: 'private' })
  owner = await openNetwork(office.roomUrl, { identity: office.creator })
})
afterEach(async () => {
  await Promise.all(joined.splice(0).map(({ network }) => network.close()))
  await office.close()
})

async function enter(identity?: Identity): Promise<JoinedMember> {
  const member = await joinAs(office, identity ?? (await createIdentity()))
  joined.push(member)
  return member
}

function key(byte: number): Bytes {
  return new Uint8Array(32).fill(byte)
}

function text(byte: number): string {
  return toBase64Url(key(byte))
}

/** A list after another, signed by the creator unless told otherwise. */
function listAfter(
  latest: Revocations | undefined,
  keys: readonly Bytes[],
  signer = office.creator,
): Promise<Revocations> {
  return signRevocations(office.genesis, latest, keys, Date.now(), (bytes) => signer.sign(bytes))
}

async function met(...members: readonly JoinedMember[]): Promise<void> {
  await eventually(() => {
    for (const { network } of members) expect(network.peers.size).toBe(members.length - 1)
  })
}

describe('removing', () => {
  it('is numbered, and every list holds those that were removed before', async () => {
    expect(await owner.revoke(text(1))).toBe(1)
    expect(await owner.revoke(text(2), text(3))).toBe(2)
    expect(owner.revoked.toSorted()).toEqual([text(1), text(2), text(3)].toSorted())
    const { revoked } = await openNetwork(office.roomUrl, { identity: await createIdentity() })
    expect(revoked.toSorted()).toEqual(owner.revoked.toSorted())
  })

  it('on two devices of the owner at once removes both', async () => {
    const other = await openNetwork(office.roomUrl, { identity: office.creator })
    const numbers = await Promise.all([owner.revoke(text(1)), other.revoke(text(2))])
    expect(numbers.toSorted()).toEqual([1, 2])
    await owner.revoke(text(3))
    expect(office.latest?.keys).toHaveLength(3)
  })

  it('by two lists of one number leaves nobody who is in either of them', async () => {
    const [ada, bob] = [await enter(office.creator), await enter()]
    await met(ada, bob)
    const [first, second] = [await listAfter(undefined, [key(1)]), await listAfter(undefined, [key(2)])]
    const send = (bytes: Bytes) => ada.network.send(bob.network.peerId, bytes, { channel: REVOCATIONS_CHANNEL })
    await send(first.bytes)
    await send(second.bytes)
    await eventually(() => expect(bob.membership.revoked.toSorted()).toEqual([text(1), text(2)].toSorted()), 5_000)
  })

  it('is told to peers though the host is away, and to the host later', async () => {
    const [ada, bob] = [await enter(office.creator), await enter()]
    await met(ada, bob)
    office.instead = () => ({ status: 503, body: 'away' })
    await expect(ada.membership.revoke(text(1))).rejects.toMatchObject({ code: 'room-unreachable' })
    await eventually(() => expect(bob.membership.revoked).toEqual([text(1)]))
    office.instead = () => undefined
    await ada.membership.revoke(text(1))
    expect(office.latest?.has(key(1))).toBe(true)
  })

  it('is for the founder, who cannot be removed', async () => {
    const member = await openNetwork(office.roomUrl, { identity: await createIdentity() })
    await expect(member.revoke(text(1))).rejects.toMatchObject({ code: 'invalid-argument', reason: 'not-creator' })
    await expect(owner.revoke(office.creator.siteId)).rejects.toMatchObject({ reason: 'creator' })
    await expect(owner.revoke('Bob')).rejects.toMatchObject({ code: 'invalid-argument', reason: 'keys' })
  })

  it('has an end', async () => {
    const many = Array.from({ length: MAX_REVOKED }, (_, i) => {
      const bytes = key(9)
      new DataView(bytes.buffer).setUint32(0, i)
      return toBase64Url(bytes)
    })
    await owner.revoke(...many)
    await expect(owner.revoke(text(1))).rejects.toMatchObject({ code: 'invalid-argument', reason: 'keys' })
    expect((await openNetwork(office.roomUrl, { identity: await createIdentity() })).revoked).toHaveLength(MAX_REVOKED)
  })
})

describe('a list', () => {
  it('that the host hides comes from peers, and ends the link of who is removed', async () => {
    const [ada, bob, cleo] = [await enter(office.creator), await enter(), await enter()]
    await met(ada, bob, cleo)
    const told: { number: number; siteIdsAndInvites: readonly string[] }[] = []
    cleo.membership.on('revoked', (event) => void told.push(event))
    await ada.membership.revoke(bob.identity.siteId)
    office.servedRevocations = undefined
    await eventually(() => expect(cleo.presence.at(-1)).toBe(`removed ${bob.network.peerId}`))
    expect(told).toEqual([{ number: 1, siteIdsAndInvites: [bob.identity.siteId] }])
    await cleo.network.send(ada.network.peerId, 'we go on')
    await eventually(() => expect(ada.messages.at(-1)?.data).toBe('we go on'))
    // Who comes later, and asks such a host, hears of it from whom he meets.
    const dan = await enter()
    await eventually(() => expect(dan.membership.revoked).toEqual([bob.identity.siteId]))
  })

  it('that is older than another’s is answered with the newer one', async () => {
    const first = await listAfter(undefined, [key(1)])
    const second = await listAfter(first, [key(2)])
    office.servedRevocations = toBase64Url(second.bytes)
    const ada = await enter()
    office.servedRevocations = toBase64Url(first.bytes)
    const bob = await enter()
    expect(bob.membership.revoked).toHaveLength(1)
    await eventually(() => expect(bob.membership.revoked).toHaveLength(2))
    expect(bob.membership.revocations).toBe(ada.membership.revocations)
    expect([...ada.errors, ...bob.errors]).toEqual([])
  })

  it.each<[string, string, () => Promise<Bytes | string>]>([
    ['a text', 'revocations-malformed', async () => 'remove everybody'],
    ['too short', 'revocations-malformed', async () => Uint8Array.of(0, 0, 0, 9)],
    [
      'noise',
      'revocations-malformed',
      async () => Uint8Array.of(0, 0, 0, 9, ...crypto.getRandomValues(new Uint8Array(200))),
    ],
    [
      'forged',
      'revocations-signature',
      async () => (await listAfter(undefined, [key(1)], await createIdentity())).bytes,
    ],
  ])('that is %s is the sender’s misbehaviour, and removes nobody', async (_, reason, made) => {
    const [ada, eve] = [await enter(), await enter()]
    await met(ada, eve)
    await eve.network.send(ada.network.peerId, await made(), { channel: REVOCATIONS_CHANNEL })
    await eventually(() =>
      expect(ada.errors).toMatchObject([{ code: 'peer-misbehaved', reason, peer: eve.network.peerId }]),
    )
    expect(ada.membership.revoked).toEqual([])
    expect(ada.messages).toEqual([])
  })

  it('in a flood of others is still heard, and the flood is looked at once a second', async () => {
    const [ada, eve] = [await enter(), await enter()]
    await met(ada, eve)
    const forged = (await listAfter(undefined, [key(1)], await createIdentity())).bytes
    const genuine = await listAfter(undefined, [key(2)])
    for (let i = 0; i < 200; i++) await eve.network.send(ada.network.peerId, forged, { channel: REVOCATIONS_CHANNEL })
    await eve.network.send(ada.network.peerId, genuine.bytes, { channel: REVOCATIONS_CHANNEL })
    await eventually(() => expect(ada.membership.revoked).toEqual([text(2)]), 5_000)
    expect(ada.errors.length).toBeLessThanOrEqual(2)
  })
})

describe('what is known of removals', () => {
  it('grows by every genuine list, in whatever order they come, and the highest number is handed on', async () => {
    const book = new RevocationBook()
    const first = await listAfter(undefined, [key(1)])
    const others = [await listAfter(undefined, [key(2)]), await listAfter(undefined, [key(3)])]
    const second = await listAfter(first, [key(4)])
    for (const list of [...others, second, first]) book.take(list)
    expect([1, 2, 3, 4].map((byte) => book.has(key(byte)))).toEqual([true, true, true, true])
    expect(book.latest).toBe(second)
  })

  it('is bounded, whatever a founder signs', async () => {
    const book = new RevocationBook()
    let last: Revocations | undefined
    for (let number = 1; number <= 7; number++) {
      const keys = Array.from({ length: MAX_REVOKED }, (_, i) => {
        const bytes = key(number)
        new DataView(bytes.buffer).setUint32(0, i)
        return bytes
      })
      const list = await listAfter(undefined, keys)
      last = { ...list, number }
      book.take(last)
      expect(book.keys.length).toBeLessThanOrEqual(4 * MAX_REVOKED)
    }
    expect(last?.keys.every((one) => book.has(one))).toBe(true)
  })
})
