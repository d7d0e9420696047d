/**
 * What the page knows of the ledger, as a pure reducer beside state.ts. The ledger may have millions of entries; this has the
 * latest few hundred, and nothing in it grows with the rest.
 */
import type { ContributorStatistics, LedgerEntry, LedgerStatistics, SyncState } from '../qdag/api.ts'
import { withColours } from './contributor-colours.ts'

/** As many as a drawing can tell apart. */
export const MAX_RECENT = 320
/** As many as a list of what just came is read. */
export const MAX_LATEST = 8
export const MAX_SHOWN_CONTRIBUTORS = 8
/** Names of contributors met in this visit: they are gone from the room sooner than from the ledger. */
export const MAX_NAMES = 256

export interface LedgerState {
  /** `undefined` while there is no ledger to look at. */
  readonly statistics: LedgerStatistics | undefined
  /** Those with the most credits. */
  readonly contributors: readonly ContributorStatistics[]
  readonly own: ContributorStatistics | undefined
  /** What came last, the newest first. */
  readonly latest: readonly LedgerEntry[]
  /** The latest by their own time, the newest last: who builds on one of these is among them, too. */
  readonly recent: readonly LedgerEntry[]
  readonly syncs: ReadonlyMap<string, SyncState>
  /** By `siteId`. */
  readonly names: ReadonlyMap<string, string>
  /** By `siteId`, of everybody who is shown but ourselves. */
  readonly colours: ReadonlyMap<string, number>
  /** The entry whose facts are shown. */
  readonly selected: string | undefined
  readonly fault: string
}

/** What happened in the ledger since the last time, all at once. */
export interface LedgerNews {
  /** True: `entries` are all there is to show, and what was known before is forgotten. */
  readonly isWhole: boolean
  /** In the order in which they came. */
  readonly entries: readonly LedgerEntry[]
  readonly confirmed: ReadonlySet<string>
  readonly statistics: LedgerStatistics
  readonly contributors: readonly ContributorStatistics[]
  readonly own: ContributorStatistics | undefined
}

export type LedgerEvent =
  | { readonly type: 'ledger'; readonly news: LedgerNews }
  | { readonly type: 'ledger-sync'; readonly peerId: string; readonly state: SyncState }
  | { readonly type: 'ledger-selected'; readonly id: string | undefined }
  | { readonly type: 'ledger-fault'; readonly message: string }

export const EMPTY_LEDGER: LedgerState = {
  statistics: undefined,
  contributors: [],
  own: undefined,
  latest: [],
  recent: [],
  syncs: new Map(),
  names: new Map(),
  colours: new Map(),
  selected: undefined,
  fault: '',
}

export function reduceLedger(state: LedgerState, event: LedgerEvent): LedgerState {
  switch (event.type) {
    case 'ledger':
      return withNews(state, event.news)
    case 'ledger-sync': {
      const syncs = new Map(state.syncs)
      if (event.state === 'ended') syncs.delete(event.peerId)
      else syncs.set(event.peerId, event.state)
      return { ...state, syncs }
    }
    case 'ledger-selected':
      return event.id === state.selected ? state : { ...state, selected: event.id }
    case 'ledger-fault':
      return { ...state, fault: event.message }
    default:
      return event satisfies never
  }
}

/** Remembers what a contributor calls itself. */
export function withName(state: LedgerState, siteId: string, name: string): LedgerState {
  if (name.trim() === '' || state.names.get(siteId) === name) return state
  const others = [...state.names].filter(([key]) => key !== siteId)
  return { ...state, names: new Map([...others, [siteId, name] as const].slice(-MAX_NAMES)) }
}

function withNews(state: LedgerState, news: LedgerNews): LedgerState {
  const { isWhole, entries, confirmed, statistics, own } = news
  const upToDate = (entry: LedgerEntry) =>
    entry.isConfirmed || !confirmed.has(entry.id) ? entry : { ...entry, isConfirmed: true }
  const recentIds = new Set(isWhole ? [] : state.recent.map(({ id }) => id))
  const fresh = entries.filter(({ id }) => !recentIds.has(id))
  const before = isWhole ? state : { recent: state.recent.map(upToDate), latest: state.latest.map(upToDate) }
  const arrived = fresh.map(upToDate)
  const known = isWhole ? arrived : [...before.recent, ...arrived]
  const latest = isWhole ? arrived.toReversed() : [...arrived.toReversed(), ...before.latest]
  const shown = {
    contributors: news.contributors.slice(0, MAX_SHOWN_CONTRIBUTORS),
    latest: latest.slice(0, MAX_LATEST),
    recent: known.toSorted(byTime).slice(-MAX_RECENT),
  }
  const siteIds = new Set([shown.contributors, shown.recent, shown.latest].flat().map(({ contributor }) => contributor))
  if (own) siteIds.delete(own.contributor)
  return { ...state, ...shown, statistics, own, colours: withColours(state.colours, siteIds) }
}

/** The time of an entry is above that of all it builds on, so this order has parents first. */
function byTime(a: LedgerEntry, b: LedgerEntry): number {
  return a.tsMs - b.tsMs || (a.id < b.id ? -1 : 1)
}
