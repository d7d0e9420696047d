/**
 * Follows a ledger for the page: gathers what happens and tells it a few times a second. While thousands of entries arrive
 * it keeps none of them, but reads the latest anew.
 */
import type { LedgerEntry, NetworkLedger } from '../qdag/api.ts'
import { MAX_RECENT, type LedgerEvent } from './ledger-state.ts'

/** Often enough to look live; a page that is told more often only draws more often. */
const TELL_EVERY_MS = 150
/** More than the page can show: beyond this, looking at what is there now is cheaper than at everything that came. */
const MAX_GATHERED = 512

/** What of a ledger the page looks at. */
export type FollowedLedger = Pick<
  NetworkLedger,
  'on' | 'recent' | 'statistics' | 'contributors' | 'contributor' | 'syncs'
>

/** @param signal ends it */
export function followLedger(
  ledger: FollowedLedger,
  ownSiteId: string,
  tell: (event: LedgerEvent) => void,
  signal: AbortSignal,
): void {
  let entries: LedgerEntry[] = []
  let confirmed = new Set<string>()
  /** True: what is there must be read anew, and gathering is no use. The page knows nothing yet. */
  let isWhole = true
  let isPending = false
  let isBusy = false
  let stopListening: (() => void) | undefined

  const plan = () => {
    isPending = true
    if (isBusy || signal.aborted) return
    isBusy = true
    setTimeout(() => void tellNews(), TELL_EVERY_MS)
  }
  const tellNews = async () => {
    isPending = false
    isBusy = true
    listen()
    const wasWhole = isWhole
    const gathered = { entries, confirmed }
    entries = []
    confirmed = new Set()
    isWhole = false
    try {
      // What comes while this is read is told with the next news; what is in both is recognised.
      const shown = wasWhole ? await ledger.recent(MAX_RECENT) : gathered.entries
      if (signal.aborted) return
      const statistics = ledger.statistics()
      const contributors = ledger.contributors()
      const own = ledger.contributor(ownSiteId)
      const news = { isWhole: wasWhole, entries: shown, confirmed: gathered.confirmed, statistics, contributors, own }
      tell({ type: 'ledger', news })
    } catch (error) {
      // Tried again when there is something new.
      isWhole = true
      tell({ type: 'ledger-fault', message: error instanceof Error ? error.message : String(error) })
    } finally {
      isBusy = false
      if (isPending) plan()
    }
  }
  const gather = (add: () => void) => {
    if (!isWhole) add()
    plan()
    if (entries.length <= MAX_GATHERED && confirmed.size <= MAX_GATHERED) return
    isWhole = true
    entries = []
    confirmed = new Set()
    // Entries that nobody listens for are not even put into words; the plan to look at all of it stands.
    stopListening?.()
    stopListening = undefined
  }
  const listen = () => {
    if (stopListening) return
    const stops = [
      ledger.on('entry', ({ entry }) => gather(() => entries.push(entry)), { signal }),
      ledger.on('confirmed', ({ id }) => gather(() => confirmed.add(id)), { signal }),
    ]
    stopListening = () => stops.forEach((stop) => stop())
  }

  ledger.on(
    'sync',
    ({ peerId, state }) => {
      tell({ type: 'ledger-sync', peerId, state })
      plan()
    },
    { signal },
  )
  ledger.on('fork', plan, { signal })
  ledger.on('error', ({ error }) => tell({ type: 'ledger-fault', message: error.message }), { signal })
  for (const [peerId, state] of ledger.syncs()) tell({ type: 'ledger-sync', peerId, state })
  void tellNews()
}
