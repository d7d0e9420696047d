/**
 * Gun relays that the operator names, for when this service cannot be reached: a page that is open then goes on over them. It
 * talks to nobody else, so its content security policy names exactly their origins.
 */
import { gunRelayUrl, MAX_GUN_RELAYS } from '../protocol/gun-relays.ts'
import { listOf, type Settings } from './settings.ts'

/** As WebSocket URLs, each once. What no client could use is left out, as `GET /health` shows by their number. */
export function gunRelays({ EDGE_NET_GUN_RELAYS }: Settings): readonly string[] {
  const urls = listOf(EDGE_NET_GUN_RELAYS).flatMap((text) => gunRelayUrl(text) ?? [])
  return [...new Set(urls)].slice(0, MAX_GUN_RELAYS)
}

const OWN_HOST_ALONE = "connect-src 'self'"
const NO_RELAYS = '<meta name="edge-net-gun-relays" content="" />'
const POLICY = 'Content-Security-Policy'

/** The join page, as it is served where there are relays. */
export async function pageWithRelays(page: Response, relays: readonly string[]): Promise<Response> {
  if (relays.length === 0) return page
  const origins = new Set(relays.map((relay) => new URL(relay).origin))
  const allowed = [OWN_HOST_ALONE, ...origins].join(' ')
  const html = await page.text()
  const named = NO_RELAYS.replace('""', () => `"${relays.join(' ').replaceAll('&', '&amp;')}"`)
  const headers = new Headers(page.headers)
  headers.set(POLICY, (headers.get(POLICY) ?? '').replace(OWN_HOST_ALONE, allowed))
  // They are of the page as it is stored.
  for (const name of ['Content-Length', 'ETag']) headers.delete(name)
  const body = html.replace(OWN_HOST_ALONE, () => allowed).replace(NO_RELAYS, () => named)
  return new Response(body, { status: page.status, headers })
}
