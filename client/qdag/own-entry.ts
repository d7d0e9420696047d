/** Makes one's own next entry. */
import { concat, type Bytes } from '../../protocol/bytes.ts'
import { MIN_ENTRY_GAP_MS } from '../../protocol/limits.ts'
import type { MembershipFault } from '../../protocol/membership.ts'
import { EdgeNetError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { Contribution, Sha256 } from './api.ts'
import { idOfBody, signedMessage, type Entry, type EntryBody } from './entry.ts'
import { MAX_COMPUTE_UNITS, MAX_TASK_BYTES } from './entry-limits.ts'
import { isComputeUnits, isEntryBody, isTaskId } from './entry-rules.ts'
import type { Ledger } from './ledger.ts'
import type { NextOwn } from './own-entries.ts'
import { receiptOfText } from './receipt.ts'
import { memberChecks, type LedgerTerms } from './terms.ts'
import { entryChecks, type Verifier } from './verifier.ts'

export interface OwnEntryParts {
  readonly contribution: Contribution
  readonly next: NextOwn
  readonly identity: Identity
  readonly ledger: Pick<Ledger, 'chooseParents' | 'indexOf' | 'tsOf'>
  readonly networkId: Bytes
  readonly sha256: Sha256
  readonly verifier: Verifier
  readonly terms?: LedgerTerms
  readonly membership?: { readonly chainBytes: Bytes } | undefined
  readonly random: () => number
  readonly wallMs: number
}

/** @throws EdgeNetError `invalid-argument` when the contribution cannot be right */
export async function ownEntry(parts: OwnEntryParts): Promise<Entry> {
  const {
    contribution,
    next,
    identity,
    ledger,
    networkId,
    sha256,
    verifier,
    random,
    wallMs,
    terms = {},
    membership,
  } = parts
  const { taskId, computeUnits } = contribution
  checkContribution(contribution)
  const { writer, seq, prev, prevTsMs } = next
  const { minGapMs = MIN_ENTRY_GAP_MS } = terms
  const earliestMs = prev ? prevTsMs + minGapMs : 0
  // A burst at the usual pace has its times run ahead of the clock, and nobody minds.
  const hasPace = minGapMs > MIN_ENTRY_GAP_MS
  if (hasPace && earliestMs > wallMs + PACE_LENIENCY_MS) throw tooSoon(earliestMs - wallMs)
  const contributor = identity.publicKey
  const parents = ledger.chooseParents(contributor, prev, random, wallMs)
  const receipt = contribution.receipt && receiptOfText(contribution.receipt)
  if (contribution.receipt && !receipt) throw badReceipt()
  const body: EntryBody = {
    contributor,
    writer,
    seq,
    prev,
    tsMs: Math.max(Math.floor(wallMs), earliestMs, 1 + Math.max(prevTsMs, ...parents.map((id) => timeOf(ledger, id)))),
    computeUnits,
    taskId,
    parents,
    receipt,
    chain: seq === 0 && terms.members ? (membership?.chainBytes ?? NO_CHAIN) : NO_CHAIN,
  }
  if (!isEntryBody(body)) throw badReceipt()
  const standing = memberChecks(body, terms.members)
  if (typeof standing === 'string') throw notMember(standing)
  const id = idOfBody(body, sha256)
  const entry = { ...body, id, signature: await identity.sign(signedMessage(networkId, id)) }
  // The signature too, whoever made it: peers do not forgive an entry that does not verify.
  const checks = entryChecks(entry, networkId)
  const results = await verifier.verify([...checks, ...standing])
  if (!results[0])
    throw new EdgeNetError('invalid-argument', 'identity', 'The identity signed something else.', SIGN_HINT)
  if (!results.slice(0, checks.length).every(Boolean)) throw badReceipt()
  if (!results.every(Boolean)) throw notMember('membership-signature')
  return entry
}

const NO_CHAIN = concat()
/** Clocks differ by more; so little ahead, an entry bears its time to come. */
const PACE_LENIENCY_MS = 1_000
const SIGN_HINT = 'Its sign() has to return the Ed25519 signature by its publicKey.'

function timeOf(ledger: Pick<Ledger, 'indexOf' | 'tsOf'>, id: Bytes): number {
  const index = ledger.indexOf(id)
  // The network id stands for the beginning.
  return index < 0 ? 0 : ledger.tsOf(index)
}

function tooSoon(forMs: number): EdgeNetError {
  const hint = 'Wait for retryAfterMs, and record then what has been done by then.'
  const more = { retryAfterMs: forMs }
  return new EdgeNetError('ledger-failed', 'pace', 'The network takes entries of ours at a slower pace.', hint, more)
}

function notMember(fault: MembershipFault): EdgeNetError {
  const hint = 'Open the ledger with the membership that openNetwork() gave, once its standing is member.'
  return new EdgeNetError('membership', fault, 'Only members contribute to this network.', hint)
}

function badReceipt(): EdgeNetError {
  const hint = 'Use what signReceipt() of somebody else gave.'
  return new EdgeNetError('invalid-argument', 'receipt', 'The receipt cannot be right.', hint)
}

function checkContribution({ taskId, computeUnits }: Contribution): void {
  if (typeof taskId !== 'string' || !isTaskId(taskId)) {
    const hint = `Use a text of 1 to ${MAX_TASK_BYTES} bytes of UTF-8.`
    throw new EdgeNetError('invalid-argument', 'taskId', 'The task id is empty, too long or no text.', hint)
  }
  if (!isComputeUnits(computeUnits)) {
    const hint = `Use a whole number from 0 to ${MAX_COMPUTE_UNITS}.`
    throw new EdgeNetError('invalid-argument', 'computeUnits', 'computeUnits is no such number.', hint)
  }
}
