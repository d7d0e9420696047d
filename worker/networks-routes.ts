/** Founding, describing and listing networks. */
import type { Hono } from 'hono'
import { fromBase64Url, toBase64Url } from '../protocol/bytes.ts'
import { proveGenesis, type Genesis } from '../protocol/genesis.ts'
import type { FoundedDescription, NetworkDescription, NetworkList } from '../protocol/http.ts'
import { MAX_GENESIS_BYTES } from '../protocol/limits.ts'
import { isPlainName, networkIdText } from '../protocol/network.ts'
import { charterOf } from './charter.ts'
import { gunRelays } from './gun-relays.ts'
import { knownNetworks, type KnownNetwork } from './known-networks.ts'
import { FOUNDING_WINDOW_MS, isFoundingLimited, sourceOf } from './rate-limits.ts'
import { registryOf } from './registry.ts'
import {
  base64UrlCharacters,
  corsHeaders,
  description,
  LISTING_CACHE_CONTROL,
  refuse,
  refuseAndCount,
  refusedReading,
  shortText,
  type RouteContext,
} from './route.ts'
import type { Settings } from './settings.ts'

/** A list is for people to choose from; whoever wants more asks for the next page. */
const LISTED_NETWORKS = 100
/** A name is no longer. */
const MAX_QUERY_CHARACTERS = 64
/** A founder's clock may be wrong, but nobody reserves the future. */
const MAX_CREATED_AHEAD_MS = 86_400_000

export function addNetworksRoutes(app: Hono<{ Bindings: Settings }>): void {
  app.post('/networks', (context) => found(context))
  app.get('/networks', (context) => list(context))
}

async function found(context: RouteContext): Promise<Response> {
  const { raw } = context.req
  const settings = context.env
  if (await isFoundingLimited(raw, settings)) {
    return refuseAndCount(context, 'found', '', 'rate-limited', FOUNDING_WINDOW_MS)
  }
  const maxCharacters = base64UrlCharacters(MAX_GENESIS_BYTES)
  const text = await shortText(raw, maxCharacters)
  const bytes = text.length > maxCharacters ? undefined : fromBase64Url(text)
  const genesis = bytes ? await proveGenesis(bytes) : 'genesis-malformed'
  if (typeof genesis === 'string') return refuseAndCount(context, 'found', '', genesis)
  if (genesis.createdAtMs > Date.now() + MAX_CREATED_AHEAD_MS) {
    return refuseAndCount(context, 'found', '', 'genesis-clock')
  }
  const network = networkIdText(genesis.id)
  const known = await knownNetworks.find(network, 'other', settings)
  if (known) return Response.json(await foundedDescription(context, network, known), { headers: freshHeaders(context) })
  // First the list, which may be full: a network that is not listed would be no public one.
  if (genesis.policy === 'public' && !(await registryOf(settings).list(network, genesis, await sourceOf(raw, '')))) {
    return refuseAndCount(context, 'found', '', 'registry-full')
  }
  const isNew = await charterOf(settings, network).register(genesis)
  const answer = await foundedDescription(context, network, { genesis, revocations: undefined })
  return Response.json(answer, { status: isNew ? 201 : 200, headers: freshHeaders(context) })
}

async function list(context: RouteContext): Promise<Response> {
  const refused = await refusedReading(context)
  if (refused) return refused
  const { query = '', after = '', limit = '' } = context.req.query()
  const headers = { ...corsHeaders(context), 'Cache-Control': LISTING_CACHE_CONTROL }
  if (query.length > MAX_QUERY_CHARACTERS) return Response.json({ networks: [] } satisfies NetworkList, { headers })
  const count = /^[1-9]\d{0,2}$/.test(limit) ? Math.min(Number(limit), LISTED_NETWORKS) : LISTED_NETWORKS
  const { items, next } = await registryOf(context.env).page({ query, after, limit: count })
  const networks = await Promise.all(
    items.map(({ network, members, label }) =>
      description(context, network, members, label && { ...label, policy: 'public' }),
    ),
  )
  const answer: NetworkList = { networks, ...(next !== undefined && { next }) }
  return Response.json(answer, { headers })
}

/** `GET /n/:network` for a program; the key has been checked. */
export async function describe(context: RouteContext, network: string): Promise<Response> {
  const refused = await refusedReading(context)
  if (refused) return refused
  const headers = { ...corsHeaders(context), 'Cache-Control': LISTING_CACHE_CONTROL, Vary: 'Accept, Origin' }
  if (isPlainName(network)) {
    const members = await registryOf(context.env).membersOf(network)
    const answer = { ...(await description(context, network, members)), ...relaysOf(context) }
    return Response.json(answer satisfies NetworkDescription, { headers })
  }
  const known = await knownNetworks.find(network, 'other', context.env)
  if (!known) return refuse(context, 'network-unknown')
  const isPublic = known.genesis.policy === 'public'
  return Response.json(await foundedDescription(context, network, known), {
    // What a closed network is called is for those who have its id.
    headers: isPublic ? headers : { ...headers, 'Cache-Control': 'no-store' },
  })
}

async function foundedDescription(
  context: RouteContext,
  network: string,
  { genesis, revocations }: KnownNetwork,
): Promise<FoundedDescription> {
  const members = await registryOf(context.env).membersOf(network)
  return {
    ...(await description(context, network, members, labelOf(genesis))),
    ...relaysOf(context),
    genesis: toBase64Url(genesis.bytes),
    ...(revocations && { revocations: toBase64Url(revocations.bytes) }),
  }
}

function relaysOf({ env }: RouteContext): Pick<NetworkDescription, 'gunRelays'> {
  const relays = gunRelays(env)
  return relays.length > 0 ? { gunRelays: relays } : {}
}

function labelOf({ name, policy, description: about, creator }: Genesis) {
  return { name, policy, description: about, creator: toBase64Url(creator) }
}

function freshHeaders(context: RouteContext): Record<string, string> {
  return { ...corsHeaders(context), 'Cache-Control': 'no-store' }
}
