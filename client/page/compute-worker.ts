/** The Web Worker that computes for the page: a file of its own, so that nothing it does holds up the page. */
import { ComputeLoop } from '../compute/compute-loop.ts'
import type { ComputeCommand } from '../compute/messages.ts'
import { PLATFORM } from '../compute/platform.ts'

/** Short enough to stop at once, long enough that turning to the next slice costs nothing beside it. */
const SLICE_MS = 15

const turns = new MessageChannel()
let next: (() => void) | undefined
turns.port1.addEventListener('message', () => next?.())
turns.port1.start()

const loop = new ComputeLoop({
  ...PLATFORM,
  sliceMs: SLICE_MS,
  after,
  report: (report) => postMessage(report),
})
addEventListener('message', ({ data }: MessageEvent<ComputeCommand>) => loop.handle(data))

/** Timers wait at least 4 ms, which at full share would be a fifth of the time; a message to oneself does not. */
function after(delayMs: number, act: () => void): () => void {
  if (delayMs > 0) {
    const timer = setTimeout(act, delayMs)
    return () => clearTimeout(timer)
  }
  next = act
  turns.port2.postMessage(undefined)
  return () => {
    if (next === act) next = undefined
  }
}
