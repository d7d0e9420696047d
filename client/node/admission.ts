/** The way into a founded network for somebody who joins: by what is kept, by an invite, or by waiting to be let in. */
import { EdgeNetError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { MemberNetwork } from '../networks/api.ts'
import { counted } from './ledger-words.ts'
import { keepMembership, openMembership } from './membership.ts'
import { decisionWords, notMemberError } from './membership-words.ts'
import type { StayOptions } from './options.ts'
import type { CommandEvent } from './report.ts'

type Tell = (event: CommandEvent) => void

/**
 * The network as its member, or `undefined` behind a plain name.
 *
 * @throws EdgeNetError `membership` for somebody who is no member and does not ask to be, or was not let in in time;
 *   `room-unreachable`, `aborted`; UsageError
 */
export async function admitted(
  roomUrl: string,
  identity: Identity,
  options: Pick<StayOptions, 'folder' | 'invite' | 'asking' | 'leaveAfterMs' | 'join'>,
  tell: Tell,
  signal: AbortSignal,
): Promise<MemberNetwork | undefined> {
  const { folder, invite, asking } = options
  const membership = await openMembership(roomUrl, { identity, folder, invite, signal })
  if (!membership) return undefined
  tell(membershipEvent(membership))
  const fault = notMemberError(membership)
  if (!fault) return membership
  // Whoever was removed asks in vain: his approvals count no more than he does.
  if (!asking || membership.standing === 'revoked') throw fault
  await letIn(membership, identity, options, asking.note, tell, signal)
  tell(membershipEvent(membership))
  return membership
}

/** Waits until enough have approved. */
async function letIn(
  membership: MemberNetwork,
  { siteId }: Identity,
  { folder, leaveAfterMs, join }: Pick<StayOptions, 'folder' | 'leaveAfterMs' | 'join'>,
  note: string,
  tell: Tell,
  signal: AbortSignal,
): Promise<void> {
  const timeOver = leaveAfterMs === undefined ? undefined : AbortSignal.timeout(leaveAfterMs)
  const until = timeOver ? AbortSignal.any([signal, timeOver]) : signal
  let approved = 0
  const onProgress = (approvals: number) => {
    approved = approvals
    const { approvalsNeeded, approvers } = membership.facts
    tell({ event: 'waiting', siteId, approvals, approvalsNeeded, approvers })
  }
  onProgress(0)
  try {
    await membership.untilMember({ name: join.name ?? '', note, signal: until, onProgress })
  } catch (error) {
    if (!timeOver?.aborted || signal.aborted) throw error
    throw notLetIn(membership, approved)
  } finally {
    await keepMembership(folder, membership, siteId, { approvals: approved })
  }
}

function notLetIn({ facts }: MemberNetwork, approvals: number): EdgeNetError {
  const message = `Nobody has let you into ${facts.name} so far: ${counted(approvals, 'approval', 'approvals')}, and ${decisionWords(facts)}.`
  const hint = 'Tell those who decide your siteId, and join with --ask again: approvals are kept.'
  return new EdgeNetError('membership', 'membership-insufficient', message, hint)
}

export function membershipEvent({ facts, standing, role, endsAtMs }: MemberNetwork): CommandEvent {
  const { id, name, policy } = facts
  return {
    event: 'membership',
    network: { id, name, policy },
    standing,
    ...(role !== undefined && { role }),
    ...(endsAtMs !== undefined && { endsAtMs }),
  }
}
