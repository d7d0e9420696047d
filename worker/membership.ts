/** Membership as the service checks it, at the door and when an announcement is renewed: to save work, since peers check it, too. */
import { decodeAnnouncement, type ProvenAnnouncement } from '../protocol/announcement.ts'
import { fromBase64Url, toBase64Url } from '../protocol/bytes.ts'
import type { Genesis } from '../protocol/genesis.ts'
import { membershipClaim, proveMembership, type MembershipFault } from '../protocol/membership.ts'
import { parseNetworkId } from '../protocol/network.ts'
import type { RefusalCode } from '../protocol/refusal.ts'
import type { Revocations } from '../protocol/revocations.ts'
import type { Purpose } from '../protocol/ticket.ts'
import { knownNetworks } from './known-networks.ts'
import type { Settings } from './settings.ts'

/**
 * Why whoever announces this may not be in the network, if he may not. The last thing to ask, because it may take a request
 * to the network's charter; whoever joins by an invite is counted, so everything else must be in order.
 *
 * @param network its key; everybody is a member behind a plain name
 */
export async function membershipFault(
  network: string,
  { core, profile }: ProvenAnnouncement,
  purpose: Purpose,
  settings: Settings,
): Promise<RefusalCode | undefined> {
  if (!parseNetworkId(network)) return undefined
  const known = await knownNetworks.find(network, purpose === 'join' ? 'join' : 'other', settings)
  if (!known) return 'network-unknown'
  const { identity } = core
  const membership = await proveMembership(known.genesis, identity, profile.chain, Date.now(), known.revocations)
  if (typeof membership === 'string') return membership
  // Room and peers keep an announcement until it ends, and look at the membership behind it no more.
  if (profile.expiresAtMs > membership.expiresAtMs) return 'membership-expired'
  const { invite } = membership
  if (!invite || purpose !== 'join') return undefined
  const { uses, expiresAtMs } = invite
  const use = { inviteKey: toBase64Url(invite.inviteKey), expiresAtMs, uses, identity: toBase64Url(identity) }
  return (await knownNetworks.takeUse(network, use, settings)) ? undefined : 'invite-used-up'
}

/** Why somebody who was let in with this announcement is no member any more, if these keys count no more. */
export function removalFault(
  genesis: Genesis,
  announcement: string,
  revocations: Revocations,
): MembershipFault | undefined {
  const bytes = fromBase64Url(announcement)
  const decoded = bytes && decodeAnnouncement(bytes)
  if (!decoded) return undefined
  // The door has verified the signatures.
  const claim = membershipClaim(genesis, decoded.core.identity, decoded.profile.chain, revocations)
  return typeof claim === 'string' ? claim : undefined
}
