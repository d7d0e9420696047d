/** Entries that come from files, and the check of all that is kept. */
import { compareBytes, toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import type { ImportReport, Sha256, VerifyReport } from './api.ts'
import type { Entry } from './entry.ts'
import { areGenuine } from './genuine.ts'
import { fromJsonLine } from './json-lines.ts'
import { Ledger, type Verdict } from './ledger.ts'
import type { LedgerTerms } from './terms.ts'
import type { Verifier } from './verifier.ts'

export interface TransferOptions {
  readonly networkId: Bytes
  readonly sha256: Sha256
  readonly verifier: Verifier
  readonly terms: LedgerTerms
}

/** Verified together: enough to keep the verifier busy. */
const BATCH_ENTRIES = 512
/** A file of nothing but faults must not fill the memory with reports of them. */
const MAX_REJECTED = 1_000

interface Line {
  readonly line: number
  readonly entry: Entry
}

/** Takes the entries of all lines, in their order. @param take what the ledger says of one whose signatures hold */
export async function importLines(
  lines: Iterable<string> | AsyncIterable<string>,
  options: TransferOptions,
  take: (entry: Entry) => Verdict['kind'],
): Promise<ImportReport> {
  const rules = { ...options, members: options.terms.members }
  const rejected: { line: number; reason: string }[] = []
  const counts = { added: 0, known: 0, orphans: 0, rejectedMore: 0 }
  const reject = (line: number, reason: string) => {
    if (rejected.length < MAX_REJECTED) rejected.push({ line, reason })
    else counts.rejectedMore++
  }
  const takeAll = async (batch: readonly Line[]) => {
    const genuine = await areGenuine(
      batch.map(({ entry }) => entry),
      rules,
    )
    for (const [i, { line, entry }] of batch.entries()) {
      if (!genuine[i]) {
        reject(line, 'signature')
        continue
      }
      const kind = take(entry)
      if (kind === 'added') counts.added++
      else if (kind === 'known') counts.known++
      else if (kind === 'orphan' || kind === 'parked') counts.orphans++
      else reject(line, kind)
    }
  }
  let number = 0
  let batch: Line[] = []
  for await (const text of lines) {
    number++
    if (text.trim() === '') continue
    const entry = fromJsonLine(text, options.sha256)
    if (typeof entry === 'string') reject(number, entry)
    else batch.push({ line: number, entry })
    if (batch.length < BATCH_ENTRIES) continue
    await takeAll(batch)
    batch = []
  }
  await takeAll(batch)
  return { ...counts, rejected: rejected.toSorted((a, b) => a.line - b.line) }
}

/** Checks entries, in their arrival order, against the ledger that claims to have them. */
export async function verifyAll(
  ledger: Ledger,
  kept: AsyncIterable<readonly Entry[]>,
  options: TransferOptions,
): Promise<VerifyReport> {
  const { networkId, sha256, terms } = options
  const { members, confirmations, minGapMs } = terms
  const faults: { id: string; reason: string }[] = []
  const again = new Ledger({
    networkId,
    sha256,
    ...(confirmations !== undefined && { confirmations }),
    ...(minGapMs !== undefined && { minGapMs }),
  })
  let entries = 0
  for await (const some of kept) {
    const genuine = await areGenuine(some, { ...options, members })
    for (const [i, entry] of some.entries()) {
      const isExpected = compareBytes(entry.id, ledger.idOf(entries++)) === 0
      const fault = faultOf(again.add(entry, '', entry.tsMs))
      const reason = !isExpected ? 'id' : !genuine[i] ? 'signature' : fault
      if (reason) faults.push({ id: toBase64Url(entry.id), reason })
    }
  }
  return { entries, faults }
}

function faultOf(verdict: Verdict): string | undefined {
  if (verdict.kind === 'added') return undefined
  return verdict.kind === 'rejected' ? verdict.reason : verdict.kind
}
