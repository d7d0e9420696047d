/** Approvals: a consortium lets somebody in when enough of its approvers have signed, and a host can neither forge nor count. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toBase64Url } from '../../protocol/bytes.ts'
import { encodeApproval, signApproval } from '../../protocol/approval.ts'
import { NEVER_MS } from '../../protocol/limits.ts'
import { createIdentity, type Identity } from '../../client/identity/identity.ts'
import type { MemberNetwork, Standing } from '../../client/networks/api.ts'
import { openNetwork } from '../../client/networks/index.ts'
import { eventually } from '../support/eventually.ts'
import { no, ok, ScriptedOffice } from '../support/scripted-office.ts'

let office: ScriptedOffice
let newcomer: Identity
let network: MemberNetwork
let approvers: MemberNetwork[]

beforeEach(async () => {
  office = await ScriptedOffice.open({ policy: 'consortium', approvers: 3, threshold: 2 })
  newcomer = await createIdentity()
  network = await openNetwork(office.roomUrl, { identity: newcomer })
  approvers = await Promise.all(office.approvers.map((identity) => openNetwork(office.roomUrl, { identity })))
})
afterEach(() => office.close())

/** An approval by whoever signs, in the name of an approver. */
async function approval(signer: Identity, place: number, member = newcomer, expiresAtMs = NEVER_MS): Promise<string> {
  const subject = { member: member.publicKey, approver: place, expiresAtMs }
  return toBase64Url(encodeApproval(await signApproval(office.genesis, subject, (bytes) => signer.sign(bytes))))
}

function approver(index: number): MemberNetwork {
  const found = approvers[index]
  if (!found) throw new Error(`no approver ${index}`)
  return found
}

describe('whoever waits', () => {
  it('is seen by the approvers, and is a member when enough of them have signed', async () => {
    const standings: Standing[] = []
    network.on('standing', ({ standing }) => standings.push(standing))
    expect(await network.ask({ name: 'Bob', note: 'I have a GPU.' })).toEqual({ approvals: 0 })
    expect(await approver(0).waiting()).toEqual([
      {
        siteId: newcomer.siteId,
        name: 'Bob',
        note: 'I have a GPU.',
        sinceMs: expect.any(Number) as number,
        approvedBy: [],
      },
    ])
    await approver(0).approve(newcomer.siteId)
    expect(await network.ask()).toEqual({ approvals: 1 })
    expect(network.standing).toBe('stranger')
    expect((await approver(1).waiting())[0]?.approvedBy).toEqual([office.approvers[0]?.siteId])
    await approver(2).approve(newcomer.siteId)
    expect(await network.ask()).toEqual({ approvals: 2 })
    expect(network).toMatchObject({ standing: 'member', role: 'approved', endsAtMs: undefined })
    expect(standings).toEqual(['member'])
    const again = await openNetwork(office.roomUrl, { identity: newcomer, chain: network.chain })
    expect(again.standing).toBe('member')
  })

  it('is told of progress until he is in', async () => {
    const progress: number[] = []
    const waiting = network.untilMember({ name: 'Bob', onProgress: (approvals) => void progress.push(approvals) })
    await eventually(() => expect(office.waiting.has(newcomer.siteId)).toBe(true))
    await approver(0).approve(newcomer.siteId)
    await eventually(() => expect(progress).toEqual([1]), 10_000)
    await approver(1).approve(newcomer.siteId)
    await waiting
    expect(progress).toEqual([1, 2])
    expect(network.standing).toBe('member')
  })

  it('waits for a host that is away', async () => {
    let isAway = true
    office.instead = () => (isAway ? { status: 503, body: 'away' } : undefined)
    const waiting = network.untilMember()
    await eventually(() => expect(office.requests.filter(({ path }) => path.endsWith('/waiting'))).toHaveLength(1))
    isAway = false
    await approver(0).approve(newcomer.siteId)
    await approver(1).approve(newcomer.siteId)
    await waiting
  })

  it('is told when he is declined', async () => {
    await network.ask()
    await approver(1).decline(newcomer.siteId)
    await expect(network.untilMember()).rejects.toMatchObject({ code: 'membership', reason: 'declined' })
  })

  it('may give up', async () => {
    const giveUp = new AbortController()
    const waiting = network.untilMember({ signal: giveUp.signal })
    await eventually(() => expect(office.waiting.size).toBe(1))
    giveUp.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'aborted' })
  })

  it('has a wrong clock corrected by the host, once', async () => {
    office.clockAheadMs = 3_600_000
    await network.ask()
    expect(office.waiting.size).toBe(1)
    office.instead = ({ path }) => (path.endsWith('/waiting') ? no('petition-clock', Date.now()) : undefined)
    await expect(network.ask()).rejects.toMatchObject({ code: 'membership', reason: 'petition-clock' })
  })

  it('is not moved by approvals that a host forged, or took from others', async () => {
    const [first] = office.approvers
    const other = await createIdentity()
    if (!first) throw new Error('no approvers')
    office.approvals.set(newcomer.siteId, [
      await approval(other, 0),
      await approval(newcomer, 1),
      await approval(first, 0, other),
      await approval(first, 1),
      await approval(first, 9),
      await approval(first, 0),
      await approval(first, 0),
      'AAAA',
      '!',
      'A'.repeat(10_000),
    ])
    expect(await network.ask()).toEqual({ approvals: 1 })
    expect(network.standing).toBe('stranger')
    office.instead = ({ path }) => (path.endsWith('/waiting') ? ok({ approvals: 'all of them' }) : undefined)
    expect(await network.ask()).toEqual({ approvals: 1 })
  })

  it('is a member for as long as enough approvals last, and is approved anew in time', async () => {
    const soonMs = Date.now() + 600_000
    await approver(0).approve(newcomer.siteId, { expiresAtMs: soonMs })
    await approver(1).approve(newcomer.siteId)
    await network.ask()
    expect(network.endsAtMs).toBe(soonMs)
    await approver(2).approve(newcomer.siteId)
    await network.ask()
    expect(network.endsAtMs).toBeUndefined()
  })

  it('loses what an approver gave who was removed', async () => {
    await approver(0).approve(newcomer.siteId)
    await approver(1).approve(newcomer.siteId)
    const owner = await openNetwork(office.roomUrl, { identity: office.creator })
    await owner.revoke(office.approvers[0]?.siteId ?? '')
    const late = await openNetwork(office.roomUrl, { identity: newcomer })
    expect(await late.ask()).toEqual({ approvals: 1 })
    expect(late.standing).toBe('stranger')
  })
})

describe('deciding', () => {
  it('is for approvers', async () => {
    const refused = { code: 'invalid-argument', reason: 'not-approver' }
    await expect(network.waiting()).rejects.toMatchObject(refused)
    await expect(network.approve(newcomer.siteId)).rejects.toMatchObject(refused)
    await expect(network.decline(newcomer.siteId)).rejects.toMatchObject(refused)
  })

  it.each([
    ['siteId', () => approver(0).approve('Bob')],
    ['siteId', () => approver(0).decline('Bob')],
    ['expiresAtMs', () => approver(0).approve(newcomer.siteId, { expiresAtMs: 1 })],
    ['name', () => network.ask({ name: 'two\nlines' })],
    ['note', () => network.ask({ note: 'x'.repeat(201) })],
  ])('refuses a wrong %s', async (reason, act) => {
    await expect(act()).rejects.toMatchObject({ code: 'invalid-argument', reason })
  })

  it('shows of a waiting room nothing that is no applicant', async () => {
    const good = { member: newcomer.siteId, name: 'Bob', note: '', sinceMs: 1, approvals: [] }
    const waiting = [good, { ...good, member: 'Bob' }, { ...good, name: 'a\u0007b' }, { ...good, note: 1 }, null, 7]
    office.instead = ({ path }) => (path.endsWith('/reviews') ? ok({ waiting }) : undefined)
    expect(await approver(0).waiting()).toEqual([
      { siteId: newcomer.siteId, name: 'Bob', note: '', sinceMs: 1, approvedBy: [] },
    ])
  })

  it('in a private network is the founder’s', async () => {
    const home = await ScriptedOffice.open({ policy: 'private' })
    const guest = await openNetwork(home.roomUrl, { identity: newcomer })
    const founder = await openNetwork(home.roomUrl, { identity: home.creator })
    await guest.ask()
    await founder.approve(newcomer.siteId)
    await guest.ask()
    expect(guest).toMatchObject({ standing: 'member', role: 'approved' })
    await home.close()
  })
})
