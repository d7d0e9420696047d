/**
 * Membership of a closed network, as everybody checks it for himself: the door to save work, peers because they trust no
 * door. What a member shows is a chain of at most 2 KiB in his announcement; who is named in the genesis shows nothing.
 *
 *     kind u8 = 1 · invite certificate · acceptance 64
 *     kind u8 = 2 · count u8 · (approver u8 · expires u48 · signature 64)*     ascending by approver
 */
import { APPROVAL_FIELDS, approvalCheck, approvalsNeeded, approversOf, type Approval } from './approval.ts'
import { compareBytes, type Bytes } from './bytes.ts'
import type { Genesis } from './genesis.ts'
import { verifySignature, type SignatureCheck, type Verify } from './hash.ts'
import { acceptanceMessage, INVITE_FIELDS, inviteCheck, type InviteCertificate } from './invite.ts'
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

/** What a chain claims, and the signatures that it rests on: all of them must hold. */
export interface MembershipClaim extends Membership {
  readonly checks: readonly SignatureCheck[]
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
  const claim = membershipClaim(genesis, identity, chain, revocations)
  if (typeof claim === 'string') return claim
  const { checks, ...membership } = claim
  if (membership.expiresAtMs <= atMs) return 'membership-expired'
  const genuine = await Promise.all(
    checks.map(({ publicKey, signature, message }) => verify(publicKey, signature, message)),
  )
  return genuine.every(Boolean) ? membership : 'membership-signature'
}

/**
 * What an identity with this chain claims to be, before any signature is checked: a ledger checks many at once.
 *
 * @param revocations keys that count no more. Without them the answer is the same at all times, as a ledger needs it
 */
export function membershipClaim(
  genesis: Genesis,
  identity: Bytes,
  chain: Bytes,
  revocations?: Pick<Revocations, 'has'>,
): MembershipClaim | MembershipFault {
  const { policy, creator } = genesis
  if (policy === 'public') return { role: 'everybody', expiresAtMs: NEVER_MS, checks: [] }
  if (isSame(identity, creator)) return { role: 'creator', expiresAtMs: NEVER_MS, checks: [] }
  if (revocations?.has(identity)) return 'membership-revoked'
  const isApprover = approversOf(genesis).some((key) => isSame(key, identity))
  if (isApprover) return { role: 'approver', expiresAtMs: NEVER_MS, checks: [] }
  if (chain.length === 0) return 'membership-missing'
  const decoded = decodeChain(chain)
  if (decoded?.kind === 'approvals') return approved(genesis, identity, decoded.approvals, revocations)
  // In a consortium nobody decides alone.
  if (!decoded || policy !== 'private') return 'membership-malformed'
  const { invite, acceptance } = decoded
  if (revocations?.has(invite.inviteKey)) return 'membership-revoked'
  const accepted = acceptanceMessage(genesis.id, identity)
  const checks = [
    inviteCheck(genesis, invite),
    { publicKey: invite.inviteKey, signature: acceptance, message: accepted },
  ]
  return { role: 'invited', expiresAtMs: invite.expiresAtMs, invite, checks }
}

/** It lasts as long as enough of the approvals do. Those of an approver who was removed count no more, whenever he gave them. */
function approved(
  genesis: Genesis,
  member: Bytes,
  approvals: readonly Omit<Approval, 'member'>[],
  revocations: Pick<Revocations, 'has'> | undefined,
): MembershipClaim | MembershipFault {
  const approvers = approversOf(genesis)
  // Nobody has signed for an approver that does not exist.
  if (approvals.some(({ approver }) => approver >= approvers.length)) return 'membership-malformed'
  const counted = approvals.filter(({ approver }) => {
    const key = approvers[approver]
    return !key || !revocations?.has(key)
  })
  const endsMs = counted.map(({ expiresAtMs }) => expiresAtMs).toSorted((a, b) => b - a)
  const expiresAtMs = endsMs[approvalsNeeded(genesis) - 1]
  if (expiresAtMs === undefined) return 'membership-insufficient'
  return { role: 'approved', expiresAtMs, checks: approvals.map((of) => approvalCheck(genesis, { ...of, member })) }
}

function isSame(a: Bytes, b: Bytes): boolean {
  return compareBytes(a, b) === 0
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
