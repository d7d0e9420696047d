/** Members of a scripted network: chains as they are made by founders and approvers, without asking any host. */
import { signApproval } from '../../protocol/approval.ts'
import type { Bytes } from '../../protocol/bytes.ts'
import { NEVER_MS } from '../../protocol/limits.ts'
import { encodeChain } from '../../protocol/membership.ts'
import type { JoinOptions } from '../../client/index.ts'
import { createIdentity, type Identity } from '../../client/identity/identity.ts'
import type { MemberNetwork } from '../../client/networks/api.ts'
import { openNetwork } from '../../client/networks/index.ts'
import { joinObserved, type ObservedNetwork } from './observed-network.ts'
import type { ScriptedOffice } from './scripted-office.ts'
import { ScriptedPeer } from './scripted-peer.ts'
import { networkIdText } from '../../protocol/network.ts'

/** The chain of a member whom the creator of a private network has approved. */
export async function approvedChain(
  { genesis, creator }: Pick<ScriptedOffice, 'genesis' | 'creator'>,
  member: Bytes,
  expiresAtMs = NEVER_MS,
): Promise<Bytes> {
  const approval = await signApproval(genesis, { member, approver: 0, expiresAtMs }, (bytes) => creator.sign(bytes))
  return encodeChain({ kind: 'approvals', approvals: [approval] })
}

export interface JoinedMember extends ObservedNetwork {
  readonly membership: MemberNetwork
  readonly identity: Identity
}

/** A real client in the network; the creator unless told otherwise. */
export async function joinAs(
  office: ScriptedOffice,
  identity: Identity = office.creator,
  { expiresAtMs, ...options }: JoinOptions & { readonly expiresAtMs?: number } = {},
): Promise<JoinedMember> {
  const chain = Buffer.from(await approvedChain(office, identity.publicKey, expiresAtMs)).toString('base64url')
  const membership = await openNetwork(office.roomUrl, { identity, chain })
  return { ...(await joinObserved(office.roomUrl, { ...options, identity, membership })), membership, identity }
}

/** A peer made by hand, with a chain of its own unless told otherwise. */
export async function scriptedMember(
  office: ScriptedOffice,
  { identity, expiresAtMs }: { identity?: Identity; expiresAtMs?: number } = {},
): Promise<ScriptedPeer> {
  const self = identity ?? (await createIdentity())
  const peer = await ScriptedPeer.create(networkIdText(office.genesis.id), { identity: self })
  const chain = await approvedChain(office, self.publicKey, expiresAtMs)
  const latestMs = Date.now() + 3_600_000
  peer.announcement = await peer.announce({ chain, expiresAtMs: Math.min(latestMs, expiresAtMs ?? latestMs) })
  return peer
}
