/** What the page says about networks and membership: texts and flags, no DOM. */
import type { NetworkFacts, Waiting } from '../../networks/api.ts'
import { nameOr, shortId } from '../../words.ts'
import { counted } from '../number-words.ts'
import type { Failure, PageState } from '../state.ts'
import { isDecider, type Asking, type MembershipState } from './state.ts'
import { agoWords, dateWords, momentWords } from './words.ts'

export interface Decider {
  readonly siteId: string
  readonly name: string
}

export interface ApplicantRow {
  readonly siteId: string
  readonly name: string
  readonly shortId: string
  readonly note: string
  readonly detail: string
  /** We have signed; others must. */
  readonly isApprovedByUs: boolean
}

/** The waiting room: what somebody sees who is not in. */
export interface OutsideView {
  readonly heading: string
  readonly words: string
  readonly inviteFault: string
  readonly founded: string
  readonly deciders: readonly Decider[]
  readonly decidersHeading: string
  /** Only creators of private networks make invites. */
  readonly takesInvites: boolean
  readonly askable: boolean
  readonly isWaiting: boolean
  /** Told to screen readers when it changes. */
  readonly progress: string
  /** 0 to 1; `undefined` while we do not wait, or wait for one approval alone. */
  readonly fraction: number | undefined
  readonly fault: string
}

export interface MembershipView {
  /** The panel is there for closed networks only. */
  readonly isShown: boolean
  readonly words: string
  readonly decides: boolean
  readonly badge: string
  readonly applicants: readonly ApplicantRow[]
  readonly noApplicants: string
  readonly removes: boolean
  readonly removedWords: string
  readonly fault: string
}

const STANDING_HEADINGS = {
  member: 'You are in',
  stranger: 'You are not in this network yet',
  expired: 'Your membership has ended',
  revoked: 'You were removed from this network',
} as const

export function outsideViewOf(state: PageState): OutsideView | undefined {
  const { facts, standing, asking, inviteFailure, hostFailure } = state.membership
  if (state.status !== 'outside' || !facts) return undefined
  const needed = facts.approvalsNeeded
  return {
    heading: STANDING_HEADINGS[standing ?? 'stranger'],
    words: outsideWords(facts, standing === 'revoked'),
    inviteFault: inviteFailure ? inviteFaultWords(inviteFailure) : '',
    founded: foundedWords(facts),
    deciders: facts.approvers.map((siteId) => ({
      siteId,
      name: siteId === facts.creator ? 'Creator' : 'Approver',
    })),
    decidersHeading:
      facts.policy === 'private'
        ? 'Its creator decides'
        : `${needed} of ${counted(facts.approvers.length, 'approver')} must approve`,
    takesInvites: facts.policy === 'private' && standing !== 'revoked',
    // Who was removed stays so until a new identity; approvals would be void.
    askable: standing !== 'revoked',
    isWaiting: asking.state === 'waiting',
    progress: askingWords(asking, needed),
    fraction:
      asking.state === 'waiting' && needed > 1 ? Math.min(1, asking.approvals / Math.max(1, needed)) : undefined,
    fault: failureWords(asking.state === 'failed' ? asking.failure : hostFailure),
  }
}

export function membershipViewOf({ membership, self, status }: PageState, nowMs: number): MembershipView {
  const { facts, waiting, unshownWaiting, revoked, fault, role } = membership
  const isInside = status !== 'outside' && membership.standing === 'member'
  const isShown = facts !== undefined && facts.policy !== 'public' && isInside
  const needed = facts?.approvalsNeeded ?? 1
  const rows = (waiting ?? []).map((applicant) => applicantRow(applicant, needed, self?.siteId, nowMs))
  const undecided = rows.filter(({ isApprovedByUs }) => !isApprovedByUs).length
  return {
    isShown,
    words: isShown ? memberWords(membership, self?.siteId) : '',
    decides: isShown && isDecider(facts, self?.siteId),
    badge: isShown && undecided > 0 ? `${undecided + unshownWaiting} waiting` : '',
    applicants: rows,
    noApplicants: waiting ? 'Nobody waits to be let in.' : 'Asking the host who waits…',
    removes: isShown && role === 'creator',
    removedWords:
      revoked.length > 0 ? `${counted(revoked.length, 'member or invite', 'members and invites')} removed so far.` : '',
    fault,
  }
}

/** What somebody has to know whom an invite did not let in. */
export function inviteFaultWords({ reason, message, hint }: Failure): string {
  return INVITE_FAULTS[reason] ?? `${message} ${hint}`
}

const INVITE_FAULTS: Readonly<Record<string, string>> = {
  'invite-malformed': 'This invite link is not whole. Ask for it again, or copy all of it.',
  'invite-damaged': 'This invite link was changed on its way: a character is wrong. Copy it again.',
  'invite-foreign': 'This invite is for another network.',
  'invite-expired': 'This invite has expired. Ask for a new one.',
  'invite-used-up': 'This invite has been used as often as it may be. Ask for a new one.',
  'membership-signature': 'This invite is not from the creator of this network.',
  'membership-revoked': 'This invite, or your membership, was revoked by the creator.',
  'membership-expired': 'This invite has expired. Ask for a new one.',
}

function failureWords(failure: Failure | undefined): string {
  return failure ? `${failure.message} ${failure.hint}` : ''
}

function outsideWords({ policy }: NetworkFacts, isRevoked: boolean): string {
  if (isRevoked) return 'Its creator has removed this identity. What you have contributed stays in the ledger.'
  if (policy === 'private') return 'It is private: an invite from its creator lets you in, or its creator approves you.'
  return 'It belongs to a consortium: who wants to come in asks, and its approvers decide.'
}

function askingWords(asking: Asking, needed: number): string {
  switch (asking.state) {
    case 'no':
      return ''
    case 'waiting':
      return needed === 1
        ? 'Your request is there. You get in by yourself as soon as it is approved.'
        : `Your request is there: ${asking.approvals} of ${needed} approvals. With all of them you get in by yourself.`
    case 'declined':
      return 'Your request was declined.'
    case 'failed':
      return ''
    default:
      return asking satisfies never
  }
}

function foundedWords({ creator, createdAtMs, members }: NetworkFacts): string {
  const by = creator === undefined ? '' : `Founded by ${shortId(creator)}`
  const on = createdAtMs === undefined ? '' : ` on ${dateWords(createdAtMs)}`
  const present = members === 0 ? 'nobody is in the room now' : `${counted(members, 'member')} in the room now`
  return [`${by}${on}`, present].filter((part) => part !== '').join('; ')
}

const ROLE_WORDS = {
  everybody: 'You are a member, as everybody is.',
  creator: 'You founded this network.',
  approver: 'You are one of its approvers.',
  invited: 'You came in by an invite',
  approved: 'You were approved',
} as const

function memberWords({ facts, role, endsAtMs }: MembershipState, siteId: string | undefined): string {
  if (role === 'creator' && facts?.policy === 'consortium' && isDecider(facts, siteId)) {
    return 'You founded this network, and are one of its approvers.'
  }
  const words = ROLE_WORDS[role ?? 'everybody']
  if (words.endsWith('.')) return words
  return endsAtMs === undefined
    ? `${words}, for good.`
    : `${words}; your membership lasts until ${momentWords(endsAtMs)}.`
}

function applicantRow(
  { siteId, name, note, sinceMs, approvedBy }: Waiting,
  needed: number,
  ownSiteId: string | undefined,
  nowMs: number,
): ApplicantRow {
  const isApprovedByUs = ownSiteId !== undefined && approvedBy.includes(ownSiteId)
  const approvals =
    needed > 1 ? `, ${approvedBy.length} of ${needed} approvals${isApprovedByUs ? ', yours among them' : ''}` : ''
  return {
    siteId,
    name: nameOr(name, 'No name'),
    shortId: shortId(siteId),
    note,
    detail: `asked ${agoWords(nowMs - sinceMs)}${approvals}`,
    isApprovedByUs,
  }
}
