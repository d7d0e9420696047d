/** A ledger that says what a test has it say. */
import type { ContributorStatistics, LedgerEntry, LedgerStatistics, NetworkLedger } from '../../client/qdag/api.ts'

export const STATISTICS: LedgerStatistics = {
  entries: 0,
  confirmedEntries: 0,
  contributors: 0,
  tips: 0,
  credits: 0,
  attestedCredits: 0,
  forkedContributors: 0,
  orphans: 0,
  parked: 0,
  confirmations: 3,
  digest: 'd'.repeat(43),
}

export const CREDITS: ContributorStatistics = {
  contributor: 'A'.repeat(43),
  entries: 0,
  confirmedEntries: 0,
  credits: 0,
  attestedCredits: 0,
  isForked: false,
  lastTsMs: Date.UTC(2026, 10, 22, 10, 30),
}

export const ENTRY: LedgerEntry = {
  id: 'E'.repeat(43),
  contributor: CREDITS.contributor,
  writer: 'W'.repeat(22),
  seq: 0,
  tsMs: CREDITS.lastTsMs,
  taskId: 'task',
  computeUnits: 2_097,
  credits: 20,
  parents: [],
  isConfirmed: false,
}

/** Everything that is not given fails loudly. */
export function fakeLedger(parts: Partial<NetworkLedger>): NetworkLedger {
  return new Proxy(parts as NetworkLedger, {
    get(target, name) {
      if (name in target) return Reflect.get(target, name) as unknown
      throw new Error(`the test has not said what ${String(name)} does`)
    },
  })
}
