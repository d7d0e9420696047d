/** How `edge-net ledger` speaks: to programs one JSON object a line, to people tables and sentences. */
import type { ContributorStatistics, ForkProof, LedgerEntry, LedgerStatistics } from '../../qdag/api.ts'
import { briefId, counted, grouped, ID_CHARACTERS } from '../ledger-words.ts'
import type { FailedEvent, Timed } from '../telling.ts'
import { safeText, type Style } from '../terminal.ts'
import { timeWords } from './time.ts'

export type LedgerEvent =
  /** Told after `--sync`: how many of those who were met have the same ledger now. */
  | { readonly event: 'synced'; readonly peers: number; readonly live: number; readonly isComplete: boolean }
  | ({
      readonly event: 'ledger'
      readonly name: string
      readonly id: string
      readonly folder: string
    } & LedgerStatistics)
  /** `isRemoved`: no member any more; what was contributed stays, and its credits count no more. */
  | ({ readonly event: 'contributor'; readonly isSelf: boolean; readonly isRemoved?: boolean } & ContributorStatistics)
  | ({ readonly event: 'fork' } & ForkProof)
  | { readonly event: 'entry'; readonly entry: LedgerEntry }
  /** Of the entries that fit, so many were shown. Only where entries were asked for by what they are. */
  | { readonly event: 'matched'; readonly entries: number; readonly shown: number }
  /** `id` is an entry's, or says which part of the file it is. */
  | { readonly event: 'fault'; readonly id: string; readonly reason: string }
  | { readonly event: 'verified'; readonly entries: number; readonly faults: number; readonly digest: string }
  | { readonly event: 'exported'; readonly entries: number; readonly file: string }
  | { readonly event: 'rejected'; readonly line: number; readonly reason: string }
  | {
      readonly event: 'imported'
      readonly added: number
      readonly known: number
      readonly orphans: number
      readonly rejected: number
    }

/** The rest is summed up. A ledger may have more contributors than a terminal has lines. */
const MAX_CONTRIBUTORS_SHOWN = 20

/** Lines for people. */
export function ledgerWriter(style: Style): (event: Timed<LedgerEvent | FailedEvent>) => string | undefined {
  let contributors = 0
  let entries = 0
  return (event) => {
    switch (event.event) {
      case 'failed':
      case 'fork':
        // Failures are on stderr; who has forked is in the table.
        return undefined
      case 'synced':
        return syncedWords(event, style)
      case 'ledger':
        return statisticsLines(event, style)
      case 'contributor':
        contributors++
        if (contributors === MAX_CONTRIBUTORS_SHOWN + 1) return style.dim('… and others; --json lists them all')
        if (contributors > MAX_CONTRIBUTORS_SHOWN) return undefined
        return (contributors === 1 ? `\n${style.dim(CONTRIBUTOR_HEAD)}\n` : '') + contributorLine(event, style)
      case 'entry':
        entries++
        return (entries === 1 ? `\n${style.dim(ENTRY_HEAD)}\n` : '') + entryLine(event.entry, style)
      case 'matched':
        return `\n${counted(event.entries, 'entry fits', 'entries fit')}${event.shown < event.entries ? `, the latest ${grouped(event.shown)} are shown` : ''}`
      case 'fault':
        return `${style.bad('fault')}  ${event.id}: ${safeText(event.reason)}`
      case 'verified':
        return verifiedWords(event, style)
      case 'exported':
        return `${counted(event.entries, 'entry', 'entries')} in ${safeText(event.file)}`
      case 'rejected':
        return `${style.bad('rejected')}  line ${event.line}: ${safeText(event.reason)}`
      case 'imported':
        return importedWords(event, style)
      default:
        return event satisfies never
    }
  }
}

type Of<Name extends LedgerEvent['event']> = Extract<LedgerEvent, { event: Name }>

function syncedWords({ peers, live, isComplete }: Of<'synced'>, style: Style): string {
  if (peers === 0)
    return `${style.bad(isComplete ? 'nobody else is there' : 'nobody answered in time')}: this is what is kept here`
  const words = `caught up with ${live} of ${counted(peers, 'peer', 'peers')}`
  return isComplete ? words : `${style.bad('not everything may be here')}: ${words} in time`
}

function statisticsLines(event: Of<'ledger'>, style: Style): string {
  const { entries, confirmedEntries, confirmations, contributors, credits, attestedCredits, tips, digest } = event
  const lines = [
    `${style.accent(event.name)} ${style.dim(`(${event.id})`)}, kept in ${safeText(event.folder)}`,
    `${counted(entries, 'entry', 'entries')} by ${counted(contributors, 'contributor', 'contributors')}; ${grouped(confirmedEntries)} confirmed, by ${confirmations} others or more`,
    `${counted(credits, 'credit', 'credits')}, ${grouped(attestedCredits)} of them attested by who asked for the work`,
    `${counted(tips, 'tip', 'tips')}, digest ${digest}`,
  ]
  if (event.orphans > 0)
    lines.push(`${counted(event.orphans, 'entry waits', 'entries wait')} for others to come before`)
  if (event.parked > 0) lines.push(`${counted(event.parked, 'entry is', 'entries are')} ahead of the time, and waiting`)
  const { forkedContributors: forked } = event
  if (forked > 0) lines.push(style.bad(`${counted(forked, 'contributor has', 'contributors have')} forked`))
  return lines.join('\n')
}

const COLUMNS = { id: ID_CHARACTERS, number: 13, time: timeWords(0).length }
const CONTRIBUTOR_HEAD = [
  'contributor'.padEnd(COLUMNS.id),
  ...['credits', 'attested', 'entries', 'confirmed'].map((name) => name.padStart(COLUMNS.number)),
  ' latest',
].join(' ')
const ENTRY_HEAD = [
  'time'.padEnd(COLUMNS.time),
  'entry'.padEnd(COLUMNS.id),
  'contributor'.padEnd(COLUMNS.id),
  'units'.padStart(COLUMNS.number),
  'task',
].join(' ')

function contributorLine(event: Of<'contributor'>, style: Style): string {
  const { credits, attestedCredits, entries, confirmedEntries } = event
  const numbers = [credits, attestedCredits, entries, confirmedEntries]
  const marks = [
    event.isSelf ? style.accent('you') : '',
    event.isForked ? style.bad('forked') : '',
    event.isRemoved ? style.bad('removed') : '',
  ].filter(Boolean)
  return [
    briefId(event.contributor),
    ...numbers.map((value) => grouped(value).padStart(COLUMNS.number)),
    ` ${timeWords(event.lastTsMs)}`,
    ...marks,
  ].join(' ')
}

function entryLine({ tsMs, id, contributor, computeUnits, taskId, isConfirmed, receipt }: LedgerEntry, style: Style) {
  const marks = [isConfirmed ? 'confirmed' : '', receipt ? 'attested' : ''].filter(Boolean).join(', ')
  return [
    timeWords(tsMs),
    briefId(id),
    briefId(contributor),
    grouped(computeUnits).padStart(COLUMNS.number),
    safeText(taskId) + (marks === '' ? '' : ` ${style.dim(`(${marks})`)}`),
  ].join(' ')
}

function verifiedWords({ entries, faults, digest }: Of<'verified'>, style: Style): string {
  const checked = `${counted(entries, 'entry', 'entries')} checked: layout, ids, signatures, order`
  if (faults === 0) return `${checked}; all is well, digest ${digest}`
  return `${checked}; ${style.bad(counted(faults, 'fault', 'faults'))}`
}

function importedWords({ added, known, orphans, rejected }: Of<'imported'>, style: Style): string {
  const parts = [`${counted(added, 'entry', 'entries')} added`, `${grouped(known)} known before`]
  if (orphans > 0) parts.push(style.bad(`${grouped(orphans)} without what they build on`))
  if (rejected > 0) parts.push(style.bad(`${counted(rejected, 'line', 'lines')} rejected`))
  return parts.join(', ')
}
