/** What `join` tells of the ledger while it stays. Names and fields are stable; programs read them from `--json`. */
import type { ContributorStatistics, ForkProof, LedgerEntry, LedgerStatistics, SyncState } from '../qdag/api.ts'
import { durationWords } from '../words.ts'
import { briefId, counted, grouped } from './ledger-words.ts'
import { peerLabel } from './peer-label.ts'
import type { PeerRecord } from './report.ts'
import { safeText, type Style } from './terminal.ts'

export type LedgerNews =
  /** What is in the ledger, and what of it is one's own: when it has been opened, and on leaving. */
  | ({ readonly event: 'ledger'; readonly own?: ContributorStatistics } & LedgerStatistics)
  /** It has become part of the ledger. */
  | { readonly event: 'entry'; readonly entry: LedgerEntry; readonly isOwn: boolean }
  | { readonly event: 'confirmed'; readonly id: string; readonly contributor: string }
  /** A piece of work of ours is done and its entry is kept safely. */
  | {
      readonly event: 'contributed'
      readonly entry: LedgerEntry
      /** SHA-256 of the result, base64url. */
      readonly resultHash: string
      readonly elapsedMs: number
    }
  | { readonly event: 'sync'; readonly peer: PeerRecord; readonly state: SyncState }
  | ({ readonly event: 'fork' } & ForkProof)

/** Who catches up with a hundred thousand entries wants to read none of them; a line a second says that they come. */
const ENTRY_PAUSE_MS = 1_000

/** Says for people what is news. Of entries that come fast, only now and then one, with the number of those between. */
export class LedgerWords {
  #toldAtMs = -Infinity
  #untold = 0

  of(event: LedgerNews & { readonly sinceMs: number }, style: Style): string | undefined {
    switch (event.event) {
      case 'ledger':
        return totals(event)
      case 'entry':
        // One's own are told as contributed.
        return event.isOwn ? undefined : this.#entry(event.entry, event.sinceMs)
      case 'confirmed':
        return undefined
      case 'contributed': {
        const { computeUnits, credits, taskId } = event.entry
        const work = `${counted(computeUnits, 'unit', 'units')} in ${durationWords(event.elapsedMs)}`
        return `${work}, ${counted(credits, 'credit', 'credits')}: ${style.dim(safeText(taskId))}`
      }
      case 'sync': {
        const words = SYNC_WORDS[event.state]
        return words && `${peerLabel(event.peer, style)}: ${words}`
      }
      case 'fork': {
        const { contributor, seq } = event
        return `${briefId(contributor)} ${style.bad('has forked')}: two entries have its number ${grouped(seq)}`
      }
      default:
        return event satisfies never
    }
  }

  #entry({ contributor, computeUnits, taskId }: LedgerEntry, sinceMs: number): string | undefined {
    if (sinceMs - this.#toldAtMs < ENTRY_PAUSE_MS) {
      this.#untold++
      return undefined
    }
    const others = this.#untold === 0 ? '' : ` (and ${counted(this.#untold, 'other', 'others')} before)`
    this.#toldAtMs = sinceMs
    this.#untold = 0
    return `${briefId(contributor)}: ${counted(computeUnits, 'unit', 'units')}, ${safeText(taskId)}${others}`
  }
}

/** Being compared with somebody, and somebody's leaving, are told by what follows them. */
const SYNC_WORDS: Record<SyncState, string | undefined> = {
  comparing: undefined,
  'catching-up': 'not the same ledger yet, entries are on their way',
  live: 'has the same ledger',
  ended: undefined,
}

function totals({ entries, contributors, credits, confirmedEntries, own }: Extract<LedgerNews, { event: 'ledger' }>) {
  const all = `${counted(entries, 'entry', 'entries')} by ${counted(contributors, 'contributor', 'contributors')}`
  const mine = `${grouped(own?.credits ?? 0)} of ${counted(credits, 'credit is', 'credits are')} yours`
  return `${all}, ${grouped(confirmedEntries)} confirmed; ${mine}`
}
