/** What the page says about the ledger: texts and flags, no DOM. */
import type { Fact } from '../explanation-words.ts'
import type { ContributorStatistics, LedgerEntry, LedgerStatistics, SyncState } from '../qdag/api.ts'
import { nameOr, shortId } from '../words.ts'
import { COLOURS, OWN_COLOUR } from './contributor-colours.ts'
import type { LedgerState } from './ledger-state.ts'
import { counted, numberWords } from './number-words.ts'
import type { PageState } from './state.ts'
import { labelOf, MAX_SHOWN_PEERS } from './view.ts'

/** A contributor, as it is called wherever it is mentioned. */
export interface Who {
  readonly siteId: string
  readonly name: string
  /** Empty for ourselves. */
  readonly shortId: string
  readonly colour: number
}

export interface EntryRow extends Who {
  readonly id: string
  readonly taskId: string
  readonly units: string
  readonly confirmation: string
  readonly isConfirmed: boolean
  readonly isOwn: boolean
  readonly tsMs: number
}

export interface ContributorRow extends Who {
  readonly credits: string
  readonly detail: string
  /** What speaks against the contributor, for people. */
  readonly blame: string
}

export interface SyncRow {
  readonly id: string
  readonly label: string
  readonly state: SyncState
  readonly words: string
}

export interface LedgerView {
  readonly isEmpty: boolean
  readonly figures: readonly Fact[]
  readonly entries: readonly EntryRow[]
  readonly contributors: readonly ContributorRow[]
  readonly moreContributors: string
  readonly syncs: readonly SyncRow[]
  readonly digest: string
  /** What waits, and what went wrong. */
  readonly notes: readonly string[]
  /** The drawing, for who does not see it. */
  readonly drawing: string
  /** Of the entry that was chosen in the drawing. */
  readonly facts: readonly Fact[]
}

export function ledgerViewOf(state: PageState): LedgerView {
  const { ledger } = state
  const { statistics, contributors } = ledger
  const unshown = (statistics?.contributors ?? 0) - contributors.length
  return {
    isEmpty: !statistics || statistics.entries === 0,
    figures: statistics ? figuresOf(statistics) : [],
    entries: ledger.latest.map((entry) => entryRow(state, entry)),
    contributors: contributors.map((contributor) => contributorRow(state, contributor)),
    moreContributors: unshown > 0 ? `and ${counted(unshown, 'other')}` : '',
    syncs: syncRows(state),
    digest: statistics?.digest ?? '',
    notes: notesOf(ledger),
    drawing: drawingWords(state),
    facts: factsOf(state),
  }
}

/** Where a contributor has none yet, it looks like anybody. */
export function colourOf({ ledger, self }: Pick<PageState, 'ledger' | 'self'>, siteId: string): number {
  return siteId === self?.siteId ? OWN_COLOUR : (ledger.colours.get(siteId) ?? COLOURS - 1)
}

const SYNC_WORDS: Record<SyncState, string> = {
  comparing: 'comparing',
  'catching-up': 'catching up',
  live: 'in step',
  ended: 'ended',
}

function whoIs(state: PageState, siteId: string): Who {
  const { ledger, self } = state
  const isOwn = siteId === self?.siteId
  return {
    siteId,
    name: isOwn ? 'You' : nameOr(ledger.names.get(siteId) ?? '', 'Unnamed'),
    shortId: isOwn ? '' : shortId(siteId),
    colour: colourOf(state, siteId),
  }
}

function figuresOf({ entries, confirmedEntries, tips, contributors, credits }: LedgerStatistics): Fact[] {
  return [
    { term: 'Entries', value: numberWords(entries) },
    { term: 'Confirmed', value: numberWords(confirmedEntries) },
    { term: 'Tips', value: numberWords(tips) },
    { term: 'Contributors', value: numberWords(contributors) },
    { term: 'Credits', value: numberWords(credits) },
  ]
}

function entryRow(state: PageState, entry: LedgerEntry): EntryRow {
  const { id, contributor, taskId, computeUnits, isConfirmed, tsMs } = entry
  return {
    ...whoIs(state, contributor),
    id,
    taskId,
    units: counted(computeUnits, 'unit'),
    confirmation: isConfirmed ? 'confirmed' : 'waiting',
    isConfirmed,
    isOwn: contributor === state.self?.siteId,
    tsMs,
  }
}

function contributorRow(state: PageState, statistics: ContributorStatistics): ContributorRow {
  const { contributor, credits, attestedCredits, entries, confirmedEntries, isForked } = statistics
  const attested = attestedCredits > 0 ? `, ${numberWords(attestedCredits)} of the credits attested` : ''
  return {
    ...whoIs(state, contributor),
    credits: counted(credits, 'credit'),
    detail: `${counted(entries, 'entry', 'entries')}, ${numberWords(confirmedEntries)} confirmed${attested}`,
    blame: blameOf(isForked, state.membership.revoked.includes(contributor)),
  }
}

function blameOf(isForked: boolean, isRemoved: boolean): string {
  if (isRemoved) return 'Removed from the network: these credits count no more'
  return isForked ? 'Has used a number twice' : ''
}

function syncRows({ ledger, peers }: PageState): SyncRow[] {
  return [...ledger.syncs]
    .flatMap(([id, state]) => {
      const peer = peers.get(id)
      return peer ? [{ id, label: labelOf(peer), state, words: SYNC_WORDS[state] }] : []
    })
    .slice(0, MAX_SHOWN_PEERS)
}

function notesOf({ statistics, fault }: LedgerState): string[] {
  if (!statistics) return fault ? [fault] : []
  const { orphans, parked, forkedContributors } = statistics
  return [
    orphans > 0 ? `${counted(orphans, 'entry waits', 'entries wait')} for others that they build on.` : '',
    parked > 0 ? `${counted(parked, 'entry is', 'entries are')} ahead of our clock: they wait for their time.` : '',
    forkedContributors > 0
      ? `${counted(forkedContributors, 'contributor has', 'contributors have')} used a number twice, which can be proved.`
      : '',
    fault,
  ].filter((note) => note !== '')
}

function drawingWords({ ledger, self }: PageState): string {
  const { recent, statistics } = ledger
  if (recent.length === 0) return 'Drawing of the ledger: no entries yet.'
  const confirmed = recent.filter(({ isConfirmed }) => isConfirmed).length
  const own = recent.filter(({ contributor }) => contributor === self?.siteId).length
  const contributors = new Set(recent.map(({ contributor }) => contributor)).size
  const which = recent.length === statistics?.entries ? 'all' : 'the latest'
  return (
    `Drawing of ${which} ${counted(recent.length, 'entry', 'entries')}, from the oldest at the left to the newest at the ` +
    `right: ${counted(contributors, 'contributor')}, ${numberWords(confirmed)} confirmed, ${numberWords(own)} yours.`
  )
}

function factsOf(state: PageState): Fact[] {
  const { recent, selected, statistics } = state.ledger
  const entry = selected === undefined ? undefined : recent.find(({ id }) => id === selected)
  if (!entry) return []
  const { name, shortId: short } = whoIs(state, entry.contributor)
  const isTip = !recent.some(({ parents, prev }) => prev === entry.id || parents.includes(entry.id))
  const others = counted(statistics?.confirmations ?? 0, 'other')
  return [
    { term: 'Task', value: entry.taskId },
    { term: 'Contributor', value: short ? `${name} · ${short}` : name },
    { term: 'Work', value: `${counted(entry.computeUnits, 'unit')}, ${counted(entry.credits, 'credit')}` },
    {
      term: 'State',
      value: entry.isConfirmed
        ? 'confirmed'
        : isTip
          ? 'tip: nobody has built on it yet'
          : `waiting until ${others} have built on it`,
    },
    ...(entry.receipt ? [{ term: 'Receipt', value: `signed by ${shortId(entry.receipt.requester)}` }] : []),
    { term: 'Time', value: new Date(entry.tsMs).toLocaleTimeString() },
    { term: 'Entry', value: `${shortId(entry.id)}, number ${numberWords(entry.seq)} of its writer` },
    { term: 'Builds on', value: entry.parents.map(shortId).join(', ') || 'nothing: a first entry' },
  ]
}
