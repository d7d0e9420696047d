/** Makes one's own next entry. */
import { concat, type Bytes } from '../../protocol/bytes.ts'
import { EdgeNetError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import type { Contribution, Sha256 } from './api.ts'
import { idOfBody, signedMessage, type Entry, type EntryBody } from './entry.ts'
import { MAX_COMPUTE_UNITS, MAX_TASK_BYTES } from './entry-limits.ts'
import { isComputeUnits, isEntryBody, isTaskId } from './entry-rules.ts'
import type { Ledger } from './ledger.ts'
import type { NextOwn } from './own-entries.ts'
import { receiptOfText } from './receipt.ts'
import { entryChecks, type Verifier } from './verifier.ts'

export interface OwnEntryParts {
  readonly contribution: Contribution
  readonly next: NextOwn
  readonly identity: Identity
  readonly ledger: Pick<Ledger, 'chooseParents' | 'indexOf' | 'tsOf'>
  readonly networkId: Bytes
  readonly sha256: Sha256
  readonly verifier: Verifier
  readonly random: () => number
  readonly wallMs: number
}

/** @throws EdgeNetError `invalid-argument` when the contribution cannot be right */
export async function ownEntry(parts: OwnEntryParts): Promise<Entry> {
  const { contribution, next, identity, ledger, networkId, sha256, verifier, random, wallMs } = parts
  const { taskId, computeUnits } = contribution
  checkContribution(contribution)
  const { writer, seq, prev, prevTsMs } = next
  const contributor = identity.publicKey
  const parents = ledger.chooseParents(contributor, prev, random, wallMs)
  const receipt = contribution.receipt && receiptOfText(contribution.receipt)
  if (contribution.receipt && !receipt) throw badReceipt()
  const body: EntryBody = {
    contributor,
    writer,
    seq,
    prev,
    tsMs: Math.max(Math.floor(wallMs), 1 + Math.max(prevTsMs, ...parents.map((id) => timeOf(ledger, id)))),
    computeUnits,
    taskId,
    parents,
    receipt,
    chain: NO_CHAIN,
  }
  if (!isEntryBody(body)) throw badReceipt()
  const id = idOfBody(body, sha256)
  const entry = { ...body, id, signature: await identity.sign(signedMessage(networkId, id)) }
  // The signature too, whoever made it: peers do not forgive an entry that does not verify.
  const results = await verifier.verify(entryChecks(entry, networkId))
  if (!results[0])
    throw new EdgeNetError('invalid-argument', 'identity', 'The identity signed something else.', SIGN_HINT)
  if (!results.every(Boolean)) throw badReceipt()
  return entry
}

const NO_CHAIN = concat()
const SIGN_HINT = 'Its sign() has to return the Ed25519 signature by its publicKey.'

function timeOf(ledger: Pick<Ledger, 'indexOf' | 'tsOf'>, id: Bytes): number {
  const index = ledger.indexOf(id)
  // The network id stands for the beginning.
  return index < 0 ? 0 : ledger.tsOf(index)
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
