/** ICE servers from the room's host: short-lived, so asked for again at half of their life. */
import type { IceAnswer, IceServer } from '../protocol/http.ts'
import type { Clock } from './clock.ts'

/** Without credentials nothing expires; servers may still change. */
const DEFAULT_LIFE_MS = 3_600_000
/** Never sooner, whatever the host says: a clock or a host may be wrong. */
const MIN_REFRESH_MS = 30_000

export interface IceOffer {
  readonly iceServers: readonly IceServer[]
  readonly refreshAfterMs: number
}

/** Asks the host. `undefined` when it does not answer usefully: links work without, over the relay or a local network. */
export async function fetchIceServers(
  url: string,
  ticket: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<IceOffer | undefined> {
  try {
    const response = await fetch(url, { method: 'POST', body: ticket, signal })
    if (!response.ok) return undefined
    const answer = (await response.json()) as Partial<IceAnswer>
    if (!Array.isArray(answer.iceServers)) return undefined
    const lifeMs = typeof answer.expiresAtMs === 'number' ? answer.expiresAtMs - clock.nowMs() : DEFAULT_LIFE_MS
    return { iceServers: answer.iceServers, refreshAfterMs: Math.max(lifeMs / 2, MIN_REFRESH_MS) }
  } catch {
    // Refused, cut off or closed: the caller has a path without.
    return undefined
  }
}
