/** The founded network behind a room URL as an identity of the data folder stands to it, and keeping what comes of that. */
import { networkIdOfKey, networkIdText, parseNetworkId } from '../../protocol/network.ts'
import type { JoinOptions } from '../api.ts'
import { createIdentity, type Identity } from '../identity/identity.ts'
import type { MemberNetwork } from '../networks/api.ts'
import { openNetwork } from '../networks/index.ts'
import { parseRoomUrl } from '../room-url.ts'
import { existingIdentity } from './identity-file.ts'
import { KeptNetworks, type KeptMembership } from './kept-network.ts'
import { notMemberError } from './membership-words.ts'
import { UsageError } from './usage-error.ts'

/** What opening a network takes besides its URL. */
export interface Opening {
  readonly identity: Identity
  /** Where chain and genesis are kept; `undefined` when nothing is. */
  readonly folder: string | undefined
  /** A link or a code that was given beside the URL. */
  readonly invite?: string | undefined
  readonly signal: AbortSignal
}

/** Whether a room URL names a network by its id, so that there may be members and strangers. */
export function isFounded(roomUrl: string): boolean {
  return parseNetworkId(parseRoomUrl(roomUrl).network) !== undefined
}

/**
 * The network behind a room URL, or `undefined` behind a plain name, where everybody is a member. What was kept of it is
 * taken, so that a member needs no invite twice; and what is known by now is kept.
 *
 * @throws EdgeNetError `invalid-argument` for what is no room URL, `membership`, `room-unreachable`; UsageError for an invite
 *   to a plain name, or for a folder that cannot be used
 */
export async function openMembership(
  roomUrl: string,
  { identity, folder, invite, signal }: Opening,
): Promise<MemberNetwork | undefined> {
  const { network: key, http } = parseRoomUrl(roomUrl)
  const isInvited = invite !== undefined || roomUrl.includes('#invite=')
  if (!isFounded(roomUrl)) {
    if (!isInvited) return undefined
    throw new UsageError(`Nobody needs an invite to ${key}: whoever knows the name may join.`, `Use ${http}.`)
  }
  const kept = folder === undefined ? undefined : new KeptNetworks(folder)
  const [known, before] = await Promise.all([kept?.network(key), kept?.membership(key, identity.siteId)])
  const network = await openNetwork(roomUrl, {
    identity,
    signal,
    ...(known?.genesis !== undefined && { genesis: known.genesis }),
    ...(known?.revocations !== undefined && { revocations: known.revocations }),
    // Who came in by an invite needs it no more, even when it is used up by now.
    ...(before && { chain: before.chain }),
    ...(invite !== undefined && { invite }),
  })
  await keepMembership(folder, network, identity.siteId)
  return network
}

/** Keeps what a network is and how an identity stands to it. @param waiting while it asks to be let in */
export async function keepMembership(
  folder: string | undefined,
  { facts, genesis, revocations, standing, role, chain, endsAtMs }: MemberNetwork,
  siteId: string,
  waiting?: KeptMembership['waiting'],
): Promise<void> {
  if (folder === undefined) return
  const { id, name, policy, roomUrl } = facts
  const kept = new KeptNetworks(folder)
  await kept.keep({
    id,
    name,
    policy,
    roomUrl,
    ...(genesis !== undefined && { genesis }),
    ...(revocations !== undefined && { revocations }),
  })
  await kept.keepMembership(id, {
    siteId,
    standing,
    ...(role !== undefined && { role }),
    chain,
    ...(endsAtMs !== undefined && { endsAtMs }),
    ...(waiting && standing !== 'member' && { waiting }),
  })
}

/** Keeps that a network with a plain name was joined. */
export async function keepPlainNetwork(folder: string | undefined, roomUrl: string, siteId: string): Promise<void> {
  if (folder === undefined) return
  const { network: name, http } = parseRoomUrl(roomUrl)
  const id = networkIdText(await networkIdOfKey(name))
  const kept = new KeptNetworks(folder)
  await kept.keep({ id, name, policy: 'public', roomUrl: http })
  await kept.keepMembership(id, { siteId, standing: 'member', role: 'everybody', chain: '' })
}

/** Who joins for a short while: to measure, to look, or to catch up. */
export type Visitor = Pick<JoinOptions, 'identity' | 'membership'>

/**
 * The identity of a data folder, if there is one, as a member of the network.
 *
 * @throws EdgeNetError `membership` when it is none; see {@link openMembership}
 */
export async function asVisitor(roomUrl: string, folder: string, signal: AbortSignal): Promise<Visitor> {
  const identity = await existingIdentity(folder)
  if (!isFounded(roomUrl)) return identity ? { identity } : {}
  const visitor = identity ?? (await createIdentity())
  const { http } = parseRoomUrl(roomUrl)
  const membership = await openMembership(http, {
    identity: visitor,
    folder: identity && folder,
    signal,
  })
  const fault = membership && notMemberError(membership)
  if (fault) throw fault
  return { identity: visitor, ...(membership && { membership }) }
}
