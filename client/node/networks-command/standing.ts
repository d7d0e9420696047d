/** What a sub-command about members begins with: the network, as its creator or an approver has it. */
import { EdgeNetError } from '../../errors.ts'
import type { MemberNetwork } from '../../networks/api.ts'
import { existingIdentity } from '../identity-file.ts'
import { isFounded, openMembership } from '../membership.ts'
import { parseRoomUrl } from '../../room-url.ts'
import { UsageError } from '../usage-error.ts'

export interface Office {
  readonly network: MemberNetwork
  readonly siteId: string
}

/**
 * Opens a closed network by the identity of a data folder.
 *
 * @throws EdgeNetError `invalid-argument` (`policy` where everybody is a member), `membership`, `room-unreachable`; UsageError
 *   when there is no identity
 */
export async function openOffice(roomUrl: string, folder: string, signal: AbortSignal): Promise<Office> {
  const { network: key, http } = parseRoomUrl(roomUrl)
  if (!isFounded(roomUrl)) throw everybodyIsMember(key, http)
  const identity = await existingIdentity(folder)
  if (!identity) {
    const message = `There is no identity in ${folder}, so it is neither creator nor approver of anything.`
    throw new UsageError(message, 'Name the folder of the one that is: --data, EDGE_NET_DATA.')
  }
  // A link's invite is for others; whoever makes them needs none.
  const network = await openMembership(http, { identity, folder, signal })
  if (!network || network.facts.policy === 'public') throw everybodyIsMember(network?.facts.name ?? key, http)
  return { network, siteId: identity.siteId }
}

/** @throws EdgeNetError `invalid-argument` (`not-creator`) unless the identity has founded the network */
export function mustBeCreator({ network: { facts }, siteId }: Office, what: string): void {
  if (facts.creator === siteId) return
  const message = `Only the creator of ${facts.name} ${what}, and this identity is ${siteId}.`
  throw new EdgeNetError(
    'invalid-argument',
    'not-creator',
    message,
    `The creator is ${facts.creator}. ${OTHER_IDENTITY}`,
  )
}

/** @throws EdgeNetError `invalid-argument` (`not-approver`) unless the identity decides about newcomers */
export function mustBeApprover({ network: { facts }, siteId }: Office): void {
  if (facts.approvers.includes(siteId)) return
  const message = `This identity, ${siteId}, does not decide who comes into ${facts.name}.`
  const who = facts.approvers.join(', ')
  throw new EdgeNetError('invalid-argument', 'not-approver', message, `Those who do: ${who}. ${OTHER_IDENTITY}`)
}

const OTHER_IDENTITY = 'Another identity of yours is chosen by --identity, or by its folder: --data.'

function everybodyIsMember(name: string, roomUrl: string): EdgeNetError {
  const message = `${name} is public: everybody is a member.`
  return new EdgeNetError('invalid-argument', 'policy', message, `Its room URL is all that anybody needs: ${roomUrl}`)
}
