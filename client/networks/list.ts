/** `listNetworks`: the public networks of a host, for somebody to choose from. */
import type { NetworkDescription } from '../../protocol/http.ts'
import { isNetworkKey, parseNetworkId } from '../../protocol/network.ts'
import type { Listing } from './api.ts'
import { membersIn } from './facts.ts'
import { invalid, refusedError } from './fault.ts'
import { askHost, fieldsOf } from './host.ts'

/** A host that gives more is not to be read to its end. */
const MAX_LISTED = 200

/**
 * The networks that a host lists, the largest first. All of it is the host's word: {@link describeNetwork} checks one of them.
 *
 * @param host any URL there
 * @throws EdgeNetError `room-unreachable`, `membership`, `invalid-argument`, `aborted`
 */
export async function listNetworks(
  host: string,
  options: {
    /** Part of a name. */
    readonly query?: string
    /** {@link Listing.next} of the page before. */
    readonly after?: string
    readonly limit?: number
    readonly signal?: AbortSignal
  } = {},
): Promise<Listing> {
  if (!URL.canParse(host)) throw invalid('host', `"${host}" is no URL.`, 'Use https://HOST.')
  const url = new URL('/networks', host)
  for (const name of ['query', 'after', 'limit'] as const) {
    const value = options[name]
    if (value !== undefined) url.searchParams.set(name, String(value))
  }
  const answer = await askHost(url.href, { signal: options.signal })
  if ('refusal' in answer) throw refusedError(answer.refusal)
  const { networks, next } = fieldsOf(answer.value)
  const items: readonly unknown[] = Array.isArray(networks) ? networks.slice(0, MAX_LISTED) : []
  return {
    networks: items.map((item) => listedIn(item, url.origin)).filter((item) => item !== undefined),
    next: typeof next === 'string' ? next : undefined,
  }
}

/** A list leads to rooms of its own host only. */
function listedIn(item: unknown, origin: string): NetworkDescription | undefined {
  const { name, id, policy, url, description, creator } = fieldsOf(item)
  const key = typeof url === 'string' && url.startsWith(`${origin}/n/`) ? url.slice(`${origin}/n/`.length) : ''
  const isNamed = typeof name === 'string' && typeof id === 'string' && parseNetworkId(id) && isNetworkKey(key)
  if (!isNamed || policy !== 'public') return undefined
  return {
    name,
    id,
    policy,
    url: `${origin}/n/${key}`,
    members: membersIn(item),
    ...(typeof description === 'string' && { description }),
    ...(typeof creator === 'string' && { creator }),
  }
}
