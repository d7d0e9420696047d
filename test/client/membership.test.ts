/** What a client in a closed network does for itself: it shows its membership, and has no link with anybody who has none. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decodeAnnouncement } from '../../protocol/announcement.ts'
import { fromBase64Url, toBase64Url } from '../../protocol/bytes.ts'
import { MAX_ANNOUNCEMENT_AGE_MS } from '../../protocol/limits.ts'
import { networkIdText } from '../../protocol/network.ts'
import type { RefusalCode } from '../../protocol/room-messages.ts'
import { join } from '../../client/index.ts'
import { createIdentity } from '../../client/identity/identity.ts'
import { createMesh } from '../../client/mesh/index.ts'
import { openNetwork } from '../../client/networks/index.ts'
import { eventually } from '../support/eventually.ts'
import { approvedChain, joinAs, scriptedMember, type JoinedMember } from '../support/scripted-members.ts'
import { ScriptedOffice } from '../support/scripted-office.ts'
import { ScriptedPeer } from '../support/scripted-peer.ts'
import { refusal } from '../support/scripted-room.ts'

let office: ScriptedOffice
const joined: JoinedMember[] = []

beforeEach(async () => {
  office = await ScriptedOffice.open({ policy: 'private' })
})
afterEach(async () => {
  await Promise.all(joined.splice(0).map(({ network }) => network.close()))
  await office.close()
})

async function enter(...args: Parameters<typeof joinAs> extends [unknown, ...infer Rest] ? Rest : never) {
  const member = await joinAs(office, ...args)
  joined.push(member)
  return member
}

function stranger(): Promise<ScriptedPeer> {
  return ScriptedPeer.create(networkIdText(office.genesis.id))
}

/** The profile that a client showed at the door last. */
function shown({ network }: JoinedMember) {
  return office.room.seat(network.peerId).ticket.announcement.profile
}

describe('an own announcement', () => {
  it('shows the chain, and ends with the membership', async () => {
    const expiresAtMs = Date.now() + 600_000
    const identity = await createIdentity()
    const bob = await enter(identity, { expiresAtMs })
    const profile = shown(bob)
    expect(profile.chain).toEqual(await approvedChain(office, identity.publicKey, expiresAtMs))
    expect(profile.expiresAtMs).toBe(expiresAtMs)
  })

  it('of a lasting member ends after a day, and of the founder shows nothing', async () => {
    const { expiresAtMs, issuedAtMs, chain } = shown(await enter())
    expect(expiresAtMs - issuedAtMs).toBe(MAX_ANNOUNCEMENT_AGE_MS)
    expect(chain).toHaveLength(0)
  })

  it('is made anew when membership lasts longer, for the room and for the peers', async () => {
    const ada = await enter()
    const soonMs = Date.now() + 1_500
    const bob = await enter(await createIdentity(), { expiresAtMs: soonMs })
    await eventually(() => expect(ada.network.peers.size).toBe(1))
    await ada.membership.approve(bob.membership.facts.creator === undefined ? '' : bob.identity.siteId)
    await bob.membership.ask()
    expect(bob.membership.endsAtMs).toBeUndefined()
    await eventually(() => {
      const renewed = office.room.seat(bob.network.peerId).texts.find((text) => text.includes('renew')) ?? '{}'
      const { announcement = '' } = JSON.parse(renewed) as { announcement?: string }
      const profile = decodeAnnouncement(fromBase64Url(announcement) ?? new Uint8Array(0))?.profile
      expect(profile?.expiresAtMs).toBeGreaterThan(soonMs)
    })
    // What ended is not what Ada goes by any more.
    await new Promise((resolve) => setTimeout(resolve, soonMs + 300 - Date.now()))
    await bob.network.send(ada.network.peerId, 'still here')
    await eventually(() => expect(ada.messages.map(({ data }) => data)).toEqual(['still here']))
    expect(ada.presence.filter((event) => event.startsWith('removed'))).toEqual([])
  })
})

describe('membership', () => {
  it('of another network is refused at once', async () => {
    const other = await ScriptedOffice.open({ policy: 'private' })
    const membership = await openNetwork(other.roomUrl, { identity: other.creator })
    await expect(join(office.roomUrl, { identity: other.creator, membership })).rejects.toMatchObject({
      code: 'invalid-argument',
      reason: 'membership',
    })
    await other.close()
  })

  it('that fails to open fails joining in its own words', async () => {
    const membership = openNetwork(`http://127.0.0.1:1/n/${networkIdText(office.genesis.id)}`, {
      identity: office.creator,
    })
    await expect(join(office.roomUrl, { membership })).rejects.toMatchObject({ code: 'room-unreachable' })
  })

  it('serves one network at a time, and another one after it', async () => {
    const ada = await enter()
    const options = { identity: ada.identity, membership: ada.membership, direct: 'off' } as const
    await expect(join(office.roomUrl, options)).rejects.toMatchObject({ reason: 'membership' })
    await ada.network.close()
    const again = await join(office.roomUrl, options)
    await again.close()
  })

  it('is free again when joining fails because the mesh is in use', async () => {
    const mesh = createMesh()
    const ada = await enter(undefined, { mesh })
    const identity = await createIdentity()
    const chain = toBase64Url(await approvedChain(office, identity.publicKey))
    const membership = await openNetwork(office.roomUrl, { identity, chain })
    const options = { identity, membership, mesh, direct: 'off' } as const
    await expect(join(office.roomUrl, options)).rejects.toMatchObject({ reason: 'mesh' })
    await ada.network.close()
    const network = await join(office.roomUrl, options)
    await network.close()
  })

  it.each<RefusalCode>([
    'membership-missing',
    'membership-malformed',
    'membership-signature',
    'membership-insufficient',
    'membership-expired',
    'membership-revoked',
    'invite-used-up',
  ])('refused at the door with %s ends joining at once', async (code) => {
    office.room.door = () => refusal(code)
    await expect(joinAs(office)).rejects.toMatchObject({ code: 'join-refused', reason: code })
    expect(office.room.tickets).toHaveLength(1)
  })

  it('taken away while we are in the room closes the network and says why', async () => {
    const bob = await enter(await createIdentity())
    const errors: unknown[] = []
    bob.network.on('state', ({ error }) => errors.push(error))
    office.room.seat(bob.network.peerId).say({ type: 'error', ...refusal('membership-revoked') })
    await eventually(() => expect(bob.states).toEqual(['closed']))
    expect(errors).toMatchObject([{ code: 'join-refused', reason: 'membership-revoked' }])
  })
})

describe('somebody whom the room lets in', () => {
  let ada: JoinedMember

  beforeEach(async () => {
    ada = await enter()
  })

  const reasons = () => ada.errors.map(({ code, reason }) => `${code} ${reason}`)

  it('and who is a member gets a link', async () => {
    const bob = await enter(await createIdentity())
    await eventually(() => expect([...ada.network.peers.keys()]).toEqual([bob.network.peerId]))
    expect(ada.errors).toEqual([])
  })

  it('and who is a stranger gets none, and not one envelope, however often he is announced', async () => {
    const eve = await stranger()
    office.room.admit(eve)
    await eventually(() => expect(reasons()).toEqual(['peer-misbehaved membership-missing']))
    for (let i = 0; i < 3; i++) office.room.admit(eve)
    await (await enter(await createIdentity())).network.broadcast('x')
    await eventually(() => expect(ada.network.peers.size).toBe(1))
    expect(ada.presence.join()).not.toContain(eve.peerId)
    expect(eve.envelopes).toEqual([])
    expect(reasons()).toEqual(['peer-misbehaved membership-missing'])
  })

  it('and who introduces himself without membership gets no link', async () => {
    const eve = await stranger()
    office.room.members.set(eve.peerId, eve)
    const seat = office.room.seat(ada.network.peerId)
    const link = await eve.linkTo({ peerId: ada.network.peerId, core: seat.ticket.announcement.core })
    seat.deliver(
      eve.peerId,
      'intro',
      await eve.linkTo({ peerId: ada.network.peerId, core: seat.ticket.announcement.core }).then((own) => own.intro()),
    )
    seat.deliver(eve.peerId, 'relay', await link.seal('relay', link.text('psst')))
    await eventually(() => expect(reasons()).toEqual(['peer-misbehaved membership-missing']))
    expect(ada.messages).toEqual([])
    expect(ada.network.peers.size).toBe(0)
  })

  it.each<[string, string, (eve: ScriptedPeer) => Promise<Parameters<ScriptedPeer['announce']>[0]>]>([
    [
      'another member’s chain',
      'membership-signature',
      async () => {
        const bob = await createIdentity()
        return { chain: await approvedChain(office, bob.publicKey) }
      },
    ],
    [
      'a chain that he signed himself',
      'membership-signature',
      async (eve) => {
        return {
          chain: await approvedChain({ genesis: office.genesis, creator: eve.identity }, eve.identity.publicKey),
        }
      },
    ],
    ['noise', 'membership-malformed', async () => ({ chain: crypto.getRandomValues(new Uint8Array(120)) })],
    [
      'a membership that is over',
      'membership-expired',
      async (eve) => {
        return { chain: await approvedChain(office, eve.identity.publicKey, Date.now() - 1) }
      },
    ],
    [
      'an announcement that outlives his membership',
      'membership-expired',
      async (eve) => {
        const expiresAtMs = Date.now() + 600_000
        return { chain: await approvedChain(office, eve.identity.publicKey, expiresAtMs), expiresAtMs: expiresAtMs + 1 }
      },
    ],
  ])('with %s gets no link', async (_, reason, made) => {
    const eve = await stranger()
    eve.announcement = await eve.announce(await made(eve))
    office.room.admit(eve)
    await eventually(() => expect(reasons()).toEqual([`peer-misbehaved ${reason}`]))
    expect(ada.presence).toEqual([])
    expect(eve.envelopes).toEqual([])
  })

  it('while the clock is turned back for us, long after his membership was over, gets no link', async () => {
    const overMs = Date.now() - 48 * 3_600_000
    const eve = await scriptedMember(office, { expiresAtMs: overMs })
    const issuedAtMs = overMs - 3_600_000
    const chain = await approvedChain(office, eve.identity.publicKey, overMs)
    eve.announcement = await eve.announce({ chain, issuedAtMs, expiresAtMs: overMs })
    office.room.welcome(office.room.seat(ada.network.peerId), { serverTimeMs: issuedAtMs + 1_000, peers: [] })
    office.room.admit(eve)
    await eventually(() => expect(reasons()).toEqual(['peer-misbehaved membership-expired']))
    expect(ada.presence).toEqual([])
  })

  it('and renews with what is no membership keeps his link only by what he showed before', async () => {
    const bob = await scriptedMember(office)
    office.room.admit(bob)
    await eventually(() => expect(ada.presence).toEqual([`announced ${bob.peerId}`]))
    const announcement = await bob.announce({ issuedAtMs: Date.now() + 1_000 })
    office.room.admit({ peerId: bob.peerId, announcement, receive: () => undefined })
    await eventually(() => expect(reasons()).toEqual(['peer-misbehaved membership-missing']))
    expect(ada.presence).toEqual([`announced ${bob.peerId}`])
    await ada.membership.revoke(bob.siteId)
    await eventually(() => expect(ada.presence.at(-1)).toBe(`removed ${bob.peerId}`))
  })
})

describe('a member', () => {
  it('who is removed loses his link, and gets no other', async () => {
    const ada = await enter()
    const bob = await enter(await createIdentity())
    await eventually(() => expect(ada.network.peers.size).toBe(1))
    await ada.membership.revoke(bob.identity.siteId)
    await eventually(() => expect(ada.presence.at(-1)).toBe(`removed ${bob.network.peerId}`))
    // He hears of it from Ada, too late to do anything about it.
    await eventually(() => expect(bob.membership.standing).toBe('revoked'))
    const before = ada.presence.length
    office.room.admit(office.room.seat(bob.network.peerId))
    await bob.network.send(ada.network.peerId, 'hello?').catch(() => undefined)
    await eventually(() => expect(ada.errors.map(({ reason }) => reason)).toContain('membership-revoked'))
    expect(ada.presence).toHaveLength(before)
    expect(ada.messages).toEqual([])
  })

  it('whose membership ends while he is connected loses his link at that moment', async () => {
    const ada = await enter()
    const expiresAtMs = Date.now() + 1_000
    const bob = await enter(await createIdentity(), { expiresAtMs })
    const standings: string[] = []
    bob.membership.on('standing', ({ standing }) => void standings.push(standing))
    await eventually(() => expect(ada.network.peers.size).toBe(1))
    await eventually(() => expect(ada.presence.at(-1)).toBe(`removed ${bob.network.peerId}`), 5_000)
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAtMs)
    await eventually(() => expect(standings).toEqual(['expired']))
    expect(bob.membership.standing).toBe('expired')
  })

  it('who is removed while the application still decides gets no link', async () => {
    const decision = Promise.withResolvers<boolean>()
    const asked = Promise.withResolvers<void>()
    const ada = await enter(office.creator, {
      authorize: () => {
        asked.resolve()
        return decision.promise
      },
    })
    const bob = await scriptedMember(office)
    office.room.admit(bob)
    await asked.promise
    await ada.membership.revoke(bob.siteId)
    decision.resolve(true)
    const cleo = await enter(await createIdentity())
    await eventually(() => expect(ada.network.peers.has(cleo.network.peerId)).toBe(true))
    expect(ada.presence.join()).not.toContain(bob.peerId)
  })
})
