/** Membership as the service checks it, at the door and when an announcement is renewed: to save work, since peers check it, too. */
import { decodeAnnouncement, type ProvenAnnouncement } from '../protocol/announcement.ts'
import { fromBase64Url, toBase64Url } from '../protocol/bytes.ts'
import { decodeChain, proveMembership } from '../protocol/membership.ts'
import { parseNetworkId } from '../protocol/network.ts'
import type { RefusalCode } from '../protocol/refusal.ts'
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

/** Whether somebody who was let in with this announcement has been removed, himself or with the invite that he came by. */
export function isRemoved(announcement: string, removed: ReadonlySet<string>): boolean {
  const bytes = fromBase64Url(announcement)
  const decoded = bytes && decodeAnnouncement(bytes)
  if (!decoded) return false
  const chain = decodeChain(decoded.profile.chain)
  const isByInvite = chain?.kind === 'invite' && removed.has(toBase64Url(chain.invite.inviteKey))
  return isByInvite || removed.has(toBase64Url(decoded.core.identity))
}
