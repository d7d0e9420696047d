/** When to try again: full jitter, so that clients which were dropped together do not come back together. */

/**
 * The members of a room come back within this much per member: about 1,000 a second, what one Durable Object takes
 * (Cloudflare's soft limit for requests).
 */
const SPREAD_MS_PER_MEMBER = 1
/** A host that did not take us at once is starting, or the network is: half of the first wait. */
const MIN_SPREAD_MS = 200
/**
 * Most outages are short: a lift, a tunnel, a cable. For about half a minute of tries nobody waits longer than this, nor than
 * it takes the room to have all of its members back four times over.
 */
const SHORT_OUTAGE_FAILURES = 40
const SHORT_OUTAGE_MAX_SPREAD_MS = 1_500
const SHORT_OUTAGE_RETURNS = 4
/** Others take minutes: for about ten of them nobody is missing for longer than 5 s after the end, the last handshake included. */
const OUTAGE_FAILURES = 300
const OUTAGE_MAX_SPREAD_MS = 4_000
/** Patience of a person who watches the page; also bounds what a dead host is asked. */
const MAX_SPREAD_MS = 20_000

/**
 * @param failures attempts that failed in a row, 0 for the first reconnection
 * @param members how many members the room had
 * @param random uniform in [0, 1)
 * @returns milliseconds to wait
 */
export function reconnectDelayMs(failures: number, members: number, random: number): number {
  // A socket that was well until now is most likely to be replaced at once: the host was updated, or the network changed.
  const minSpreadMs = failures && MIN_SPREAD_MS
  const returnMs = members * SPREAD_MS_PER_MEMBER
  const leastMs = failures <= SHORT_OUTAGE_FAILURES ? SHORT_OUTAGE_MAX_SPREAD_MS : OUTAGE_MAX_SPREAD_MS
  const maxSpreadMs = failures <= OUTAGE_FAILURES ? Math.max(leastMs, returnMs * SHORT_OUTAGE_RETURNS) : Infinity
  const spreadMs = Math.max(minSpreadMs, returnMs) * 2 ** failures
  return Math.min(spreadMs, maxSpreadMs, MAX_SPREAD_MS) * random
}
