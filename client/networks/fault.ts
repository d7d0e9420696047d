/** What founding, invites, approvals and hosts fail with: one error code, and words for every reason that is found here. */
import type { GenesisFault } from '../../protocol/genesis.ts'
import type { InviteCodeFault } from '../../protocol/invite.ts'
import type { MembershipFault } from '../../protocol/membership.ts'
import type { Refusal } from '../../protocol/refusal.ts'
import type { RevocationsFault } from '../../protocol/revocations.ts'
import { EdgeNetError } from '../errors.ts'

type Reason =
  | GenesisFault
  | InviteCodeFault
  | MembershipFault
  | RevocationsFault
  | 'invite-foreign'
  | 'invite-expired'
  | 'genesis-mismatch'

const BY_HOST = 'The host is faulty, or lies: ask another one.'
const ASK_FOR_INVITE = 'Ask for a new invite.'

/** What happened, and what to do about it. */
const WORDS: Record<Reason, readonly [message: string, hint: string]> = {
  'genesis-malformed': ['This is no genesis of a network.', BY_HOST],
  'genesis-terms': ['The genesis contradicts itself.', BY_HOST],
  'genesis-signature': ['The founder did not sign this genesis.', BY_HOST],
  'genesis-mismatch': ['This is the genesis of another network.', BY_HOST],
  'revocations-malformed': ['This is no list of revocations.', BY_HOST],
  'revocations-signature': ['The founder did not sign this list of revocations.', BY_HOST],
  'invite-malformed': ['This is no invite.', 'Copy the whole link, to its last character.'],
  'invite-damaged': ['A character of the invite was changed.', 'Copy the link again, or scan it.'],
  'invite-foreign': ['The invite is for another network.', 'Open the link of the invite itself.'],
  'invite-expired': ['The invite has expired.', ASK_FOR_INVITE],
  'membership-missing': ['This identity is no member of the network.', 'Ask for an invite or for approval.'],
  'membership-malformed': ['This network lets nobody in by this.', 'Ask for approval.'],
  'membership-signature': ['It was not signed by whoever may let members in.', ASK_FOR_INVITE],
  'membership-insufficient': ['Too few have approved this identity.', 'Wait for more approvals.'],
  'membership-expired': ['The membership is over.', 'Ask for a new invite or for approval.'],
  'membership-revoked': ['The founder has taken it back.', 'Ask the founder.'],
}

export function membershipError(reason: Reason, cause?: unknown): EdgeNetError {
  const [message, hint] = WORDS[reason]
  return new EdgeNetError('membership', reason, message, hint, { cause })
}

/** What a host would not do. */
export function refusedError({ code, message, hint, retryAfterMs }: Refusal): EdgeNetError {
  return new EdgeNetError('membership', code, message, hint, { retryAfterMs })
}

export function invalid(reason: string, message: string, hint: string): EdgeNetError {
  return new EdgeNetError('invalid-argument', reason, message, hint)
}
