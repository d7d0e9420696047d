/** The Worker's routes. The WebSocket route has no middleware: editing the headers of a 101 breaks it. */
import { Hono, type Context } from 'hono'
import type { HttpError, IceAnswer, NetworkDescription, NetworkList } from '../protocol/http.ts'
import { MAX_TICKET_CHARACTERS, SUBPROTOCOL } from '../protocol/limits.ts'
import { isPlainName, networkIdOfName, networkIdText } from '../protocol/network.ts'
import type { RefusalCode } from '../protocol/room-messages.ts'
import type { Purpose } from '../protocol/ticket.ts'
import {
  admissionRequest,
  admit,
  isRateLimited,
  originAllowed,
  RATE_WINDOW_MS,
  type Admission,
  type Refused,
} from './door.ts'
import { iceAnswer, iceAnswerAtHand, iceProviderName } from './ice.ts'
import { errorKind, log } from './log.ts'
import { metricsResponse } from './metrics.ts'
import { refuseHttp, statusOf } from './refusal.ts'
import { offeredProtocols, refuseSocket } from './refuse-socket.ts'
import { countRefusal } from './refusal-count.ts'
import { registryOf } from './registry.ts'
import type { Settings } from './settings.ts'

type RouteContext = Context<{ Bindings: Settings }>

/** A list is for people to choose from. */
const LISTED_NETWORKS = 100
/** Listings may be this old: the registry is one object for all the world. */
const LISTING_CACHE_CONTROL = 'public, max-age=5'

export const app = new Hono<{ Bindings: Settings }>()

app.get('/n/:network', async (context) => {
  const network = context.req.param('network')
  if (context.req.header('Upgrade')?.toLowerCase() === 'websocket') return join(context, network)
  const fault = nameFault(network)
  if (!fault && wantsJson(context)) return (await refusedReading(context)) ?? describe(context, network)
  if (fault && !wantsPage(context)) return refuseHttp(fault, Date.now(), undefined, corsHeaders(context))
  const page = await context.env.ASSETS.fetch(new URL('/page.html', context.req.url))
  // A person who mistyped a name gets the page all the same; it says what is wrong.
  return fault ? new Response(page.body, { status: statusOf(fault), headers: page.headers }) : page
})

app.post('/n/:network/ice', async (context) => {
  const network = context.req.param('network')
  const headers = { ...corsHeaders(context), 'Cache-Control': 'no-store' }
  const ticket = await shortText(context.req.raw, MAX_TICKET_CHARACTERS)
  const admitted = await enter(context, network, 'ice', ticket)
  if ('refused' in admitted) return refuseHttp(admitted.refused, Date.now(), admitted.retryAfterMs, headers)
  const answer: IceAnswer = await iceAnswer(context.env, admitted.peerId, Date.now())
  return Response.json(answer, { headers })
})

app.get('/', (context) => context.redirect('/n/mainnet'))

app.get('/networks', async (context) => {
  const refused = await refusedReading(context)
  if (refused) return refused
  const largest = await registryOf(context.env).largest(LISTED_NETWORKS)
  const networks = await Promise.all(largest.map(({ name, members }) => description(context, name, members)))
  const list: NetworkList = { networks }
  return Response.json(list, { headers: { ...corsHeaders(context), 'Cache-Control': LISTING_CACHE_CONTROL } })
})

app.get('/health', (context) =>
  Response.json(
    { ok: true, protocol: SUBPROTOCOL, ice: iceProviderName(context.env) },
    { headers: corsHeaders(context) },
  ),
)

app.get('/metrics', async (context) => (await refusedReading(context)) ?? metricsResponse(context.req.raw, context.env))

for (const path of ['/n/:network', '/n/:network/ice', '/networks', '/health', '/metrics']) {
  app.all(path, (context) => refuseHttp('method-not-allowed', Date.now(), undefined, corsHeaders(context)))
}

app.notFound((context) => refuseHttp('not-found', Date.now(), undefined, corsHeaders(context)))

app.onError((error, context) => {
  log({ event: 'internal-error', route: context.req.routePath, reason: errorKind(error) })
  return refuseHttp('internal', Date.now(), undefined, corsHeaders(context))
})

// ---- joining -------------------------------------------------------------------------------------------------------

async function join(context: RouteContext, network: string): Promise<Response> {
  const request = context.req.raw
  try {
    const ticket = offeredProtocols(request).find((protocol) => protocol !== SUBPROTOCOL)
    const admitted = await enter(context, network, 'join', ticket)
    if ('refused' in admitted) return refuseSocket(request, admitted.refused, Date.now(), admitted.retryAfterMs)
    const ice = await iceAnswerAtHand(context.env, admitted.peerId, Date.now())
    const response = await context.env.ROOM.getByName(network).fetch(admissionRequest(admitted, ice))
    if (response.status === 101) return response
    const { error } = await response.json<HttpError>()
    noteRefusal(context, 'join', network, error.code)
    return refuseSocket(request, error.code, Date.now(), error.retryAfterMs)
  } catch (error) {
    log({ event: 'internal-error', route: 'join', reason: errorKind(error) })
    return refuseSocket(request, 'internal', Date.now())
  }
}

async function enter(
  context: RouteContext,
  network: string,
  purpose: Purpose,
  ticket: string | undefined,
): Promise<Admission | Refused> {
  const request = context.req.raw
  const outcome = await decide()
  if ('refused' in outcome) noteRefusal(context, purpose, network, outcome.refused)
  return outcome

  async function decide(): Promise<Admission | Refused> {
    const fault = nameFault(network)
    if (fault) return { refused: fault }
    if (!originAllowed(request, context.env)) return { refused: 'origin-refused' }
    if (await isRateLimited(request, network, purpose, context.env)) {
      return { refused: 'rate-limited', retryAfterMs: RATE_WINDOW_MS }
    }
    return admit({ ticket, purpose, host: new URL(request.url).host, network, nowMs: Date.now() })
  }
}

function noteRefusal(context: RouteContext, purpose: Purpose, network: string, code: RefusalCode): void {
  // A flood of joins is counted but not written down; and what is no name is a stranger's text, not for the log.
  if (code !== 'rate-limited') log({ event: 'refused', purpose, network: isPlainName(network) ? network : '', code })
  countRefusal(code, context.env, context.executionCtx)
}

/** Ids of registered networks (`net-…`) have a name of their own to be refused by: nothing is registered here yet. */
function nameFault(network: string): RefusalCode | undefined {
  if (isPlainName(network)) return undefined
  return network.startsWith('net-') ? 'network-unknown' : 'network-name'
}

// ---- describing ----------------------------------------------------------------------------------------------------

/** A refusal when this part of the Internet reads too often: the registry is one object for all the world. */
async function refusedReading(context: RouteContext): Promise<Response | undefined> {
  if (!(await isRateLimited(context.req.raw, '', 'read', context.env))) return undefined
  return refuseHttp('rate-limited', Date.now(), RATE_WINDOW_MS, corsHeaders(context))
}

async function describe(context: RouteContext, network: string): Promise<Response> {
  const members = await registryOf(context.env).membersOf(network)
  return Response.json(await description(context, network, members), {
    headers: { ...corsHeaders(context), 'Cache-Control': LISTING_CACHE_CONTROL, Vary: 'Accept, Origin' },
  })
}

async function description(context: RouteContext, name: string, members: number): Promise<NetworkDescription> {
  const id = networkIdText(await networkIdOfName(name))
  return { name, id, policy: 'public', url: new URL(`/n/${name}`, context.req.url).href, members }
}

/** A person's browser asks for HTML first; programs ask for JSON or for anything. */
function wantsJson(context: RouteContext): boolean {
  const accept = context.req.header('Accept') ?? ''
  return accept.includes('application/json') && !accept.includes('text/html')
}

function wantsPage(context: RouteContext): boolean {
  return context.req.header('Accept')?.includes('text/html') ?? false
}

/** Pages of allowed origins may read answers; there are no cookies to protect. */
function corsHeaders(context: RouteContext): Record<string, string> {
  const origin = context.req.header('Origin')
  if (origin === undefined || !originAllowed(context.req.raw, context.env)) return { Vary: 'Origin' }
  return { 'Access-Control-Allow-Origin': origin, Vary: 'Origin' }
}

/** The body as text; longer ones are cut right behind the limit, so that they are refused without being read. */
async function shortText(request: Request, maxCharacters: number): Promise<string> {
  if (!request.body) return ''
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of request.body) {
    text += decoder.decode(chunk as Uint8Array, { stream: true })
    if (text.length > maxCharacters) break
  }
  return text
}
