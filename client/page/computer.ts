/** Starts what computes for the page: a worker, or, where workers are forbidden, the page itself in its spare moments. */
import { ComputeLoop } from '../compute/compute-loop.ts'
import type { ComputeCommand, Computer, ComputeReport } from '../compute/messages.ts'
import { PLATFORM } from '../compute/platform.ts'

/** Half a frame: a page that computes must still scroll. */
const PAGE_SLICE_MS = 8

/**
 * @param workerUrl the built compute-worker.ts; empty when there is none
 * @param report called with everything that the worker tells
 */
export function startComputer(workerUrl: string, report: (report: ComputeReport) => void): Computer {
  let lastCommand: ComputeCommand | undefined
  let computer = workerComputer(workerUrl, report, () => {
    // Told late, by an event: a policy forbids workers, or the file does not load.
    computer = pageComputer(report)
    if (lastCommand) computer.send(lastCommand)
  })
  computer ??= pageComputer(report)
  return {
    send(command) {
      lastCommand = command
      computer?.send(command)
    },
    close: () => computer?.close(),
  }
}

function workerComputer(
  url: string,
  report: (report: ComputeReport) => void,
  onRefused: () => void,
): Computer | undefined {
  if (url === '' || typeof Worker === 'undefined') return undefined
  let worker: Worker
  try {
    worker = new Worker(url, { type: 'module', name: 'compute' })
  } catch {
    // Told at once, by an exception: the same policy in another browser.
    return undefined
  }
  let hasSpoken = false
  worker.addEventListener('message', ({ data }: MessageEvent<ComputeReport>) => {
    hasSpoken = true
    report(data)
  })
  worker.addEventListener('error', (event) => {
    event.preventDefault()
    worker.terminate()
    if (hasSpoken) report({ type: 'failed', message: event.message || 'the worker has ended' })
    else onRefused()
  })
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
    send: (command) => worker.postMessage(command),
    close: () => worker.terminate(),
  }
}

function pageComputer(report: (report: ComputeReport) => void): Computer {
  let isOpen = true
  const loop = new ComputeLoop({
    ...PLATFORM,
    sliceMs: PAGE_SLICE_MS,
    after(delayMs, act) {
      const timer = setTimeout(act, delayMs)
      return () => clearTimeout(timer)
    },
    report: (message) => {
      if (isOpen) report(message)
    },
  })
  return {
    send: (command) => loop.handle(command),
    close() {
      loop.handle({ type: 'stop' })
      isOpen = false
    },
  }
}
