/** What the routes have in common: who may read an answer, how a body is read, and how a refusal is told and counted. */
import type { Context } from 'hono'
import type { NetworkDescription } from '../protocol/http.ts'
import { isNetworkKey, networkIdOfName, networkIdText } from '../protocol/network.ts'
import type { RefusalCode } from '../protocol/refusal.ts'
import { originAllowed } from './door.ts'
import { log, loggedName } from './log.ts'
import { isRateLimited, RATE_WINDOW_MS } from './rate-limits.ts'
import { refuseHttp } from './refusal.ts'
import { countRefusal } from './refusal-count.ts'
import type { Settings } from './settings.ts'

export type RouteContext = Context<{ Bindings: Settings }>

/** Descriptions may be this old: there is one registry for all the world. */
export const LISTING_CACHE_CONTROL = 'public, max-age=5'

/** Pages of allowed origins may read answers; there are no cookies to protect. */
export function corsHeaders(context: RouteContext): Record<string, string> {
  const origin = context.req.header('Origin')
  if (origin === undefined || !originAllowed(context.req.raw, context.env)) return { Vary: 'Origin' }
  return { 'Access-Control-Allow-Origin': origin, Vary: 'Origin' }
}

export function refuse(context: RouteContext, code: RefusalCode, retryAfterMs?: number): Response {
  return refuseHttp(code, Date.now(), retryAfterMs, { ...corsHeaders(context), 'Cache-Control': 'no-store' })
}

/** The same, written down and counted. */
export function refuseAndCount(
  context: RouteContext,
  purpose: 'found' | 'membership',
  network: string,
  code: RefusalCode,
  retryAfterMs?: number,
): Response {
  noteRefusal(context, purpose, network, code)
  return refuse(context, code, retryAfterMs)
}

export function noteRefusal(
  context: RouteContext,
  purpose: 'join' | 'ice' | 'found' | 'membership',
  network: string,
  code: RefusalCode,
): void {
  // A flood is counted but not written down.
  if (code !== 'rate-limited') log({ event: 'refused', purpose, network: loggedName(network), code })
  countRefusal(code, context.env, context.executionCtx)
}

/** A refusal when this part of the Internet reads too often. */
export async function refusedReading(context: RouteContext): Promise<Response | undefined> {
  if (!(await isRateLimited(context.req.raw, '', 'read', context.env))) return undefined
  return refuse(context, 'rate-limited', RATE_WINDOW_MS)
}

/** What is wrong with what stands for a network in a room URL. */
export function nameFault(network: string): RefusalCode | undefined {
  return isNetworkKey(network) ? undefined : 'network-name'
}

/** @param network what stands in the room URL: a plain name, or the id of a founded network with its label */
export async function description(
  context: RouteContext,
  network: string,
  members: number,
  founded?: Pick<NetworkDescription, 'name' | 'policy' | 'description' | 'creator'>,
): Promise<NetworkDescription> {
  const url = new URL(`/n/${network}`, context.req.url).href
  if (founded) return { id: network, url, members, ...founded }
  return { name: network, id: networkIdText(await networkIdOfName(network)), policy: 'public', url, members }
}

/** The body as text; longer ones are cut right behind the limit, so that they are refused without being read. */
export async function shortText(request: Request, maxCharacters: number): Promise<string> {
  if (!request.body) return ''
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of request.body) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    if (text.length > maxCharacters) break
  }
  return text
}

/** The length of so many bytes as base64url. */
export function base64UrlCharacters(bytes: number): number {
  return Math.ceil((bytes * 4) / 3)
}
