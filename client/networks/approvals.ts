/** Approvals as whoever needs them gathers them: genuine ones only, of each approver the one that lasts longest. */
import { compareBytes, fromBase64Url, toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import {
  approvalIsGenuine,
  approversOf,
  decodeApproval,
  encodeApproval,
  signApproval,
  type Approval,
} from '../../protocol/approval.ts'
import type { Genesis } from '../../protocol/genesis.ts'
import { KEY_BYTES, MAX_APPROVERS, NEVER_MS } from '../../protocol/limits.ts'
import { decodeChain, encodeChain } from '../../protocol/membership.ts'
import type { Identity } from '../identity/identity.ts'
import { invalid } from './fault.ts'
import { verifyStrictly } from './strict-signature.ts'

/** Of an approval, with something to spare. */
const MAX_APPROVAL_CHARACTERS = 200

/** The genuine ones among what a host says are approvals of an identity, ascending by approver. */
export async function genuineApprovals(
  genesis: Genesis,
  member: Bytes,
  encoded: unknown,
): Promise<readonly Approval[]> {
  const texts: readonly unknown[] = Array.isArray(encoded) ? encoded.slice(0, MAX_APPROVERS) : []
  const approvals = await Promise.all(texts.map((text) => genuineApproval(genesis, member, text)))
  return longest(approvals.filter((approval) => approval !== undefined))
}

async function genuineApproval(genesis: Genesis, member: Bytes, text: unknown): Promise<Approval | undefined> {
  const isShort = typeof text === 'string' && text.length <= MAX_APPROVAL_CHARACTERS
  const bytes = isShort ? fromBase64Url(text) : undefined
  const approval = bytes && decodeApproval(bytes)
  if (!approval || compareBytes(approval.member, member) !== 0) return undefined
  return (await approvalIsGenuine(genesis, approval, verifyStrictly)) ? approval : undefined
}

/** A chain of these approvals and of those that a chain has already; those that are over are left out. */
export function chainWith(
  chain: Bytes,
  member: Bytes,
  approvals: readonly Approval[],
  nowMs: number,
): { readonly chain: Bytes; readonly count: number } {
  const decoded = decodeChain(chain)
  const before = decoded?.kind === 'approvals' ? decoded.approvals.map((approval) => ({ ...approval, member })) : []
  const counted = longest([...before, ...approvals]).filter(({ expiresAtMs }) => expiresAtMs > nowMs)
  return { chain: encodeChain({ kind: 'approvals', approvals: counted }), count: counted.length }
}

/** Who approved, as `siteId`s. */
export function approvedBy(genesis: Genesis, approvals: readonly Approval[]): readonly string[] {
  const approvers = approversOf(genesis)
  return approvals.flatMap(({ approver }) => approvers[approver] ?? []).map(toBase64Url)
}

/**
 * An approver's own approval of an identity, base64url.
 *
 * @throws EdgeNetError `invalid-argument` (`not-approver`, `siteId`, `expiresAtMs`)
 */
export async function makeApproval(
  genesis: Genesis,
  identity: Identity,
  siteId: string,
  expiresAtMs: number = NEVER_MS,
  nowMs: number,
): Promise<string> {
  const approver = approverIndex(genesis, identity)
  const member = keyOf(siteId, 'siteId')
  if (!Number.isSafeInteger(expiresAtMs) || expiresAtMs <= nowMs || expiresAtMs > NEVER_MS) {
    throw invalid('expiresAtMs', 'An approval expires in the future.', 'Give milliseconds since 1970.')
  }
  const sign = (message: Bytes) => identity.sign(message)
  return toBase64Url(encodeApproval(await signApproval(genesis, { member, approver, expiresAtMs }, sign)))
}

/** The place of an identity among the approvers. @throws EdgeNetError `invalid-argument` (`not-approver`) */
export function approverIndex(genesis: Genesis, { publicKey }: Identity): number {
  const index = approversOf(genesis).findIndex((key) => compareBytes(key, publicKey) === 0)
  if (index >= 0) return index
  throw invalid('not-approver', 'This identity is no approver of the network.', 'Ask one of the approvers.')
}

/** The key in a text. @throws EdgeNetError `invalid-argument` with this reason */
export function keyOf(text: string, reason: string): Bytes {
  const key = fromBase64Url(text)
  if (key?.length === KEY_BYTES) return key
  throw invalid(reason, `"${text}" is no key.`, 'Use 43 base64url characters.')
}

function longest(approvals: readonly Approval[]): readonly Approval[] {
  const byApprover = new Map<number, Approval>()
  for (const approval of approvals) {
    const known = byApprover.get(approval.approver)
    if (!known || approval.expiresAtMs > known.expiresAtMs) byApprover.set(approval.approver, approval)
  }
  return [...byApprover.values()].toSorted((a, b) => a.approver - b.approver)
}
