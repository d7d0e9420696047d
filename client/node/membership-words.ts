/** Membership in words for a terminal: who somebody is in a network, why he is not in it, and what to do about that. */
import { EdgeNetError } from '../errors.ts'
import type { MemberNetwork, NetworkFacts, Standing } from '../networks/api.ts'
import { counted } from './ledger-words.ts'
import { timeWords } from './ledger-command/time.ts'

type Role = NonNullable<MemberNetwork['role']>

/** `you are …`. */
export const ROLE_WORDS: Record<Role, string> = {
  everybody: 'a member, as everybody is',
  creator: 'its creator',
  approver: 'an approver',
  invited: 'a member by invite',
  approved: 'a member by approval',
}

/** `you are …`, without a role. */
export const STANDING_WORDS: Record<Standing, string> = {
  member: 'a member',
  stranger: 'no member',
  expired: 'no member any more: your membership has ended',
  revoked: 'no member any more: its creator has removed you',
}

export function standingWords({ standing, role }: { readonly standing: Standing; readonly role?: Role | undefined }) {
  return standing === 'member' && role ? ROLE_WORDS[role] : STANDING_WORDS[standing]
}

/** `until …`, or nothing when there is no end. */
export function untilWords(endsAtMs: number | undefined): string {
  return endsAtMs === undefined ? '' : `until ${timeWords(endsAtMs)}`
}

/** Who decides who becomes a member, in half a sentence. */
export function decisionWords({ policy, approvers, approvalsNeeded }: NetworkFacts): string {
  if (policy === 'public') return 'everybody is a member'
  if (policy === 'private') return 'its creator decides'
  return `${approvalsNeeded} of ${counted(approvers.length, 'approver', 'approvers')} must agree`
}

/** Why an identity cannot join, with what would help it; `undefined` for a member. */
export function notMemberError({ standing, facts, endsAtMs }: MemberNetwork): EdgeNetError | undefined {
  if (standing === 'member') return undefined
  const { name, policy } = facts
  const asking = 'Ask to be let in with --ask.'
  const helps =
    policy === 'private' ? `Get an invite from its creator, and join with its link. ${sentence(asking)}` : asking
  switch (standing) {
    case 'stranger': {
      const message = `${name} is a ${policy} network, and you are no member: ${decisionWords(facts)}.`
      return new EdgeNetError('membership', 'membership-missing', message, helps)
    }
    case 'expired': {
      const when = endsAtMs === undefined ? '' : ` on ${timeWords(endsAtMs)}`
      return new EdgeNetError('membership', 'membership-expired', `Your membership of ${name} ended${when}.`, helps)
    }
    case 'revoked':
      return new EdgeNetError('membership', 'membership-revoked', `You were removed from ${name}.`, REMOVED_HINT)
    default:
      return standing satisfies never
  }
}

function sentence(text: string): string {
  return `Or: ${text.charAt(0).toLowerCase()}${text.slice(1)}`
}

const REMOVED_HINT = 'Only its creator can say why. What you have contributed stays in the ledger.'
