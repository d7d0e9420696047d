/** Starts a worker thread that computes, beside whatever else the process does. */
import { Worker } from 'node:worker_threads'
import type { Computer, ComputeReport } from '../compute/messages.ts'

/** In the package the worker is a file beside the one that this is bundled into; in the sources it stands here. */
const WORKER_URL = new URL(
  import.meta.url.endsWith('.ts') ? './compute-worker.ts' : './edge-net-compute-worker.js',
  import.meta.url,
)

/** The thread does not keep the process alive: who computes is there for something else, too. */
export function startComputer(report: (report: ComputeReport) => void): Computer {
  const worker = new Worker(WORKER_URL, { name: 'compute' })
  let isOpen = true
  const tell = (message: ComputeReport) => {
    if (isOpen) report(message)
  }
  worker.on('message', tell)
  worker.on('error', (error) => tell({ type: 'failed', message: error.message }))
  worker.unref()
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
    send: (command) => worker.postMessage(command),
    close() {
      isOpen = false
      void worker.terminate()
    },
  }
}
