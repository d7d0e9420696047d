/** The worker thread that computes for the command: an entry of its own in the package. */
import { parentPort } from 'node:worker_threads'
import { ComputeLoop } from '../compute/compute-loop.ts'
import type { ComputeCommand } from '../compute/messages.ts'
import { PLATFORM } from '../compute/platform.ts'

/** Short enough to stop at once, long enough that turning to the next slice costs nothing beside it. */
const SLICE_MS = 15

const owner = parentPort
if (!owner) throw new Error('this file is the inside of a worker thread')

const loop = new ComputeLoop({
  ...PLATFORM,
  sliceMs: SLICE_MS,
  after,
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
  report: (report) => owner.postMessage(report),
})
owner.on('message', (command: ComputeCommand) => loop.handle(command))

function after(delayMs: number, act: () => void): () => void {
  if (delayMs > 0) {
    const timer = setTimeout(act, delayMs)
    return () => clearTimeout(timer)
  }
  const immediate = setImmediate(act)
  return () => clearImmediate(immediate)
}
