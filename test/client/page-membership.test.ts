/** Membership on the page: the waiting room, those who decide, and invites that are kept. */
import { describe, expect, it } from 'vitest'
import type { NetworkFacts, Waiting } from '../../client/networks/api.ts'
import { MAX_KEPT_INVITES, parseInvites } from '../../client/page/membership/kept-invites.ts'
import { MAX_SHOWN_WAITING, undecidedOf, type MembershipEvent } from '../../client/page/membership/state.ts'
import { membershipViewOf, outsideViewOf } from '../../client/page/membership/view.ts'
import { agoWords } from '../../client/page/membership/words.ts'
import { initialState, reduce, type PageEvent } from '../../client/page/state.ts'
import { viewOf } from '../../client/page/view.ts'

const KEY = `net-${'A'.repeat(43)}`
const FACTS: NetworkFacts = {
  id: KEY,
  name: 'Ada and friends',
  description: 'We fold proteins.',
  policy: 'private',
  parameters: { confirmations: 3, maxDegree: 8, entryGapMs: 1 },
  creator: 'ada-site',
  approvers: ['ada-site'],
  approvalsNeeded: 1,
  createdAtMs: 0,
  roomUrl: `https://edge.example/n/${KEY}`,
  members: 2,
}
const CONSORTIUM: NetworkFacts = {
  ...FACTS,
  policy: 'consortium',
  approvers: ['ada', 'mine', 'eve'],
  approvalsNeeded: 2,
}
const FAILURE = { code: 'membership', reason: 'invite-expired', message: 'M.', hint: 'H.', retryAfterMs: undefined }

function known(more: Partial<Extract<MembershipEvent, { type: 'membership' }>> = {}): PageEvent {
  const standing = more.standing ?? 'stranger'
  return { type: 'membership', facts: FACTS, standing, role: undefined, endsAtMs: undefined, revoked: [], ...more }
}

function waiting(siteId: string, more: Partial<Waiting> = {}): Waiting {
  return { siteId, name: siteId, note: '', sinceMs: 0, approvedBy: [], ...more }
}

const SELF: PageEvent = { type: 'identity', siteId: 'mine', kept: true }
/** We decide. */
const OURS: NetworkFacts = { ...FACTS, creator: 'mine', approvers: ['mine'] }
const JOINED: PageEvent = { type: 'joined', peerId: 'me', networkId: KEY, total: 1 }
const after = (...events: PageEvent[]) => events.reduce(reduce, initialState(KEY, 0.5))
const outside = (...events: PageEvent[]) => outsideViewOf(after(SELF, known(), { type: 'outside' }, ...events))

describe('a stranger before a closed network', () => {
  it('sees what it is, who decides, and that he can ask or use an invite', () => {
    const state = after(SELF, known(), { type: 'outside' })
    expect(viewOf(state)).toMatchObject({
      status: 'outside',
      statusText: 'Not a member',
      kind: 'Private network',
      description: 'We fold proteins.',
      title: 'Ada and friends · Edge-Net',
      census: '',
      sendable: false,
    })
    expect(outside()).toMatchObject({
      deciders: [{ siteId: 'ada-site', name: 'Creator' }],
      decidersHeading: 'Its creator decides',
      takesInvites: true,
      askable: true,
      isWaiting: false,
      founded: expect.stringMatching(/^Founded by ada-si on .*; 2 members in the room now$/) as string,
    })
    expect(outside(known({ facts: CONSORTIUM }))).toMatchObject({
      decidersHeading: '2 of 3 approvers must approve',
      takesInvites: false,
      askable: true,
    })
    expect(
      outside(known({ facts: { ...FACTS, members: 0, creator: undefined, createdAtMs: undefined } }))?.founded,
    ).toBe('nobody is in the room now')
  })

  it('sees approvals come in, and is told when he was declined or could not ask', () => {
    const consortium = known({ facts: CONSORTIUM })
    expect(outside(consortium, { type: 'asking', asking: { state: 'waiting', approvals: 1 } })).toMatchObject({
      isWaiting: true,
      progress: expect.stringContaining('1 of 2 approvals') as string,
      fraction: 0.5,
    })
    // One approval is all or nothing.
    expect(outside({ type: 'asking', asking: { state: 'waiting', approvals: 0 } })?.fraction).toBeUndefined()
    expect(outside({ type: 'asking', asking: { state: 'declined' } })?.progress).toBe('Your request was declined.')
    expect(outside({ type: 'asking', asking: { state: 'failed', failure: FAILURE } })?.fault).toBe('M. H.')
  })

  it('is told why an invite did not let him in', () => {
    const told = (reason: string) => outside({ type: 'invite-failed', failure: { ...FAILURE, reason } })?.inviteFault
    expect(told('invite-expired')).toContain('expired')
    expect(told('invite-foreign')).toContain('another network')
    expect(told('invite-malformed')).toContain('not whole')
    expect(told('invite-damaged')).toContain('a character is wrong')
    expect(told('invite-used-up')).toContain('as often as it may be')
    expect(told('membership-signature')).toContain('not from the creator')
    expect(told('something-new')).toBe('M. H.')
  })

  it('who was removed, or whose time is over, is told so; only the latter can ask again', () => {
    expect(outside(known({ standing: 'revoked' }))).toMatchObject({
      heading: 'You were removed from this network',
      askable: false,
      takesInvites: false,
    })
    expect(outside(known({ standing: 'expired' }))).toMatchObject({
      heading: 'Your membership has ended',
      askable: true,
    })
  })

  it('is no stranger any more once he is a member: what stood between is forgotten, the network is not', () => {
    const state = after(
      SELF,
      known(),
      { type: 'outside' },
      { type: 'invite-failed', failure: FAILURE },
      { type: 'asking', asking: { state: 'waiting', approvals: 0 } },
      known({ standing: 'member', role: 'approved' }),
      { type: 'admitted' },
    )
    expect(state).toMatchObject({ status: 'joining', self: { siteId: 'mine' } })
    expect(reduce(state, { type: 'joining' }).membership.facts).toEqual(FACTS)
    expect(state.membership).toMatchObject({ facts: FACTS, asking: { state: 'no' }, inviteFailure: undefined })
    expect(state.networkName).toBe('Ada and friends')
    expect(outsideViewOf(state)).toBeUndefined()
  })
})

describe('a member', () => {
  const inside = (...events: PageEvent[]) => membershipViewOf(after(SELF, JOINED, ...events), 180_000)

  it('sees why, and until when', () => {
    expect(inside(known({ standing: 'member', role: 'creator' })).words).toBe('You founded this network.')
    expect(inside(known({ standing: 'member', role: 'invited', endsAtMs: 1e12 })).words).toMatch(
      /by an invite; .* until /,
    )
    expect(inside(known({ standing: 'member', role: 'approved' })).words).toBe('You were approved, for good.')
  })

  it('of a public network has nothing to see here', () => {
    const facts = { ...FACTS, policy: 'public' as const, approvers: [], approvalsNeeded: 0 }
    expect(inside(known({ facts, standing: 'member', role: 'everybody' })).isShown).toBe(false)
  })

  it('who decides sees who waits, and how many; others do not', () => {
    const asks: PageEvent = {
      type: 'waiting',
      waiting: [
        waiting('<b>bob</b>', { note: '<script>', sinceMs: 60_000 }),
        waiting('eve', { approvedBy: ['mine', 'ada'] }),
      ],
    }
    const approver = known({ facts: CONSORTIUM, standing: 'member', role: 'approver' })
    const view = inside(approver, asks)
    expect(view).toMatchObject({ decides: true, removes: false, badge: '1 waiting' })
    expect(
      view.applicants.map(({ name, note, detail, isApprovedByUs }) => [name, note, detail, isApprovedByUs]),
    ).toEqual([
      ['<b>bob</b>', '<script>', 'asked 2 minutes ago, 0 of 2 approvals', false],
      ['eve', '', 'asked 3 minutes ago, 2 of 2 approvals, yours among them', true],
    ])
    expect(viewOf(after(SELF, JOINED, approver, asks)).title).toBe('(1 waiting) Ada and friends · Edge-Net')
    const founder = (facts: NetworkFacts) => inside(known({ facts, standing: 'member', role: 'creator' }))
    expect(founder({ ...CONSORTIUM, approvers: ['ada', 'eve'] })).toMatchObject({ decides: false, removes: true })
    expect(founder(CONSORTIUM)).toMatchObject({ decides: true, removes: true })
    expect(founder(CONSORTIUM).words).toContain('one of its approvers')
    expect(founder(OURS)).toMatchObject({ decides: true, removes: true })
    expect(inside(known({ standing: 'member', role: 'invited' }))).toMatchObject({ decides: false, removes: false })
  })

  it('is not buried under a crowd that waits', () => {
    const crowd = Array.from({ length: 500 }, (_, i) => waiting(`site-${i}`))
    const creator = known({ facts: OURS, standing: 'member', role: 'creator' })
    const state = after(SELF, JOINED, creator, { type: 'waiting', waiting: crowd })
    expect(membershipViewOf(state, 0)).toMatchObject({ badge: '500 waiting' })
    expect(membershipViewOf(state, 0).applicants).toHaveLength(MAX_SHOWN_WAITING)
    expect(undecidedOf(state.membership, 'mine')).toBe(MAX_SHOWN_WAITING)
  })

  it('is told when a decision did not get through, until who waits is known again', () => {
    const creator = known({ facts: OURS, standing: 'member', role: 'creator' })
    const failed: PageEvent = { type: 'membership-fault', message: 'No answer.' }
    expect(inside(creator, failed).fault).toBe('No answer.')
    expect(inside(creator, failed, { type: 'waiting', waiting: [] }).fault).toBe('')
  })
})

describe('without a network of its own', () => {
  it('a device is said to be offline, whatever the room is', () => {
    const offline: PageEvent = { type: 'online', isOnline: false }
    const words = (...events: PageEvent[]) => viewOf(after(...events)).statusText
    expect(words(SELF, JOINED, offline)).toContain('Offline')
    expect(words(SELF, JOINED, { type: 'state', state: 'reconnecting' }, offline)).toContain('Offline')
    expect(words(SELF, JOINED, offline, { type: 'online', isOnline: true })).toBe('You are in the room')
    expect(words(offline, { type: 'joining' })).toContain('Offline')
    expect(words({ type: 'left' }, offline)).toBe('You have left the room')
  })
})

describe('invites that were made here', () => {
  const invite = {
    url: 'https://edge.example/n/x#invite=c',
    code: 'c',
    inviteKey: 'k',
    uses: 3,
    madeAtMs: 5,
    expiresAtMs: 9,
  }

  it('come back from the storage, whatever else stands there, up to a bound', () => {
    expect(parseInvites([invite])).toEqual([invite])
    expect(parseInvites([{ ...invite, expiresAtMs: undefined }])[0]?.expiresAtMs).toBeUndefined()
    for (const value of [undefined, null, 5, {}, [null], [{ ...invite, url: 7 }], [{ ...invite, uses: '3' }]]) {
      expect(parseInvites(value)).toEqual([])
    }
    expect(parseInvites([{ ...invite, url: 'x'.repeat(5_000) }])).toEqual([])
    expect(parseInvites(Array.from({ length: 200 }, () => invite))).toHaveLength(MAX_KEPT_INVITES)
  })
})

describe('how long ago something was', () => {
  it('is said in steps that do not change while somebody reads', () => {
    expect([0, 59_999, 60_000, 7_199_999, 7_200_000, 172_800_000].map(agoWords)).toEqual([
      'just now',
      'just now',
      '1 minute ago',
      '119 minutes ago',
      '2 hours ago',
      '2 days ago',
    ])
    // A clock that is behind the one that wrote it.
    expect(agoWords(-5_000)).toBe('just now')
  })
})
