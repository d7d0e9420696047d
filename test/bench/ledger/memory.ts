/** How much memory something holds, after everything that nobody holds has been collected. */
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
/** What is beside the heap is freed by another thread, some time after the collection. */
const SETTLE_MS = 50

/** What is made, and how much more is alive on the heap and beside it with it than without. */
export async function weighed<T>(make: () => T): Promise<{ made: T; bytes: number }> {
  const before = await heldBytes()
  const made = make()
  return { made, bytes: (await heldBytes()) - before }
}

async function heldBytes(): Promise<number> {
  let [held, before] = [0, -1]
  while (held !== before) {
    collect()
    await sleep(SETTLE_MS)
    before = held
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    // To the kibibyte: timers leave a few bytes.
    held = Math.round((heapUsed + arrayBuffers) / 1_024) * 1_024
  }
  return held
}
