/** What was asked of `edge-net ledger`, checked. */
import type { EntryFilter } from '../../qdag/api.ts'
import type { Environment } from '../environment.ts'
import { folderOf, joinChoices, secondsOf, wholeNumberOf, type JoinChoices } from '../options.ts'
import { UsageError } from '../usage-error.ts'
import { timeOf } from './time.ts'

/** Of every `ledger` sub-command, as commander gives them. */
export interface LedgerFlags {
  readonly data?: string
  readonly json?: boolean
  readonly sync?: string
  readonly direct?: string
  readonly relayOnly?: boolean
}

/** Of `ledger show`. */
export interface ShowFlags extends LedgerFlags {
  readonly contributor?: string
  readonly task?: string
  readonly from?: string
  readonly until?: string
  readonly confirmed?: boolean
  readonly last?: string
}

/** Where the ledger is, and whether the room is asked first. */
export interface LedgerOptions {
  readonly folder: string
  readonly json: boolean
  readonly sync: SyncOptions | undefined
}

export interface SyncOptions {
  readonly join: JoinChoices
  /** Catching up ends by itself; this is the longest that it may take. */
  readonly withinMs: number
}

export interface ShowOptions {
  /** The contributor is as it was written, which may be the beginning of an id. */
  readonly filter: EntryFilter
  /** How many of the latest entries. */
  readonly last: number
}

/** @throws UsageError */
export function ledgerOptions(flags: LedgerFlags, environment: Environment): LedgerOptions {
  return {
    folder: folderOf(flags.data, environment),
    json: flags.json === true,
    sync:
      flags.sync === undefined
        ? undefined
        : { join: joinChoices(flags, environment), withinMs: secondsOf(flags.sync, '--sync', 0) * 1_000 },
  }
}

const DEFAULT_LAST = '10'

/** @throws UsageError */
export function showOptions(flags: ShowFlags, nowMs: number): ShowOptions {
  const { contributor, task, from, until, confirmed, last = DEFAULT_LAST } = flags
  const fromMs = from === undefined ? undefined : timeOf(from, '--from', nowMs)
  const untilMs = until === undefined ? undefined : timeOf(until, '--until', nowMs)
  if (fromMs !== undefined && untilMs !== undefined && fromMs >= untilMs) {
    throw new UsageError('--from is not before --until, so that no entry fits.', 'Swap them, or leave one out.')
  }
  if (contributor === '') throw new UsageError('--contributor is empty.', 'Use an id, or the beginning of one.')
  if (task === '') throw new UsageError('--task is empty.', 'Use the whole id of a task.')
  return {
    filter: {
      ...(contributor !== undefined && { contributor }),
      ...(task !== undefined && { taskId: task }),
      ...(fromMs !== undefined && { fromMs }),
      ...(untilMs !== undefined && { untilMs }),
      ...(confirmed && { isConfirmed: true }),
    },
    last: wholeNumberOf(last, '--last', { least: 0, most: MAX_LAST, example: DEFAULT_LAST }),
  }
}

/** They are held in memory; `export` is for all of them. */
const MAX_LAST = 100_000
