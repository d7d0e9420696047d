/** What the host offers to find and carry direct paths: asked for as peers do, with a ticket. */
import { parseIceAnswer, type HttpError, type IceServer } from '../../../protocol/http.ts'
import { networkIdOfKey } from '../../../protocol/network.ts'
import { Clock } from '../../clock.ts'
import { openSession } from '../../identity/session.ts'
import type { Sessions } from './sessions.ts'

/** Credentials that another service mints take 3 s at most (worker/ice-cloudflare.ts). */
const ANSWER_MS = 6_000
/** The ticket of a wrong clock is refused with the right time. */
const TRIES = 2

/** @returns `undefined` when the host does not say */
export async function offeredIceServers(
  sessions: Sessions,
  ended: AbortSignal,
): Promise<readonly IceServer[] | undefined> {
  const clock = new Clock()
  const nobody = { rank: 0, rtc: false, name: '', capabilities: [] }
  const { room } = sessions
  const [identity, membership] = await Promise.all([sessions.me(), sessions.membership()])
  const session = await openSession(identity, networkIdOfKey(room.network), nobody, clock, membership)
  const signal = AbortSignal.any([ended, AbortSignal.timeout(ANSWER_MS)])
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      const body = await session.ticket('ice', room.host)
      const response = await fetch(room.ice, { method: 'POST', body, signal })
      const answer: unknown = await response.json()
      if (response.ok) return parseIceAnswer(answer)?.iceServers
      const { error } = Object(answer) as Partial<HttpError>
      if (typeof error?.serverTimeMs !== 'number') return undefined
      clock.correct(error.serverTimeMs)
      await session.announce()
    }
  } catch {
    // Cut off or too slow: the findings about HTTP and WebSocket say more.
  }
  return undefined
}
