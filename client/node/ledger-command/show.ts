/** `edge-net ledger show`: what is in a ledger, who contributed how much, and the latest entries. */
import type { EntryFilter, LedgerEntry, NetworkLedger } from '../../qdag/api.ts'
import { UsageError } from '../usage-error.ts'
import type { ShowOptions } from './options.ts'
import type { LedgerEvent } from './report.ts'

export interface Shown {
  /** The network's plain name. */
  readonly name: string
  readonly id: string
  /** Where the ledger is kept. */
  readonly folder: string
  /** The contributor of this folder, if there is one. */
  readonly siteId: string | undefined
  /** `siteId`s of removed members. */
  readonly removed?: ReadonlySet<string>
}

/**
 * Tells statistics, credits and the latest entries that fit, in the order in which they became part of this ledger.
 *
 * @throws UsageError when the contributor that was asked for is nobody's id, or could be several
 */
export async function show(
  ledger: NetworkLedger,
  { siteId, removed, ...where }: Shown,
  { filter: asked, last }: ShowOptions,
  tell: (event: LedgerEvent) => void,
): Promise<void> {
  const contributors = ledger.contributors()
  const contributor = asked.contributor === undefined ? undefined : whoseId(asked.contributor, contributors)
  const filter = { ...asked, ...(contributor !== undefined && { contributor }) }
  tell({ event: 'ledger', ...where, ...ledger.statistics() })
  for (const statistics of contributors) {
    if (contributor !== undefined && statistics.contributor !== contributor) continue
    const isRemoved = removed?.has(statistics.contributor) ?? false
    tell({
      event: 'contributor',
      ...statistics,
      isSelf: statistics.contributor === siteId,
      ...(isRemoved && { isRemoved }),
    })
  }
  for (const fork of await ledger.forks()) tell({ event: 'fork', ...fork })
  const isAsked = Object.keys(filter).length > 0
  const { latest, matched } = isAsked ? await latestOf(ledger, filter, last) : await latestOfAll(ledger, last)
  for (const entry of latest) tell({ event: 'entry', entry })
  if (isAsked) tell({ event: 'matched', entries: matched, shown: latest.length })
}

function whoseId(word: string, contributors: readonly { readonly contributor: string }[]): string {
  const ids = contributors.map(({ contributor }) => contributor).filter((id) => id.startsWith(word))
  const [only, another] = ids
  if (only === undefined) {
    throw new UsageError(`No contributor's id begins with "${word}".`, 'edge-net ledger show lists them.')
  }
  if (another === undefined) return only
  throw new UsageError(`"${word}" means several contributors: ${ids.join(', ')}.`, 'Use more of the id.')
}

async function latestOfAll(ledger: NetworkLedger, last: number) {
  const latest = last === 0 ? [] : await ledger.recent(last)
  return { latest, matched: ledger.statistics().entries }
}

async function latestOf(ledger: NetworkLedger, filter: EntryFilter, last: number) {
  let latest: LedgerEntry[] = []
  let matched = 0
  for await (const entry of ledger.entries(filter)) {
    matched++
    latest.push(entry)
    // Cut now and then, not each time: that would move all of them for every entry.
    if (latest.length > 2 * last + MIN_KEPT) latest = newest(latest, last)
  }
  return { latest: newest(latest, last), matched }
}

const MIN_KEPT = 64

function newest(entries: readonly LedgerEntry[], count: number): LedgerEntry[] {
  return count === 0 ? [] : entries.slice(-count)
}
