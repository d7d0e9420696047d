/**
 * Prints how many bytes something holds: how much less is alive, on the heap and beside it, when it has been let go.
 * `node --expose-gc held.ts <name>`, in a process of its own: whatever else has been done in it would count, too.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { HOLDINGS, type Holding } from './holdings.ts'

/** What is beside the heap is freed by another thread, some time after the collection. */
const SETTLE_MS = 200
const LOOKS = 3

let held: unknown = HOLDINGS[process.argv[2] as Holding]()
const withIt = await alive()
if (held === undefined) throw new Error('There is nothing to weigh.')
held = undefined
console.log(withIt - (await alive()))

async function alive(): Promise<number> {
  for (let look = 0; look < LOOKS; look++) {
    globalThis.gc?.()
    await sleep(SETTLE_MS)
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}
