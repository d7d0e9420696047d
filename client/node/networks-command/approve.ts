/** `edge-net approve`: who waits to be let in, and letting them in or sending them away. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Waiting } from '../../networks/api.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { UsageError } from '../usage-error.ts'
import { isKey, type ApproveOptions } from './options.ts'
import type { NetworksEvent } from './report.ts'
import { mustBeApprover, openOffice, type Office } from './standing.ts'

/** Somebody who waits has waited for longer; and each look is a request that the host pays for. */
const WATCH_EVERY_MS = 5_000

/** What a person says about somebody who waits. */
export type Verdict = 'approve' | 'decline' | 'later' | 'stop'

/**
 * Lists who waits, or decides about them.
 *
 * @param judge asks a person; `undefined` where nobody can be asked
 * @throws EdgeNetError `invalid-argument` (`not-approver`, `policy`), `membership`, `room-unreachable`; UsageError for
 *   somebody who is meant and not found
 */
export async function approve(
  roomUrl: string,
  options: ApproveOptions,
  tell: (event: NetworksEvent) => void,
  judge: ((waiting: Waiting) => Promise<Verdict>) | undefined,
  signal: AbortSignal,
): Promise<ExitCode> {
  const office = await openOffice(roomUrl, options.folder, signal)
  mustBeApprover(office)
  const decide = decider(office, options, tell)
  if (options.watch) return watch(office, options, tell, decide, judge, signal)
  const waiting = await office.network.waiting()
  if (options.whom === 'none') {
    for (const one of waiting) tell(waitingEvent(one, office))
    tell({ event: 'listed', networks: waiting.length, isComplete: true })
    return EXIT.ok
  }
  const meant =
    options.whom === 'all' ? undecided(waiting, office) : options.whom.map((word) => siteIdOf(word, waiting))
  for (const siteId of meant.map((one) => (typeof one === 'string' ? one : one.siteId))) {
    signal.throwIfAborted()
    await decide(siteId, options.act, waiting)
  }
  if (meant.length === 0) tell({ event: 'listed', networks: 0, isComplete: true })
  return EXIT.ok
}

type Decide = (siteId: string, act: 'approve' | 'decline', waiting: readonly Waiting[]) => Promise<void>

function decider(
  { network, siteId: own }: Office,
  { expiresAtMs }: ApproveOptions,
  tell: (event: NetworksEvent) => void,
): Decide {
  return async (siteId, act, waiting) => {
    if (act === 'decline') {
      await network.decline(siteId)
      return tell({ event: 'declined', siteId })
    }
    const ending = expiresAtMs === undefined ? {} : { expiresAtMs }
    await network.approve(siteId, ending)
    const by = waiting.find((one) => one.siteId === siteId)?.approvedBy
    const approvals = by && new Set([...by, own]).size
    const { approvalsNeeded } = network.facts
    tell({ event: 'approved', siteId, ...ending, ...(approvals !== undefined && { approvals }), approvalsNeeded })
  }
}

/** Looks again and again until told to end. Whoever comes is told once, and again when others have approved him. */
async function watch(
  office: Office,
  { whom, act }: ApproveOptions,
  tell: (event: NetworksEvent) => void,
  decide: Decide,
  judge: ((waiting: Waiting) => Promise<Verdict>) | undefined,
  signal: AbortSignal,
): Promise<ExitCode> {
  const told = new Map<string, string>()
  while (!signal.aborted) {
    const waiting = undecided(await office.network.waiting(), office)
    for (const one of waiting) {
      const state = JSON.stringify([one.sinceMs, one.approvedBy, one.name, one.note])
      if (told.get(one.siteId) === state) continue
      told.set(one.siteId, state)
      tell(waitingEvent(one, office))
      const verdict = whom === 'all' ? act : ((await judge?.(one)) ?? 'later')
      if (verdict === 'stop') return EXIT.ok
      if (verdict !== 'later') await decide(one.siteId, verdict, waiting)
    }
    await pause(WATCH_EVERY_MS, undefined, { signal }).catch(() => undefined)
  }
  return EXIT.ok
}

/** Those who wait for us. */
function undecided(waiting: readonly Waiting[], { siteId }: Office): readonly Waiting[] {
  return waiting.filter(({ approvedBy }) => !approvedBy.includes(siteId))
}

function waitingEvent({ sinceMs: waitsSinceMs, ...waiting }: Waiting, { network }: Office): NetworksEvent {
  return { event: 'waiting', ...waiting, waitsSinceMs, approvalsNeeded: network.facts.approvalsNeeded }
}

/** Whoever is meant; the beginning of an id will do for somebody who waits. */
function siteIdOf(word: string, waiting: readonly Waiting[]): string {
  if (isKey(word)) return word
  const ids = waiting.map(({ siteId }) => siteId).filter((id) => id.startsWith(word))
  const [only, another] = ids
  if (another !== undefined) {
    throw new UsageError(`"${word}" means several who wait: ${ids.join(', ')}.`, 'Use more of the id.')
  }
  if (only !== undefined) return only
  throw new UsageError(
    `Nobody who waits has an id that begins with "${word}".`,
    'Use a whole siteId to let somebody in who does not wait.',
  )
}
