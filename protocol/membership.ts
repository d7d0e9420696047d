/**
 * Membership of a closed network, as everybody checks it for himself: the door to save work, peers because they trust no
 * door. What a member shows is a chain of at most 2 KiB in his announcement; who is named in the genesis shows nothing.
 *
 *     kind u8 = 1 · invite certificate · acceptance 64
 *     kind u8 = 2 · count u8 · (approver u8 · expires u48 · signature 64)*     ascending by approver
 */
import { acceptanceMessage, INVITE_FIELDS, inviteIsGenuine, type InviteCertificate } from './invite.ts'
import { APPROVAL_FIELDS, approvalIsGenuine, approvalsNeeded, approversOf, type Approval } from './approval.ts'
import { compareBytes, type Bytes } from './bytes.ts'
import type { Genesis } from './genesis.ts'
import { verifySignature, type Verify } from './hash.ts'
import { fixed, layout, list, uint, type Field, type Layout } from './layout.ts'
import { MAX_APPROVERS, NEVER_MS, SIGNATURE_BYTES } from './limits.ts'
import type { Revocations } from './revocations.ts'

/** Why somebody is a member. */
export interface Membership {
  readonly role: 'everybody' | 'creator' | 'approver' | 'invited' | 'approved'
  /** {@link NEVER_MS} when it has no end. */
  readonly expiresAtMs: number
  /** How the member came in, if by an invite. */
  readonly invite?: InviteCertificate
}

export type MembershipFault =
  /** A stranger: there is no chain. */
  | 'membership-missing'
  | 'membership-malformed'
  /** A signature does not verify, or is somebody else's. */
  | 'membership-signature'
  /** Genuine approvals, but too few. */
  | 'membership-insufficient'
  | 'membership-expired'
  | 'membership-revoked'

export type Chain =
  | { readonly kind: 'invite'; readonly invite: InviteCertificate; readonly acceptance: Bytes }
  | { readonly kind: 'approvals'; readonly approvals: readonly Omit<Approval, 'member'>[] }

const INVITE_KIND = 1
const APPROVALS_KIND = 2
const INVITE_CHAIN = layout<{ kind: number; acceptance: Bytes } & InviteCertificate>({
  kind: uint(1),
  ...INVITE_FIELDS,
  acceptance: fixed(SIGNATURE_BYTES),
})
const APPROVAL = asField(layout<Omit<Approval, 'member'>>(APPROVAL_FIELDS), 1 + 6 + SIGNATURE_BYTES)
const APPROVALS_CHAIN = layout<{ kind: number; approvals: readonly Omit<Approval, 'member'>[] }>({
  kind: uint(1),
  approvals: list(APPROVAL, MAX_APPROVERS),
})

export function encodeChain(chain: Chain): Bytes {
  if (chain.kind === 'approvals') return APPROVALS_CHAIN.encode({ kind: APPROVALS_KIND, approvals: chain.approvals })
  return INVITE_CHAIN.encode({ kind: INVITE_KIND, ...chain.invite, acceptance: chain.acceptance })
}

export function decodeChain(bytes: Bytes): Chain | undefined {
  if (bytes[0] === APPROVALS_KIND) {
    const approvals = APPROVALS_CHAIN.decode(bytes)?.approvals
    // Each approver once, in one order: there is one encoding of each content.
    const isAscending = approvals?.every(({ approver }, i) => i === 0 || approver > (approvals[i - 1]?.approver ?? 0))
    return approvals && isAscending ? { kind: 'approvals', approvals } : undefined
  }
  const fields = bytes[0] === INVITE_KIND ? INVITE_CHAIN.decode(bytes) : undefined
  if (!fields) return undefined
  const { kind: _, acceptance, ...invite } = fields
  return { kind: 'invite', invite, acceptance }
}

/**
 * Whether an identity is a member of a network at a time, and until when.
 *
 * @param revocations the latest that is known, if any
 * @param verify checks Ed25519 signatures; where all peers must come to one answer, by the ledger's rule
 */
export async function proveMembership(
  genesis: Genesis,
  identity: Bytes,
  chain: Bytes,
  atMs: number,
  revocations?: Revocations,
  verify: Verify = verifySignature,
): Promise<Membership | MembershipFault> {
  const membership = await memberBy(genesis, identity, chain, verify)
  if (typeof membership === 'string') return membership
  const { role, expiresAtMs, invite } = membership
  if (role === 'everybody' || role === 'creator') return membership
  const isRevoked = revocations?.has(identity) || (invite && revocations?.has(invite.inviteKey))
  if (isRevoked) return 'membership-revoked'
  return expiresAtMs > atMs ? membership : 'membership-expired'
}

async function memberBy(
  genesis: Genesis,
  identity: Bytes,
  chain: Bytes,
  verify: Verify,
): Promise<Membership | MembershipFault> {
  if (genesis.policy === 'public') return { role: 'everybody', expiresAtMs: NEVER_MS }
  if (compareBytes(identity, genesis.creator) === 0) return { role: 'creator', expiresAtMs: NEVER_MS }
  if (approversOf(genesis).some((key) => compareBytes(key, identity) === 0)) {
    return { role: 'approver', expiresAtMs: NEVER_MS }
  }
  if (chain.length === 0) return 'membership-missing'
  const decoded = decodeChain(chain)
  if (!decoded) return 'membership-malformed'
  if (decoded.kind === 'approvals') return approved(genesis, identity, decoded.approvals, verify)
  // In a consortium nobody decides alone.
  if (genesis.policy !== 'private') return 'membership-malformed'
  const { invite, acceptance } = decoded
  const [isGenuine, isAccepted] = await Promise.all([
    inviteIsGenuine(genesis, invite, verify),
    verify(invite.inviteKey, acceptance, acceptanceMessage(genesis.id, identity)),
  ])
  if (!isGenuine || !isAccepted) return 'membership-signature'
  return { role: 'invited', expiresAtMs: invite.expiresAtMs, invite }
}

/** All must be genuine; it lasts as long as enough of them do. */
async function approved(
  genesis: Genesis,
  member: Bytes,
  approvals: readonly Omit<Approval, 'member'>[],
  verify: Verify,
): Promise<Membership | MembershipFault> {
  const needed = approvalsNeeded(genesis)
  const genuine = await Promise.all(approvals.map((of) => approvalIsGenuine(genesis, { ...of, member }, verify)))
  if (genuine.includes(false)) return 'membership-signature'
  const endsMs = approvals.map(({ expiresAtMs }) => expiresAtMs).toSorted((a, b) => b - a)
  const expiresAtMs = endsMs[needed - 1]
  if (expiresAtMs === undefined) return 'membership-insufficient'
  return { role: 'approved', expiresAtMs }
}

/** A layout of a fixed length as a field of another. */
function asField<T>(of: Layout<T>, bytes: number): Field<T> {
  return {
    put: (value) => of.encode(value),
    take: (take) => {
      const part = take(bytes)
      return part && of.decode(part)
    },
  }
}
