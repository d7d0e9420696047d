/** What an identity has contributed to a network: the latest of it, and what it comes to. Texts, no DOM. */
import type { Fact } from '../../explanation-words.ts'
import type { ContributorStatistics, LedgerEntry } from '../../qdag/api.ts'
import { momentWords } from '../membership/words.ts'
import { counted, numberWords } from '../number-words.ts'

/** More is for the export. */
export const MAX_SHOWN_CONTRIBUTIONS = 200

export interface ContributionRow {
  readonly id: string
  readonly taskId: string
  readonly detail: string
  readonly units: string
  readonly confirmation: 'confirmed' | 'waiting'
}

export interface OwnHistory {
  readonly figures: readonly Fact[]
  readonly rows: readonly ContributionRow[]
  readonly note: string
}

/** The entries that came last, of any number that go by, the newest first. */
export async function latestOf(entries: AsyncIterable<LedgerEntry>): Promise<LedgerEntry[]> {
  let latest: LedgerEntry[] = []
  for await (const entry of entries) {
    latest.push(entry)
    // Cut now and then, so that a long history costs no memory and each entry almost nothing.
    if (latest.length >= 4 * MAX_SHOWN_CONTRIBUTIONS) latest = newest(latest)
  }
  return newest(latest)
}

export function ownHistory(
  statistics: ContributorStatistics | undefined,
  units: number | undefined,
  latest: readonly LedgerEntry[],
): OwnHistory {
  const entries = statistics?.entries ?? 0
  return {
    figures: [
      { term: 'Credits', value: numberWords(statistics?.credits ?? 0) },
      { term: 'Tasks', value: numberWords(entries) },
      { term: 'Confirmed', value: numberWords(statistics?.confirmedEntries ?? 0) },
      { term: 'Units', value: units === undefined ? '…' : numberWords(units) },
    ],
    rows: latest.map(({ id, taskId, tsMs, computeUnits, credits, isConfirmed }) => ({
      id,
      taskId,
      detail: `${momentWords(tsMs)}, ${counted(credits, 'credit')}`,
      units: counted(computeUnits, 'unit'),
      confirmation: isConfirmed ? 'confirmed' : 'waiting',
    })),
    note:
      entries === 0
        ? 'This identity has contributed nothing to this network yet.'
        : entries > latest.length && latest.length > 0
          ? `The latest ${numberWords(latest.length)} of ${numberWords(entries)}.`
          : '',
  }
}

function newest(entries: readonly LedgerEntry[]): LedgerEntry[] {
  return entries.toSorted((a, b) => b.tsMs - a.tsMs).slice(0, MAX_SHOWN_CONTRIBUTIONS)
}
