/**
 * A malicious Worker that hosts a closed network. Whatever it does, it lets nobody in: members have no link with whom it
 * admits, nothing that they say or record reaches him, and they go on among themselves.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fromBase64Url, toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { encodeApproval, signApproval } from '../../protocol/approval.ts'
import { DEFAULT_PARAMETERS, proveGenesis, signGenesis, type Genesis } from '../../protocol/genesis.ts'
import { NEVER_MS } from '../../protocol/limits.ts'
import { encodeChain } from '../../protocol/membership.ts'
import { signRevocations } from '../../protocol/revocations.ts'
import { createIdentity, type Identity } from '../../client/node/index.ts'
import type { SharedMembership } from '../../client/api.ts'
import { openNetwork } from '../../client/networks/index.ts'
import { openLedger } from '../../client/node/ledger/index.ts'
import type { SharedLedger } from '../../client/qdag/api.ts'
import { nodeClient, type Client } from '../support/hostile-worker/client.ts'
import { closedNetwork, type ClosedNetwork } from '../support/hostile-worker/closed-network.ts'
import { recovers } from '../support/hostile-worker/company.ts'
import { ATTACK_MS, pause } from '../support/hostile-worker/scene.ts'
import { startHostileService, type HostileService } from '../support/hostile-worker/service.ts'

let service: HostileService

beforeAll(async () => {
  const seed = Number(process.env['EDGE_NET_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`EDGE_NET_SEED=${seed}`)
  service = await startHostileService(seed)
})
afterAll(() => service.close())

/** Somebody whom nobody has let in, as he shows himself. */
async function intruder(
  { room }: ClosedNetwork,
  { chain, ledger, identity }: { chain?: Bytes; ledger?: Promise<SharedLedger>; identity?: Identity } = {},
): Promise<Client> {
  const self = identity ?? (await createIdentity())
  const options = { direct: 'off', identity: self, ...(ledger && { ledger }) } as const
  const membership = chain && showing(chain, (await openNetwork(room.url, { identity: self })).networkId)
  return nodeClient(room.url, 'Eve', { ...options, ...(membership && { membership }) })
}

/** What shows a chain and asks nobody for one: right for somebody who wants to be among members at any price. */
function showing(chainBytes: Bytes, networkId: Bytes): SharedMembership {
  const nothing = () => undefined
  const judge = () => Promise.resolve(undefined)
  return { networkId, chainBytes, expiresAtMs: NEVER_MS, judge, attach: nothing, detach: nothing }
}

/** Nobody has let the intruder in, and he knows nothing. */
async function isLeftOut(eve: Client, { company }: ClosedNetwork): Promise<void> {
  await company.exchange()
  await pause(ATTACK_MS)
  await company.allHeard()
  await company.nobodyElseCame()
  for (const member of company.members) {
    expect((await member.record()).announced.map(({ id }) => id)).not.toContain(eve.id)
    // What he says is not heard either.
    await eve.send(member.id, [`Eve to ${member.name}`]).catch(() => undefined)
  }
  await pause(ATTACK_MS)
  await company.undisturbed()
  const { heard, met } = await eve.record()
  expect({ heard, met }).toEqual({ heard: [], met: [] })
}

async function genesisOf(network: ClosedNetwork): Promise<Genesis> {
  const bytes = fromBase64Url(network.membership('Ada').genesis ?? '')
  const genesis = bytes ? await proveGenesis(bytes) : 'genesis-malformed'
  if (typeof genesis === 'string') throw new Error(genesis)
  return genesis
}

describe('a host that admits', () => {
  it('strangers lets them among members who have no link with them', async () => {
    const network = await closedNetwork(service)
    await network.room.openDoor()
    const before = await network.room.admitted()
    const eve = await intruder(network)
    expect(await network.room.admitted()).toBe(before + 1)
    await isLeftOut(eve, network)
    await network.company.reported(['membership-missing'])
    await Promise.all([eve.leave(), network.company.leave()])
  })

  it('strangers gives them nothing of the ledger', async () => {
    const ledgers: Promise<SharedLedger>[] = []
    const ledgerOf = (roomUrl: string, identity: Identity) => {
      const ledger = openLedger({ network: roomUrl, identity })
      ledgers.push(ledger)
      return ledger
    }
    const network = await closedNetwork(service, (roomUrl, identity) => ({ ledger: ledgerOf(roomUrl, identity) }))
    const [adas, bobs] = await Promise.all(ledgers)
    await adas?.contribute({ taskId: 'secret/1', computeUnits: 100 })
    await recovers(async () => expect(bobs?.statistics().entries).toBe(1))
    await network.room.openDoor()
    const own = openLedger({ network: network.room.url, identity: await createIdentity() })
    const eve = await intruder(network, { ledger: own })
    await adas?.contribute({ taskId: 'secret/2', computeUnits: 100 })
    await recovers(async () => expect(bobs?.statistics().entries).toBe(2))
    await isLeftOut(eve, network)
    expect((await own).statistics().entries).toBe(0)
    await Promise.all([eve.leave(), network.company.leave()])
  })

  it('whoever shows the chain of a member lets in nobody', async () => {
    const network = await closedNetwork(service)
    await network.room.openDoor()
    const eve = await intruder(network, { chain: network.membership('Bob').chainBytes })
    await isLeftOut(eve, network)
    await network.company.reported(['membership-signature'])
    await Promise.all([eve.leave(), network.company.leave()])
  })

  it('whoever shows approvals that the host has forged lets in nobody', async () => {
    const network = await closedNetwork(service)
    const genesis = await genesisOf(network)
    const [host, identity] = [await createIdentity(), await createIdentity()]
    const subject = { member: identity.publicKey, approver: 0, expiresAtMs: NEVER_MS }
    const forged = await signApproval(genesis, subject, (bytes) => host.sign(bytes))
    await network.room.lie({ approvals: [toBase64Url(encodeApproval(forged))] })
    const honest = await openNetwork(network.room.url, { identity })
    expect(await honest.ask()).toEqual({ approvals: 0 })
    expect(honest.standing).toBe('stranger')
    await network.room.openDoor()
    const eve = await intruder(network, { identity, chain: encodeChain({ kind: 'approvals', approvals: [forged] }) })
    await isLeftOut(eve, network)
    await network.company.reported(['membership-signature'])
    await Promise.all([eve.leave(), network.company.leave()])
  })
})

describe('a host that hides revocations', () => {
  it('keeps no link of who was removed, and brings him back to nobody', async () => {
    const network = await closedNetwork(service)
    const { company, room } = network
    const [bob] = [company.member('Bob')]
    await room.lie({ hidesRevocations: true })
    await room.openDoor()
    await network.membership('Ada').revoke(bob.siteId)
    company.members.splice(company.members.indexOf(bob), 1)
    for (const member of company.members) {
      await recovers(async () => {
        const { left } = await member.record()
        expect(left.map(({ id, reason }) => `${reason} ${id}`)).toContain(`removed ${bob.id}`)
      })
    }
    // The room has kept his place, and he comes again with another.
    const { state } = await bob.record()
    expect(state).toBe('open')
    const again = await intruder(network, {
      identity: network.identities.get('Bob') ?? (await createIdentity()),
      chain: network.membership('Bob').chainBytes,
    })
    await company.exchange()
    await pause(ATTACK_MS)
    await company.allHeard()
    expect(await again.record()).toMatchObject({ heard: [], met: [] })
    await company.reported(['membership-revoked'])
    await Promise.all([again.leave(), bob.leave(), company.leave()])
  })

  it('hides them from newcomers until they meet a member, and not from who has kept them', async () => {
    const network = await closedNetwork(service)
    const { company, room } = network
    await company.member('Bob').leave()
    company.members.splice(1, 1)
    await room.lie({ hidesRevocations: true })
    const bob = company.members.length
    expect(bob).toBe(2)
    const bobs = network.identities.get('Bob')?.siteId ?? ''
    await network.membership('Ada').revoke(bobs)
    await recovers(async () => expect(network.membership('Cleo').revoked).toEqual([bobs]))
    await network.enter('Dan')
    await recovers(async () => expect(network.membership('Dan').revoked).toEqual([bobs]))
    await company.acquainted()
    await company.exchange()
    await company.allHeard()
    const kept = await openNetwork(room.url, {
      identity: await createIdentity(),
      revocations: network.membership('Dan').revocations ?? '',
    })
    expect(kept.revoked).toEqual([bobs])
    await company.leave()
  })

  it('or shows an older list brings nobody back', async () => {
    const network = await closedNetwork(service)
    const { company, room } = network
    const ada = network.membership('Ada')
    await ada.revoke(toBase64Url(new Uint8Array(32).fill(1)))
    const old = ada.revocations
    const bob = company.member('Bob')
    await room.openDoor()
    await ada.revoke(bob.siteId)
    company.members.splice(company.members.indexOf(bob), 1)
    await room.lie({ description: { revocations: old } })
    await network.enter('Dan')
    await recovers(async () => expect(network.membership('Dan').revoked).toContain(bob.siteId))
    await company.acquainted()
    await company.exchange()
    await company.allHeard()
    for (const member of company.members) {
      expect((await member.record()).peers.map(({ siteId }) => siteId)).not.toContain(bob.siteId)
    }
    await Promise.all([bob.leave(), company.leave()])
  })

  it('or makes some up removes nobody', async () => {
    const network = await closedNetwork(service)
    const host = await createIdentity()
    const keys = ['Bob', 'Cleo'].map((name) => network.identities.get(name)?.publicKey ?? host.publicKey)
    const made = await signRevocations(await genesisOf(network), undefined, keys, Date.now(), (bytes) =>
      host.sign(bytes),
    )
    await network.room.lie({ description: { revocations: toBase64Url(made.bytes) } })
    await network.enter('Dan')
    expect(network.membership('Dan')).toMatchObject({ revoked: [], hostFault: { reason: 'revocations-signature' } })
    await network.company.acquainted()
    await network.company.exchange()
    await network.company.allHeard()
    await network.company.reported([])
    await network.company.leave()
  })
})

describe('a host that serves another genesis', () => {
  it('fools nobody: who knows the id refuses it, and who has the genesis goes on', async () => {
    const network = await closedNetwork(service)
    const host = await createIdentity()
    const terms = { policy: 'private', createdAtMs: Date.now(), creator: host.publicKey, name: 'Friends' } as const
    const rest = { description: '', parameters: DEFAULT_PARAMETERS, approvers: [], threshold: 0 }
    const other = await signGenesis({ ...terms, ...rest }, (bytes) => host.sign(bytes))
    await network.room.lie({ description: { genesis: toBase64Url(other.bytes) } })
    await expect(openNetwork(network.room.url, { identity: await createIdentity() })).rejects.toMatchObject({
      code: 'membership',
      reason: 'genesis-mismatch',
    })
    const genesis = network.membership('Ada').genesis ?? ''
    await network.enter('Dan', { genesis })
    expect(network.membership('Dan')).toMatchObject({ standing: 'member', hostFault: { reason: 'genesis-mismatch' } })
    await network.company.acquainted()
    await network.company.exchange()
    await network.company.allHeard()
    await network.company.leave()
  })
})

describe('a room that would', () => {
  it.each<[attack: string, reasons: readonly string[]]>([
    ['impersonate', ['membership-missing']],
    ['impersonate with chains of members', ['membership-missing', 'membership-signature']],
    ['swap chains', ['announcement-signature']],
    ['claim the session keys of others', ['membership-missing']],
  ])('%s lets in nobody, and members go on', async (attack, reasons) => {
    const network = await closedNetwork(service)
    const { company, room } = network
    await room.attack(attack)
    // Somebody comes meanwhile, so that there is something to tell.
    await network.enter('Dan')
    await company.exchange()
    await pause(ATTACK_MS)
    await company.undisturbed()
    await company.nobodyElseCame()
    expect(await room.tampered()).toBeGreaterThan(0)
    company.forgiveLosses()
    await room.redeploy()
    await company.reunited()
    await company.nobodyElseCame()
    const faults = await company.faults()
    expect(faults.map(({ reason }) => reason)).toContain(reasons[0])
    await company.leave()
  })

  it('replay a member’s announcement for another session opens nothing', async () => {
    const network = await closedNetwork(service)
    const { company, room } = network
    const bob = company.member('Bob')
    const chain = network.membership('Bob').chain
    await bob.leave()
    company.members.splice(company.members.indexOf(bob), 1)
    await network.enter('Bob again', { identity: network.identities.get('Bob') ?? (await createIdentity()), chain })
    await company.acquainted()
    await room.attack('replay old announcements')
    await company.exchange()
    await pause(ATTACK_MS)
    await company.allHeard()
    for (const member of company.members)
      expect((await member.record()).peers.map(({ id }) => id)).not.toContain(bob.id)
    await company.leave()
  })
})
