/** Whether entries are what they claim to be: signed, attested to as they say, and by members where members only may contribute. */
import type { Bytes } from '../../protocol/bytes.ts'
import type { Genesis } from '../../protocol/genesis.ts'
import type { Entry } from './entry.ts'
import { memberChecks } from './terms.ts'
import { entryChecks, type Verifier } from './verifier.ts'

export interface GenuineRules {
  readonly networkId: Bytes
  readonly members: Genesis | undefined
  readonly verifier: Verifier
}

/** One answer for each entry. Never rejects. */
export async function areGenuine(
  entries: readonly Entry[],
  { networkId, members, verifier }: GenuineRules,
): Promise<boolean[]> {
  const checks = entries.map((entry) => {
    const membership = memberChecks(entry, members)
    return typeof membership === 'string' ? undefined : [...entryChecks(entry, networkId), ...membership]
  })
  const results = await verifier.verify(checks.flatMap((of) => of ?? []))
  let at = 0
  return checks.map((of) => of !== undefined && results.slice(at, (at += of.length)).every(Boolean))
}
