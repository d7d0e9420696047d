import { vi } from 'vitest'

/** Waits until the check no longer throws; looks often, for what is awaited takes milliseconds. */
export function eventually<T>(check: () => T | Promise<T>, timeoutMs = 2_000): Promise<T> {
  return vi.waitFor(check, { timeout: timeoutMs, interval: 5 })
}
