/**
 * An approval: one approver's signature under a newcomer's identity key. In a private network the creator is the only
 * approver; in a consortium `threshold` of those named in the genesis must approve.
 *
 *     member 32 · approver u8 · expires u48 · signature 64
 *
 * The signature is the approver's over "edge-net/approval/1\0" ‖ network id ‖ member ‖ expires.
 */
import { concat, utf8, type Bytes } from './bytes.ts'
import type { Genesis } from './genesis.ts'
import { verifySignature, type SignatureCheck, type Verify } from './hash.ts'
import { fixed, layout, uint } from './layout.ts'
import { KEY_BYTES, SIGNATURE_BYTES } from './limits.ts'

export interface Approval {
  /** The identity key that is let in. */
  readonly member: Bytes
  /** The approver's place in {@link approversOf}. */
  readonly approver: number
  /** {@link NEVER_MS} for no end. */
  readonly expiresAtMs: number
  readonly signature: Bytes
}

const DOMAIN = utf8('edge-net/approval/1\0')
const SUBJECT = layout<Pick<Approval, 'member' | 'expiresAtMs'>>({ member: fixed(KEY_BYTES), expiresAtMs: uint(6) })
/** An approval within a chain, where the member is known. */
export const APPROVAL_FIELDS = { approver: uint(1), expiresAtMs: uint(6), signature: fixed(SIGNATURE_BYTES) }
const LAYOUT = layout<Approval>({ member: fixed(KEY_BYTES), ...APPROVAL_FIELDS })

/** Who may approve newcomers: nobody in a public network, the creator alone in a private one. */
export function approversOf({ policy, creator, approvers }: Genesis): readonly Bytes[] {
  return policy === 'private' ? [creator] : approvers
}

/** How many approvals make a member. */
export function approvalsNeeded({ policy, threshold }: Genesis): number {
  return policy === 'private' ? 1 : threshold
}

export function encodeApproval(approval: Approval): Bytes {
  return LAYOUT.encode(approval)
}

export function decodeApproval(bytes: Bytes): Approval | undefined {
  return LAYOUT.decode(bytes)
}

/** @param approver the signer's place in {@link approversOf} */
export async function signApproval(
  genesis: Genesis,
  { member, approver, expiresAtMs }: Omit<Approval, 'signature'>,
  sign: (message: Bytes) => Promise<Bytes>,
): Promise<Approval> {
  return { member, approver, expiresAtMs, signature: await sign(messageOf(genesis, member, expiresAtMs)) }
}

/** Whether one of the network's approvers signed it. Says nothing of the time. */
export async function approvalIsGenuine(
  genesis: Genesis,
  approval: Approval,
  verify: Verify = verifySignature,
): Promise<boolean> {
  if (approval.approver >= approversOf(genesis).length) return false
  const { publicKey, signature, message } = approvalCheck(genesis, approval)
  return verify(publicKey, signature, message)
}

/** The approver must be one of {@link approversOf}. */
export function approvalCheck(
  genesis: Genesis,
  { member, approver, expiresAtMs, signature }: Approval,
): SignatureCheck {
  const publicKey = approversOf(genesis)[approver] ?? new Uint8Array(0)
  return { publicKey, signature, message: messageOf(genesis, member, expiresAtMs) }
}

function messageOf(genesis: Genesis, member: Bytes, expiresAtMs: number): Bytes {
  return concat(DOMAIN, genesis.id, SUBJECT.encode({ member, expiresAtMs }))
}
