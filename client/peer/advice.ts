/** What would help a peer to a better path, told from what was tried. */
import type { IceServer } from '../../protocol/http.ts'
import type { Advice, AttemptReport } from '../api.ts'

export interface AdviceFacts {
  readonly rtcHere: boolean
  readonly rtcThere: boolean
  readonly relayIsUp: boolean
  readonly isDirect: boolean
  readonly iceServers: readonly IceServer[]
  readonly attempts: readonly AttemptReport[]
}

/** STUN answers within a round trip; an attempt that is younger says nothing yet. */
const GATHERED_MS = 2_000

export function adviceFor(facts: AdviceFacts): Advice[] {
  const { rtcHere, rtcThere, relayIsUp, isDirect, iceServers, attempts } = facts
  const latest = attempts.findLast(({ state, ageMs }) => state !== 'connecting' || ageMs > GATHERED_MS)
  const isFruitless = !isDirect && latest !== undefined && latest.openedAfterMs === undefined
  const urls = iceServers.flatMap((server) => server.urls)
  const hasTurn = urls.some((url) => url.startsWith('turn'))
  const lacks = (type: 'srflx' | 'relay') => isFruitless && !latest.local.includes(type)
  const found: Record<Advice, boolean> = {
    'rtc-missing-here': !rtcHere,
    'rtc-missing-there': !rtcThere,
    'ice-servers-missing': isFruitless && urls.length === 0,
    'stun-unanswered': urls.length > 0 && lacks('srflx') && lacks('relay'),
    'turn-needed': isFruitless && !hasTurn && latest.local.includes('srflx') && latest.remote.includes('srflx'),
    'turn-unanswered': hasTurn && lacks('relay'),
    'room-unreachable': !relayIsUp,
  }
  return (Object.keys(found) as Advice[]).filter((advice) => found[advice])
}
