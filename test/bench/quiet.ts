import { setTimeout as sleep } from 'node:timers/promises'

const QUIET_MS = 400
const POLL_MS = 20

/** Resolves when a counter has stood still for a while, with the time at which it last moved. */
export async function quiet(count: () => number): Promise<number> {
  let last = count()
  let movedAtMs = performance.now()
  while (performance.now() - movedAtMs < QUIET_MS) {
    await sleep(POLL_MS)
    if (count() === last) continue
    last = count()
    movedAtMs = performance.now()
  }
  return movedAtMs
}
