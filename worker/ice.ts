/**
 * ICE servers for peers: STUN alone, a coturn server with a shared secret, or Cloudflare Realtime TURN, whichever the
 * configuration names. Credentials live for an hour at most, and only addresses that browsers use are handed out.
 */
import { utf8 } from '../protocol/bytes.ts'
import type { IceAnswer, IceServer } from '../protocol/http.ts'
import type { PeerId } from '../protocol/peer-id.ts'
import { cloudflareTurn, hasCloudflareTurn } from './ice-cloudflare.ts'
import { CREDENTIAL_LIFE_MS, usableUrls } from './ice-rules.ts'
import { listOf, type Settings } from './settings.ts'

export type IceProviderName = 'none' | 'stun' | 'shared-secret' | 'cloudflare'

/** Cloudflare's key goes before a shared secret; half a configuration counts as none. */
export function iceProviderName(settings: Settings): IceProviderName {
  if (settings.EDGE_NET_CLOUDFLARE_TURN_KEY_ID && settings.EDGE_NET_CLOUDFLARE_TURN_KEY_TOKEN) return 'cloudflare'
  if (settings.EDGE_NET_TURN_SECRET && usableUrls(listOf(settings.EDGE_NET_TURN_URLS)).length > 0)
    return 'shared-secret'
  return stunServers(settings).length > 0 ? 'stun' : 'none'
}

export async function iceAnswer(settings: Settings, peer: PeerId, nowMs: number): Promise<IceAnswer> {
  const stun = stunServers(settings)
  switch (iceProviderName(settings)) {
    case 'cloudflare': {
      const turn = await cloudflareTurn(settings, nowMs)
      // Peers without TURN still meet over STUN and the relay; that beats refusing them.
      return turn ? { iceServers: [...stun, ...turn.iceServers], expiresAtMs: turn.expiresAtMs } : { iceServers: stun }
    }
    case 'shared-secret': {
      const expiresAtMs = nowMs + CREDENTIAL_LIFE_MS
      const credentials = await sharedSecretCredentials(settings.EDGE_NET_TURN_SECRET ?? '', peer, expiresAtMs)
      const urls = usableUrls(listOf(settings.EDGE_NET_TURN_URLS))
      return { iceServers: [...stun, { urls, ...credentials }], expiresAtMs }
    }
    case 'stun':
    case 'none':
      break
  }
  return { iceServers: stun }
}

/** The same, if it takes nobody else: a welcome does not wait for another service. */
export async function iceAnswerAtHand(settings: Settings, peer: PeerId, nowMs: number): Promise<IceAnswer | undefined> {
  const mustAsk = iceProviderName(settings) === 'cloudflare' && !hasCloudflareTurn(settings, nowMs)
  return mustAsk ? undefined : iceAnswer(settings, peer, nowMs)
}

/**
 * Credentials that coturn computes for itself (`use-auth-secret`; draft-uberti-behave-turn-rest-00): the name is the
 * expiry in seconds and a user, the password the name's HMAC-SHA1, which that scheme fixes.
 */
export async function sharedSecretCredentials(
  secret: string,
  user: string,
  expiresAtMs: number,
): Promise<{ username: string; credential: string }> {
  const key = await crypto.subtle.importKey('raw', utf8(secret), { name: 'HMAC', hash: 'SHA-1' }, false, ['sign'])
  const username = `${Math.floor(expiresAtMs / 1000)}:${user}`
  const mac = new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(username)))
  return { username, credential: btoa(String.fromCharCode(...mac)) }
}

function stunServers(settings: Settings): IceServer[] {
  const urls = usableUrls(listOf(settings.EDGE_NET_STUN_URLS))
  return urls.length > 0 ? [{ urls }] : []
}
