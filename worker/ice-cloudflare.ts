/**
 * Cloudflare Realtime TURN (developers.cloudflare.com/realtime/turn/generate-credentials). Minting is a request to
 * another service with a rate of its own, so one answer serves every peer that asks this isolate for a while.
 */
import type { IceServer } from '../protocol/http.ts'
import { CREDENTIAL_LIFE_MS, usableUrls } from './ice-rules.ts'
import { errorKind, log } from './log.ts'
import type { Settings } from './settings.ts'

export interface TurnServers {
  readonly iceServers: readonly IceServer[]
  readonly expiresAtMs: number
}

const API = 'https://rtc.live.cloudflare.com/v1/turn/keys'
/** A twelfth of the credentials' life: whoever gets the last copy can still use it for 55 minutes. */
const REUSE_MS = CREDENTIAL_LIFE_MS / 12
/** Joining does not wait for ICE servers, but a peer behind a strict NAT does; the API answers in some 100 ms. */
const TIMEOUT_MS = 3_000
/** After a failure, peers get STUN at once instead of each waiting for the same time-out. */
const PAUSE_AFTER_FAILURE_MS = 10_000

// One key configured, one cache. Only values are shared: a request may not wait for another request's I/O.
let cached: { readonly keyId: string; readonly servers: TurnServers } | undefined
let pausedUntilMs = 0

/** Whether servers are at hand without asking the service. */
export function hasCloudflareTurn(settings: Settings, nowMs: number): boolean {
  return freshServers(settings, nowMs) !== undefined
}

/** TURN servers with credentials, or `undefined` when the service has none to give. */
export async function cloudflareTurn(settings: Settings, nowMs: number): Promise<TurnServers | undefined> {
  const keyId = settings.EDGE_NET_CLOUDFLARE_TURN_KEY_ID ?? ''
  const fresh = freshServers(settings, nowMs)
  if (fresh) return fresh
  if (nowMs < pausedUntilMs) return undefined
  const servers = await mint(keyId, settings.EDGE_NET_CLOUDFLARE_TURN_KEY_TOKEN ?? '', nowMs)
  if (servers) cached = { keyId, servers }
  else pausedUntilMs = nowMs + PAUSE_AFTER_FAILURE_MS
  return servers
}

/** Forgets what is remembered between requests; for tests of a fresh isolate. */
export function forgetCloudflareTurn(): void {
  cached = undefined
  pausedUntilMs = 0
}

function freshServers(settings: Settings, nowMs: number): TurnServers | undefined {
  if (!cached || cached.keyId !== settings.EDGE_NET_CLOUDFLARE_TURN_KEY_ID) return undefined
  return nowMs < cached.servers.expiresAtMs - CREDENTIAL_LIFE_MS + REUSE_MS ? cached.servers : undefined
}

async function mint(keyId: string, token: string, nowMs: number): Promise<TurnServers | undefined> {
  try {
    const response = await fetch(`${API}/${encodeURIComponent(keyId)}/credentials/generate-ice-servers`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ ttl: CREDENTIAL_LIFE_MS / 1000 }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (!response.ok) {
      await response.body?.cancel()
      log({ event: 'ice-provider-failed', reason: `status ${response.status}` })
      return undefined
    }
    const iceServers = turnServers(await response.json())
    if (iceServers.length > 0) return { iceServers, expiresAtMs: nowMs + CREDENTIAL_LIFE_MS }
    log({ event: 'ice-provider-failed', reason: 'no usable servers in the answer' })
  } catch (error) {
    log({ event: 'ice-provider-failed', reason: errorKind(error) })
  }
  return undefined
}

/** The TURN servers of an answer; its STUN servers are for EDGE_NET_STUN_URLS to choose. */
function turnServers(answer: unknown): IceServer[] {
  if (typeof answer !== 'object' || answer === null || !('iceServers' in answer)) return []
  const listed: unknown[] = Array.isArray(answer.iceServers) ? answer.iceServers : [answer.iceServers]
  return listed.flatMap((server): IceServer[] => {
    if (typeof server !== 'object' || server === null || !('urls' in server)) return []
    if (!('username' in server) || !('credential' in server)) return []
    const { username, credential } = server
    if (typeof username !== 'string' || typeof credential !== 'string') return []
    const all: unknown[] = Array.isArray(server.urls) ? server.urls : [server.urls]
    const urls = usableUrls(all.filter((url): url is string => typeof url === 'string'))
    return urls.length > 0 ? [{ urls, username, credential }] : []
  })
}
