/** Does the host answer, and do our clocks agree? */
import type { HttpError, NetworkDescription } from '../../../protocol/http.ts'
import { ageWords, durationWords } from '../../words.ts'
import type { RoomUrl } from '../../room-url.ts'
import { finding, type Finding } from './finding.ts'
import { relaysOf } from './gun.ts'
import { troubleOf } from './trouble.ts'

/** Everything slower is no service that a peer could use. */
const ANSWER_MS = 10_000
/** A `Date` header tells whole seconds, and the answer was under way for a while. */
const DATE_RESOLUTION_MS = 1_000
/** Tickets are valid for a minute in both directions (PROTOCOL.md); the SDK corrects itself by what the room tells. */
const CLOCK_LIMIT_MS = 60_000

export async function checkHttp(room: RoomUrl): Promise<Finding> {
  const startedMs = Date.now()
  let response: Response
  let body: unknown
  try {
    response = await fetch(room.http, {
      headers: { Accept: 'application/json' },
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    body = await response.json().catch(() => undefined)
  } catch (error) {
    const { code, words, advice } = troubleOf(error)
    return finding('http', 'failed', `${room.host} cannot be reached: ${words}`, { advice: [advice], facts: { code } })
  }
  const tookMs = Date.now() - startedMs
  const facts = { status: response.status, tookMs }
  if (!response.ok) return refusal(response.status, body as Partial<HttpError> | undefined, facts)
  const { name, id, members, gunRelays: described } = Object(body) as Partial<NetworkDescription>
  if (name !== room.network && id !== room.network) {
    const advice = ['Check the URL: what answers there is something else, perhaps a sign-in page of this network.']
    return finding('http', 'failed', `${room.host} answers, but is no Edge-Net service`, { advice, facts })
  }
  const clock = clockOf(response, startedMs + tookMs / 2)
  const said = `${room.host} answered in ${durationWords(tookMs)}`
  const gunRelays = relaysOf(described)
  const named = gunRelays.length > 0 ? { gunRelays } : {}
  const all = { ...facts, members: members ?? 0, clockOffsetMs: clock ?? null, ...named }
  if (clock === undefined) return finding('http', 'ok', said, { facts: all })
  if (Math.abs(clock) <= DATE_RESOLUTION_MS * 2)
    return finding('http', 'ok', `${said}; the clocks agree`, { facts: all })
  const difference = `this clock is ${ageWords(Math.abs(clock))} ${clock > 0 ? 'ahead' : 'behind'}`
  const isWrong = Math.abs(clock) > CLOCK_LIMIT_MS
  const advice = isWrong
    ? ['Set this clock right. Edge-Net corrects itself by what the room says; other things do not.']
    : []
  return finding('http', isWrong ? 'limited' : 'ok', `${said}; ${difference}`, { advice, facts: all })
}

function refusal(status: number, body: Partial<HttpError> | undefined, facts: Finding['facts']): Finding {
  const error = body?.error
  if (!error) {
    const advice = ['Check the URL, and whether a proxy answers in the place of the service.']
    return finding('http', 'failed', `it answered with status ${status}`, { advice, facts })
  }
  // Reading is limited per address; joining has a limit of its own.
  const verdict = error.code === 'rate-limited' ? 'limited' : 'failed'
  return finding('http', verdict, `it answered with ${error.code}`, { advice: [error.hint], facts })
}

/** Milliseconds that our clock is ahead of the server's, as exactly as its header tells. */
function clockOf(response: Response, localMs: number): number | undefined {
  const serverMs = Date.parse(response.headers.get('Date') ?? '')
  return Number.isNaN(serverMs) ? undefined : Math.round(localMs - serverMs - DATE_RESOLUTION_MS / 2)
}
