/**
 * Counts refusals in the memory of this isolate and hands them to the registry at most once per interval, so that a
 * flood of refused joins is not a flood at the registry. What an isolate holds when it ends is lost: a lower bound.
 */
import type { RefusalCode } from '../protocol/room-messages.ts'
import { errorKind, log } from './log.ts'
import { registryOf } from './registry.ts'
import type { Settings } from './settings.ts'
import { addRefusals, type Refusals } from './tally.ts'

const HANDOVER_INTERVAL_MS = 10_000

let pending: Refusals = {}
let handedOverAtMs = -Infinity

export function countRefusal(
  code: RefusalCode,
  settings: Settings,
  context: Pick<ExecutionContext, 'waitUntil'>,
): void {
  addRefusals(pending, { [code]: 1 })
  if (Date.now() - handedOverAtMs >= HANDOVER_INTERVAL_MS) context.waitUntil(handOverRefusals(settings))
}

export async function handOverRefusals(settings: Settings): Promise<void> {
  const refusals = pending
  if (Object.keys(refusals).length === 0) return
  pending = {}
  handedOverAtMs = Date.now()
  try {
    await registryOf(settings).countRefusals(refusals)
  } catch (error) {
    log({ event: 'report-failed', reason: errorKind(error) })
  }
}
