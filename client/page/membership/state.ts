/**
 * How we stand to the network, as a pure reducer beside state.ts: what kind of network it is, whether we are in it, what became
 * of our asking, and who asks us.
 */
import type { MemberNetwork, NetworkFacts, Standing, Waiting } from '../../networks/api.ts'
import type { Failure } from '../state.ts'

/** More is a crowd that nobody decides about one by one. */
export const MAX_SHOWN_WAITING = 50

/**
 * - `no`: we have not asked, or do not any more.
 * - `waiting`: we have, and ask again until there are enough approvals.
 * - `declined`: an approver sent us away.
 * - `failed`: asking did not get through.
 */
export type Asking =
  | { readonly state: 'no' }
  | { readonly state: 'waiting'; readonly approvals: number }
  | { readonly state: 'declined' }
  | { readonly state: 'failed'; readonly failure: Failure }

export type Role = NonNullable<MemberNetwork['role']>

export interface MembershipState {
  /** Of a founded network, once they are known; behind a plain name there is nothing to know. */
  readonly facts: NetworkFacts | undefined
  readonly standing: Standing | undefined
  readonly role: Role | undefined
  /** `undefined` for never. */
  readonly endsAtMs: number | undefined
  /** Keys of removed members and invites. */
  readonly revoked: readonly string[]
  /** Why the host could not say what it knows of the network. */
  readonly hostFailure: Failure | undefined
  /** Why the invite that we came with did not let us in. */
  readonly inviteFailure: Failure | undefined
  readonly asking: Asking
  /** Who waits for us to decide; `undefined` while we do not know. */
  readonly waiting: readonly Waiting[] | undefined
  /** How many are not among them. */
  readonly unshownWaiting: number
  /** What we decided did not get through. */
  readonly fault: string
}

export type MembershipEvent =
  | {
      readonly type: 'membership'
      readonly facts: NetworkFacts
      readonly standing: Standing
      readonly role: Role | undefined
      readonly endsAtMs: number | undefined
      readonly revoked: readonly string[]
      readonly hostFailure?: Failure | undefined
    }
  | { readonly type: 'invite-failed'; readonly failure: Failure | undefined }
  | { readonly type: 'asking'; readonly asking: Asking }
  | { readonly type: 'waiting'; readonly waiting: readonly Waiting[] }
  | { readonly type: 'membership-fault'; readonly message: string }

export const NO_MEMBERSHIP: MembershipState = {
  facts: undefined,
  standing: undefined,
  role: undefined,
  endsAtMs: undefined,
  revoked: [],
  hostFailure: undefined,
  inviteFailure: undefined,
  asking: { state: 'no' },
  waiting: undefined,
  unshownWaiting: 0,
  fault: '',
}

export function reduceMembership(state: MembershipState, event: MembershipEvent): MembershipState {
  switch (event.type) {
    case 'membership': {
      const { facts, standing, role, endsAtMs, revoked, hostFailure } = event
      const known = { ...state, facts, standing, role, endsAtMs, revoked, hostFailure }
      if (standing !== 'member') return known
      return { ...known, inviteFailure: undefined, asking: NO_MEMBERSHIP.asking }
    }
    case 'invite-failed':
      return { ...state, inviteFailure: event.failure }
    case 'asking':
      return { ...state, asking: event.asking }
    case 'waiting': {
      const waiting = event.waiting.slice(0, MAX_SHOWN_WAITING)
      return { ...state, waiting, unshownWaiting: event.waiting.length - waiting.length, fault: '' }
    }
    case 'membership-fault':
      return { ...state, fault: event.message }
    default:
      return event satisfies never
  }
}

/** Whether somebody decides about others: who founds a consortium need not be one of its approvers. */
export function isDecider(facts: NetworkFacts | undefined, siteId: string | undefined): boolean {
  return facts !== undefined && siteId !== undefined && facts.approvers.includes(siteId)
}

/** How many people wait for our decision. */
export function undecidedOf({ facts, waiting }: MembershipState, ownSiteId: string | undefined): number {
  if (ownSiteId === undefined || !isDecider(facts, ownSiteId)) return 0
  return (waiting ?? []).filter(({ approvedBy }) => !approvedBy.includes(ownSiteId)).length
}
