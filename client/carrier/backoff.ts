/** When to try again: full jitter, so that clients which were dropped together do not come back together. */

/**
 * The members of a room come back within this much per member: about 1,000 a second, what one Durable Object takes
 * (Cloudflare's soft limit for requests).
 */
const SPREAD_MS_PER_MEMBER = 1
const MIN_SPREAD_MS = 400
/** Patience of a person who watches the page; also bounds what a dead host is asked. */
const MAX_SPREAD_MS = 20_000

/**
 * @param failures attempts that failed in a row, 0 for the first reconnection
 * @param members how many members the room had
 * @param random uniform in [0, 1)
 * @returns milliseconds to wait
 */
export function reconnectDelayMs(failures: number, members: number, random: number): number {
  const spreadMs = Math.max(MIN_SPREAD_MS, members * SPREAD_MS_PER_MEMBER) * 2 ** failures
  return Math.min(spreadMs, MAX_SPREAD_MS) * random
}
