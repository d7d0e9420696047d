/** Founded networks on the real Worker: founding, inviting, approving and removing, from both sides of the door. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createIdentity, join, type Identity, type JoinOptions, type Network } from '../../client/node/index.ts'
import type { Founding, MemberNetwork } from '../../client/networks/api.ts'
import { describeNetwork, foundNetwork, listNetworks, openNetwork } from '../../client/networks/index.ts'
import { startService, type Service } from '../support/server.ts'

let service: Service
const open: Network[] = []

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
})
afterAll(async () => {
  await Promise.all(open.map((network) => network.close()))
  await service.close()
})

interface Member {
  readonly identity: Identity
  readonly membership: MemberNetwork
  readonly network: Network
  readonly left: string[]
  /** Why the network closed. */
  readonly ends: string[]
}

async function found(terms: Partial<Founding> = {}): Promise<{ identity: Identity; membership: MemberNetwork }> {
  const identity = terms.identity ?? (await createIdentity())
  const membership = await foundNetwork({ host: service.url, name: 'Friends', policy: 'private', ...terms, identity })
  return { identity, membership }
}

async function enter(
  { identity, membership }: { identity: Identity; membership: MemberNetwork },
  options: JoinOptions = {},
): Promise<Member> {
  const network = await join(membership.facts.roomUrl, { identity, membership, direct: 'off', ...options })
  open.push(network)
  const left: string[] = []
  const ends: string[] = []
  network.on('peer-left', ({ peer, reason }) => void left.push(`${reason} ${peer.id}`))
  network.on('state', ({ state, error }) => state === 'closed' && void ends.push(error?.reason ?? ''))
  return { identity, membership, network, left, ends }
}

/** Somebody new, with the invite. */
async function invited(url: string, options: JoinOptions = {}): Promise<Member> {
  const identity = await createIdentity()
  return enter({ identity, membership: await openNetwork(url, { identity }) }, options)
}

async function meet(...members: readonly Member[]): Promise<void> {
  for (const { network } of members) {
    await expect.poll(() => network.peers.size, { message: 'everybody meets everybody' }).toBe(members.length - 1)
  }
}

async function hears(from: Member, to: Member): Promise<void> {
  const heard: unknown[] = []
  const stop = to.network.on('message', ({ data }) => void heard.push(data))
  await from.network.send(to.network.peerId, 'hello').delivered
  await expect.poll(() => heard).toEqual(['hello'])
  stop()
}

describe('a private network', () => {
  it('is founded, and its members come by invites', async () => {
    const ada = await enter(await found({ description: 'Of Ada.' }))
    const { url } = await ada.membership.invite({ uses: 2 })
    const [bob, cleo] = [await invited(url), await invited(url)]
    await meet(ada, bob, cleo)
    await hears(ada, bob)
    await hears(bob, cleo)
    const facts = await describeNetwork(ada.membership.facts.roomUrl)
    expect(facts).toMatchObject({
      name: 'Friends',
      description: 'Of Ada.',
      policy: 'private',
      creator: ada.identity.siteId,
    })
    expect((await listNetworks(service.url)).networks.map(({ id }) => id)).not.toContain(facts.id)
  })

  it('has no place for strangers, nor for more than an invite is for', async () => {
    const ada = await enter(await found())
    const stranger = await createIdentity()
    const membership = await openNetwork(ada.membership.facts.roomUrl, { identity: stranger })
    expect(membership.standing).toBe('stranger')
    await expect(enter({ identity: stranger, membership })).rejects.toMatchObject({
      code: 'join-refused',
      reason: 'membership-missing',
    })
    await expect(join(ada.membership.facts.roomUrl, { direct: 'off' })).rejects.toMatchObject({
      code: 'join-refused',
      reason: 'membership-missing',
    })
    const { url } = await ada.membership.invite({ uses: 1 })
    const bob = await invited(url)
    await expect(invited(url)).rejects.toMatchObject({ code: 'join-refused', reason: 'invite-used-up' })
    // Who has used it comes back as often as he likes.
    await bob.network.close()
    await enter({ identity: bob.identity, membership: await openNetwork(url, { identity: bob.identity }) })
  })

  it('removes a member who is there: his link ends, and the room shows him out', async () => {
    const ada = await enter(await found())
    const { url } = await ada.membership.invite({ uses: 2 })
    const [bob, cleo] = [await invited(url), await invited(url)]
    await meet(ada, bob, cleo)
    await ada.membership.revoke(bob.identity.siteId)
    for (const member of [ada, cleo]) {
      await expect
        .poll(() => [...member.network.peers.values()].map(({ siteId }) => siteId))
        .not.toContain(bob.identity.siteId)
    }
    await expect.poll(() => bob.ends).toEqual(['membership-revoked'])
    await bob.network.close()
    await expect.poll(() => bob.membership.standing).toBe('revoked')
    await hears(ada, cleo)
    const again = await openNetwork(url, { identity: bob.identity, chain: bob.membership.chain }).catch(
      (error: unknown) => error,
    )
    expect(again).toMatchObject({ code: 'membership', reason: 'membership-revoked' })
    await expect(enter(bob)).rejects.toMatchObject({ code: 'join-refused', reason: 'membership-revoked' })
  })

  it('removes a member who is away, and an invite with all who came by it', async () => {
    const ada = await enter(await found())
    const invite = await ada.membership.invite({ uses: 5 })
    const [bob, cleo] = [await invited(invite.url), await invited(invite.url)]
    await meet(ada, bob, cleo)
    await bob.network.close()
    expect(await ada.membership.revoke(invite.inviteKey)).toBe(1)
    await expect.poll(() => ada.network.peers.size).toBe(0)
    await expect.poll(() => cleo.ends).toEqual(['membership-revoked'])
    await expect(enter(bob)).rejects.toMatchObject({ code: 'join-refused', reason: 'membership-revoked' })
  })

  it('belongs to its owner on two devices at once', async () => {
    const { identity, membership } = await found()
    const phone = await enter({ identity, membership })
    const desk = await enter({ identity, membership: await openNetwork(membership.facts.roomUrl, { identity }) })
    await meet(phone, desk)
    const { url } = await phone.membership.invite({ uses: 3 })
    const [bob, cleo] = [await invited(url), await invited(url)]
    await meet(phone, desk, bob, cleo)
    await Promise.all([phone.membership.revoke(bob.identity.siteId), desk.membership.revoke(cleo.identity.siteId)])
    await meet(phone, desk)
    for (const device of [phone, desk]) {
      await expect
        .poll(() => device.membership.revoked.toSorted())
        .toEqual([bob.identity.siteId, cleo.identity.siteId].toSorted())
    }
    await expect.poll(() => [...bob.ends, ...cleo.ends]).toEqual(['membership-revoked', 'membership-revoked'])
  })

  it('ends a membership at its time, for the member, his peers and the door', async () => {
    const ada = await enter(await found())
    const expiresAtMs = Date.now() + 4_000
    const { url } = await ada.membership.invite({ expiresAtMs })
    const bob = await invited(url)
    await meet(ada, bob)
    await expect.poll(() => ada.left).toEqual([`removed ${bob.network.peerId}`])
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAtMs)
    await expect.poll(() => bob.membership.standing).toBe('expired')
    await bob.network.close()
    await expect(enter(bob)).rejects.toMatchObject({ code: 'join-refused', reason: 'membership-expired' })
    await expect(invited(url)).rejects.toMatchObject({ code: 'membership', reason: 'invite-expired' })
  })

  it('lets a member stay whom the owner approves before his invite ends', async () => {
    const ada = await enter(await found())
    const expiresAtMs = Date.now() + 5_000
    const bob = await invited((await ada.membership.invite({ expiresAtMs })).url)
    await meet(ada, bob)
    await ada.membership.approve(bob.identity.siteId)
    expect(await bob.membership.ask()).toEqual({ approvals: 1 })
    expect(bob.membership).toMatchObject({ role: 'approved', endsAtMs: undefined })
    await expect.poll(() => Date.now() > expiresAtMs + 500).toBe(true)
    await hears(bob, ada)
    expect([...ada.left, ...bob.left]).toEqual([])
  })
})

describe('a consortium', () => {
  it('lets in whom enough of its approvers have approved, and nobody before', async () => {
    const founder = await createIdentity()
    const identities = await Promise.all([createIdentity(), createIdentity(), createIdentity()])
    const approvers = identities.map(({ siteId }) => siteId)
    const { membership } = await found({ identity: founder, policy: 'consortium', approvers, threshold: 2 })
    const { roomUrl } = membership.facts
    const [first, second] = await Promise.all(identities.map((identity) => openNetwork(roomUrl, { identity })))
    if (!first || !second || !identities[0]) throw new Error('no approvers')
    const one = await enter({ identity: identities[0], membership: first })
    const identity = await createIdentity()
    const newcomer = await openNetwork(roomUrl, { identity })
    await newcomer.ask({ name: 'Bob', note: 'I have a GPU.' })
    expect(await second.waiting()).toMatchObject([
      { siteId: identity.siteId, name: 'Bob', note: 'I have a GPU.', approvedBy: [] },
    ])
    await first.approve(identity.siteId)
    expect(await newcomer.ask()).toEqual({ approvals: 1 })
    await expect(enter({ identity, membership: newcomer })).rejects.toMatchObject({ reason: 'membership-insufficient' })
    const waiting = newcomer.untilMember()
    await second.approve(identity.siteId)
    await waiting
    const bob = await enter({ identity, membership: newcomer })
    await meet(one, bob)
    await hears(bob, one)
  })

  it('tells whom it declines', async () => {
    const approver = await createIdentity()
    const { membership } = await found({ identity: approver, policy: 'consortium', approvers: [approver.siteId] })
    const identity = await createIdentity()
    const newcomer = await openNetwork(membership.facts.roomUrl, { identity })
    await newcomer.ask({ name: 'Eve' })
    await membership.decline(identity.siteId)
    expect(await membership.waiting()).toEqual([])
    await expect(newcomer.untilMember()).rejects.toMatchObject({ code: 'membership', reason: 'declined' })
  })
})

describe('a public network', () => {
  it('is listed, and takes everybody', async () => {
    const name = `Open ${crypto.randomUUID()}`
    const ada = await enter(await found({ name, policy: 'public', parameters: { confirmations: 2 } }))
    const identity = await createIdentity()
    const bob = await enter({ identity, membership: await openNetwork(ada.membership.facts.roomUrl, { identity }) })
    const without = await join(ada.membership.facts.roomUrl, { direct: 'off' })
    open.push(without)
    await expect.poll(() => ada.network.peers.size).toBe(2)
    expect(bob.membership).toMatchObject({ standing: 'member', role: 'everybody', chain: '' })
    await expect
      .poll(async () => (await listNetworks(service.url, { query: name })).networks)
      .toMatchObject([{ name, policy: 'public', url: ada.membership.facts.roomUrl, creator: ada.identity.siteId }])
  })
})

describe('a wrong clock', () => {
  it('keeps nobody from asking, founding and joining', async () => {
    const real = Date.now
    const { membership } = await found()
    try {
      Date.now = () => real() + 3 * 3_600_000
      const identity = await createIdentity()
      const newcomer = await openNetwork(membership.facts.roomUrl, { identity })
      await newcomer.ask({ name: 'Bob' })
    } finally {
      Date.now = real
    }
    expect(await membership.waiting()).toMatchObject([{ name: 'Bob' }])
  })
})
