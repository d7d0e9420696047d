/** Invites: whoever holds one comes in, and nothing that only looks like one lets anybody in. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toBase64Url } from '../../protocol/bytes.ts'
import { encodeInviteCode, signInvite } from '../../protocol/invite.ts'
import { networkIdText } from '../../protocol/network.ts'
import { proveMembership } from '../../protocol/membership.ts'
import { createIdentity, type Identity } from '../../client/identity/identity.ts'
import type { Invite, MemberNetwork } from '../../client/networks/api.ts'
import { openNetwork } from '../../client/networks/index.ts'
import { foundedBy, ScriptedOffice } from '../support/scripted-office.ts'

let office: ScriptedOffice
let owner: MemberNetwork
let newcomer: Identity

beforeEach(async () => {
  office = await ScriptedOffice.open({ policy: 'private' })
  owner = await openNetwork(office.roomUrl, { identity: office.creator })
  newcomer = await createIdentity()
})
afterEach(() => office.close())

function open(invite: string, identity = newcomer): Promise<MemberNetwork> {
  return openNetwork(office.roomUrl, { identity, invite })
}

describe('an invite', () => {
  it('is a link with the code where no server sees it, and lets in who opens it', async () => {
    const invite = await owner.invite()
    expect(invite).toMatchObject({ url: `${office.roomUrl}#invite=${invite.code}`, uses: 1, expiresAtMs: undefined })
    const network = await openNetwork(invite.url, { identity: newcomer })
    expect(network).toMatchObject({ standing: 'member', role: 'invited', endsAtMs: undefined })
    const proof = await proveMembership(office.genesis, newcomer.publicKey, network.chainBytes, Date.now())
    expect(proof).toMatchObject({ role: 'invited' })
    expect(office.requests.some(({ path, body }) => `${path}${body}`.includes(invite.code))).toBe(false)
  })

  it('ends the membership that it grants', async () => {
    const expiresAtMs = Date.now() + 600_000
    const network = await open((await owner.invite({ expiresAtMs, uses: 3 })).code)
    expect(network).toMatchObject({ standing: 'member', endsAtMs: expiresAtMs, expiresAtMs })
  })

  it('is worthless to an eavesdropper: what a member shows lets nobody else in', async () => {
    const member = await open((await owner.invite()).code)
    const thief = await createIdentity()
    expect((await openNetwork(office.roomUrl, { identity: thief, chain: member.chain })).standing).toBe('stranger')
  })

  it('is not needed again: the chain of an earlier time is enough, with the host away, too', async () => {
    const { chain, genesis } = await open((await owner.invite()).code)
    office.instead = () => ({ status: 500, body: 'away' })
    const again = await openNetwork(office.roomUrl, { identity: newcomer, chain, genesis: genesis ?? '' })
    expect(again).toMatchObject({ standing: 'member', role: 'invited', chain })
    expect(again.hostFault).toMatchObject({ code: 'room-unreachable' })
  })

  it('opens again with the same link, for the same identity and for others: the host counts', async () => {
    const { url } = await owner.invite()
    const [first, second] = await Promise.all([open(url), open(url)])
    expect(second.chain).toBe(first.chain)
    expect((await open(url, await createIdentity())).standing).toBe('member')
  })

  it('changes nothing for the founder', async () => {
    const network = await open((await owner.invite()).url, office.creator)
    expect(network).toMatchObject({ standing: 'member', role: 'creator', chain: '' })
  })
})

describe('what is no invite', () => {
  let invite: Invite

  beforeEach(async () => {
    invite = await owner.invite()
  })

  it.each([
    ['is empty', () => ''],
    ['is truncated', () => invite.code.slice(0, -1)],
    ['is truncated to its link', () => `${office.roomUrl}#invite=`],
    ['has too much behind it', () => `${invite.code}A`],
    ['is another text', () => 'come in, whoever you are'],
    ['has a space in it', () => ` ${invite.code.slice(0, 50)} ${invite.code.slice(51)}`],
  ])('because it %s is malformed', async (_, text) => {
    await expect(open(text())).rejects.toMatchObject({ code: 'membership', reason: 'invite-malformed' })
  })

  it('because any one character was changed is told from a forged one', async () => {
    for (let at = 0; at < invite.code.length; at += 7) {
      const other = invite.code[at] === 'A' ? 'B' : 'A'
      const damaged = invite.code.slice(0, at) + other + invite.code.slice(at + 1)
      const reason = at === 0 ? expect.stringMatching(/^invite-/) : 'invite-damaged'
      await expect(open(damaged), `character ${at}`).rejects.toMatchObject({ code: 'membership', reason })
    }
  })

  it('because it is for another network says so', async () => {
    const other = await ScriptedOffice.open({ policy: 'private' })
    const foreign = await (await openNetwork(other.roomUrl, { identity: other.creator })).invite()
    await expect(open(foreign.url)).rejects.toMatchObject({ code: 'membership', reason: 'invite-foreign' })
    await other.close()
  })

  it('because it has expired says so, and not before its signature holds', async () => {
    const inTime = await owner.invite({ expiresAtMs: Date.now() + 40 })
    await new Promise((resolve) => setTimeout(resolve, 60))
    await expect(open(inTime.code)).rejects.toMatchObject({ code: 'membership', reason: 'invite-expired' })
  })

  it('because a stranger signed it says so', async () => {
    const eve = await createIdentity()
    const keys = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
    const inviteKey = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey))
    const secret = new Uint8Array(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).slice(-32)
    const terms = { inviteKey, expiresAtMs: Date.now() + 600_000, uses: 1 }
    const forged = await signInvite(office.genesis.id, terms, (bytes) => eve.sign(bytes))
    const code = await encodeInviteCode(office.genesis.id, forged, secret)
    await expect(open(code)).rejects.toMatchObject({ code: 'membership', reason: 'membership-signature' })
  })

  it('because it was taken back says so', async () => {
    await owner.revoke(invite.inviteKey)
    await expect(open(invite.code)).rejects.toMatchObject({ code: 'membership', reason: 'membership-revoked' })
  })

  it('because the network has none says so', async () => {
    const creator = await createIdentity()
    const genesis = await foundedBy(creator, { policy: 'consortium', approvers: [creator], threshold: 1 })
    const keys = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
    const inviteKey = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey))
    const secret = new Uint8Array(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).slice(-32)
    const terms = { inviteKey, expiresAtMs: Date.now() + 600_000, uses: 1 }
    const code = await encodeInviteCode(
      genesis.id,
      await signInvite(genesis.id, terms, (bytes) => creator.sign(bytes)),
      secret,
    )
    const given = { identity: newcomer, invite: code, genesis: toBase64Url(genesis.bytes) }
    await expect(openNetwork(`http://${office.room.host}/n/${networkIdText(genesis.id)}`, given)).rejects.toMatchObject(
      { code: 'membership', reason: 'membership-malformed' },
    )
  })
})

describe('making invites', () => {
  it('is for the founder of a private network', async () => {
    const member = await open((await owner.invite()).code)
    await expect(member.invite()).rejects.toMatchObject({ code: 'invalid-argument', reason: 'not-creator' })
    const consortium = await ScriptedOffice.open({ policy: 'consortium', approvers: 1, threshold: 1 })
    const founder = await openNetwork(consortium.roomUrl, { identity: consortium.creator })
    await expect(founder.invite()).rejects.toMatchObject({ code: 'invalid-argument', reason: 'policy' })
    await consortium.close()
  })

  it.each([
    ['expiresAtMs', { expiresAtMs: Date.now() - 1 }],
    ['expiresAtMs', { expiresAtMs: Number.NaN }],
    ['expiresAtMs', { expiresAtMs: 2 ** 48 }],
    ['uses', { uses: 0 }],
    ['uses', { uses: 1.5 }],
    ['uses', { uses: 1_001 }],
  ])('refuses a wrong %s', async (reason, options) => {
    await expect(owner.invite(options)).rejects.toMatchObject({ code: 'invalid-argument', reason })
  })
})
