/**
 * Time that passes when a test says so, for timers, while real sockets and ciphers go on in real time. Call
 * `holdTime()` before the first client is made, or its timers are real ones.
 */
import { vi } from 'vitest'

const realSetTimeout = globalThis.setTimeout
/** Between steps of held time; a message through a local socket and two ciphers takes about one. */
const REAL_STEP_MS = 2
/** Far more than anything here takes on a machine that is busy with other things. */
const MAX_REAL_WAITS = 1_000

export function holdTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
}

export function releaseTime(): void {
  vi.useRealTimers()
}

/** Lets time pass for timers, in steps, between which sockets get the real time that they need. */
export async function pass(ms: number, stepMs = 250): Promise<void> {
  for (let at = 0; at < ms; at += stepMs) {
    await vi.advanceTimersByTimeAsync(Math.min(stepMs, ms - at))
    await realTime()
  }
  await realTime()
}

/** Lets held time creep until the check no longer throws; throws what it threw last. */
export async function until(check: () => void): Promise<void> {
  for (let i = 0; ; i++) {
    try {
      return check()
    } catch (error) {
      if (i >= MAX_REAL_WAITS) throw error
    }
    await vi.advanceTimersByTimeAsync(1)
    await realTime()
  }
}

function realTime(): Promise<void> {
  return new Promise((resolve) => realSetTimeout(resolve, REAL_STEP_MS))
}
