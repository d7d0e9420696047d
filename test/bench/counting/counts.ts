/** What the platform bills, counted where it happens (research/cloudflare.md 2.3). */

export interface Counts {
  /** Requests to the Worker: HTTP and upgrades. Static assets are free and do not reach it. */
  workerRequests: number
  /** `fetch` and RPC calls on Durable Objects. */
  objectRequests: number
  alarms: number
  /** WebSocket messages that reached a room's handler; twenty are one request. Auto-responses and outgoing ones are free. */
  incomingMessages: number
  /** Ends of sockets; free. */
  closes: number
  /** Rows written to storage; setting an alarm is one. */
  rowsWritten: number
  /** How often a room was constructed: after each hibernation, when something woke it. */
  wakes: number
}

/** As of research/cloudflare.md 2.3, in dollars, beyond what the plan includes. */
export const PRICES = {
  objectRequest: 0.15 / 1e6,
  workerRequest: 0.3 / 1e6,
  rowWritten: 1 / 1e6,
} as const

/** Twenty incoming WebSocket messages are billed as one request. */
export const MESSAGES_PER_REQUEST = 20

export function difference(after: Counts, before: Counts): Counts {
  const result = { ...after }
  for (const key of Object.keys(before) as (keyof Counts)[]) result[key] -= before[key]
  return result
}

/** Durable Object requests as the bill counts them. */
export function billableObjectRequests(counts: Counts): number {
  return counts.objectRequests + counts.alarms + counts.incomingMessages / MESSAGES_PER_REQUEST
}

/** Requests and rows; duration is not in it, since it depends on the platform's machines. */
export function dollars(counts: Counts): number {
  return (
    billableObjectRequests(counts) * PRICES.objectRequest +
    counts.workerRequests * PRICES.workerRequest +
    counts.rowsWritten * PRICES.rowWritten
  )
}
