/** What the host offers to find and carry direct paths: asked for as peers do, with a ticket. */
import type { IceServer } from '../../../protocol/http.ts'
import { networkIdOfName } from '../../../protocol/network.ts'
import { Clock } from '../../clock.ts'
import { fetchIceServers } from '../../ice.ts'
import type { Identity } from '../../identity/identity.ts'
import { openSession } from '../../identity/session.ts'
import type { RoomUrl } from '../../room-url.ts'

/** Credentials that another service mints take 3 s at most (worker/ice-cloudflare.ts). */
const ANSWER_MS = 6_000

/**
 * @param clockOffsetMs how far this clock is ahead of the host's: tickets bear the time
 * @returns `undefined` when the host does not say
 */
export async function offeredIceServers(
  room: RoomUrl,
  identity: Identity,
  clockOffsetMs: number,
  ended: AbortSignal,
): Promise<readonly IceServer[] | undefined> {
  const clock = new Clock()
  clock.correct(Date.now() - clockOffsetMs)
  const nobody = { rank: 0, rtc: false, name: '', capabilities: [] }
  const session = await openSession(identity, networkIdOfName(room.network), nobody, clock)
  const signal = AbortSignal.any([ended, AbortSignal.timeout(ANSWER_MS)])
  const answer = await fetchIceServers(room.ice, () => session.ticket('ice', room.host), signal)
  return answer?.iceServers
}
