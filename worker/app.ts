/** The Worker's routes. The WebSocket route has no middleware: editing the headers of a 101 breaks it. */
import { Hono } from 'hono'
import type { HttpError, IceAnswer } from '../protocol/http.ts'
import { MAX_TICKET_CHARACTERS, SUBPROTOCOL } from '../protocol/limits.ts'
import type { Purpose } from '../protocol/ticket.ts'
import { admissionRequest, admit, originAllowed, type Admission, type Refused } from './door.ts'
import { gunRelays, pageWithRelays } from './gun-relays.ts'
import { iceAnswer, iceAnswerAtHand, iceProviderName } from './ice.ts'
import { errorKind, log } from './log.ts'
import { membershipFault } from './membership.ts'
import { addMembershipRoutes } from './membership-routes.ts'
import { metricsResponse } from './metrics.ts'
import { addNetworksRoutes, describe } from './networks-routes.ts'
import { isRateLimited, RATE_WINDOW_MS } from './rate-limits.ts'
import { refuseHttp, statusOf } from './refusal.ts'
import { offeredProtocols, refuseSocket } from './refuse-socket.ts'
import { corsHeaders, nameFault, noteRefusal, refusedReading, shortText, type RouteContext } from './route.ts'
import type { Settings } from './settings.ts'

export const app = new Hono<{ Bindings: Settings }>()

app.get('/n/:network', async (context) => {
  const network = context.req.param('network')
  if (context.req.header('Upgrade')?.toLowerCase() === 'websocket') return join(context, network)
  const fault = nameFault(network)
  if (!fault && wantsJson(context)) return describe(context, network)
  if (fault && !wantsPage(context)) return refuseHttp(fault, Date.now(), undefined, corsHeaders(context))
  const page = await pageWithRelays(
    await context.env.ASSETS.fetch(new URL('/page.html', context.req.url)),
    gunRelays(context.env),
  )
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

addNetworksRoutes(app)
addMembershipRoutes(app)

app.get('/health', (context) =>
  Response.json(
    { ok: true, protocol: SUBPROTOCOL, ice: iceProviderName(context.env), gunRelays: gunRelays(context.env).length },
    { headers: corsHeaders(context) },
  ),
)

app.get('/metrics', async (context) => (await refusedReading(context)) ?? metricsResponse(context.req.raw, context.env))

const PARTS = ['ice', 'revocations', 'waiting', 'reviews', 'declines', 'approvals']
for (const path of ['/n/:network', `/n/:network/:part{${PARTS.join('|')}}`, '/networks', '/health', '/metrics']) {
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
    const knock = { ticket, purpose, host: new URL(request.url).host, network, nowMs: Date.now() }
    const admitted = await admit(knock)
    if ('refused' in admitted) return admitted
    const stranger = await membershipFault(network, admitted.proven, purpose, context.env)
    return stranger ? { refused: stranger } : admitted
  }
}

/** A person's browser asks for HTML first; programs ask for JSON or for anything. */
function wantsJson(context: RouteContext): boolean {
  const accept = context.req.header('Accept') ?? ''
  return accept.includes('application/json') && !accept.includes('text/html')
}

function wantsPage(context: RouteContext): boolean {
  return context.req.header('Accept')?.includes('text/html') ?? false
}
