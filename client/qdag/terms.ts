/**
 * What a founded network's genesis means for its ledger. All of it is the same on every peer at all times: revocations are
 * not among it, so what a member has contributed stays.
 */
import { compareBytes, fromBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { proveGenesis, type Genesis } from '../../protocol/genesis.ts'
import { membershipClaim, type MembershipFault } from '../../protocol/membership.ts'
import { EdgeNetError } from '../errors.ts'
import type { Entry } from './entry.ts'
import type { SignatureCheck } from './verifier.ts'

export interface LedgerTerms {
  /** Set where only members may contribute. */
  readonly members?: Genesis
  readonly confirmations?: number
  readonly minGapMs?: number
}

/**
 * The terms of a genesis.
 *
 * @param genesis base64url
 * @throws EdgeNetError `invalid-argument` when it is not this network's
 */
export async function termsOf(genesis: string, networkId: Bytes): Promise<LedgerTerms> {
  const bytes = fromBase64Url(genesis)
  const proven = bytes && (await proveGenesis(bytes))
  if (typeof proven !== 'object' || compareBytes(proven.id, networkId) !== 0) {
    const hint = 'Give openLedger() the membership that openNetwork() gave for the same room URL.'
    throw new EdgeNetError('invalid-argument', 'genesis', 'The genesis is not that of the network.', hint)
  }
  const { confirmations, entryGapMs: minGapMs } = proven.parameters
  return { confirmations, minGapMs, ...(proven.policy !== 'public' && { members: proven }) }
}

/**
 * The signatures that make an entry's contributor a member at the entry's time, or why he was none. A writer's first entry
 * shows it for all that follow.
 */
export function memberChecks(
  { seq, contributor, chain, tsMs }: Pick<Entry, 'seq' | 'contributor' | 'chain' | 'tsMs'>,
  members: Genesis | undefined,
): readonly SignatureCheck[] | MembershipFault {
  if (!members || seq > 0) return []
  const claim = membershipClaim(members, contributor, chain)
  if (typeof claim === 'string') return claim
  return claim.expiresAtMs > tsMs ? claim.checks : 'membership-expired'
}
