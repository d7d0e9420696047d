/**
 * The networks that were visited in this browser, and what it takes to come back: the genesis, so that nobody need be asked
 * what the network is, and the chains of membership, one for each identity. All of it is shown to every peer, so none is secret.
 */
import { isNetworkKey } from '../../../protocol/network.ts'
import { readStored, writeStored } from '../storage.ts'

export interface VisitedNetwork {
  /** What names it in a room URL. */
  readonly key: string
  /** Text from a stranger. */
  readonly name: string
  readonly policy: 'public' | 'private' | 'consortium'
  readonly atMs: number
  /** base64url; of founded networks. */
  readonly genesis?: string
  /** Members and invites that its founder has removed, base64url: no host can hide what we know. */
  readonly revocations?: string
  /** By `siteId`, base64url. */
  readonly chains?: Readonly<Record<string, string>>
}

/** As many as a list is read of, and with a genesis and chains each far below the 5 MB that a browser gives. */
export const MAX_VISITED = 24
/** A person has a few identities; of more the one that came first is forgotten. */
export const MAX_CHAINS = 8
/** A name of 64 bytes; a genesis of 1 KiB, a list of 32 KiB and a few bytes, and a chain of 2 KiB in base64url. */
const MAX_NAME_CHARACTERS = 64
const MAX_GENESIS_CHARACTERS = 1_366
const MAX_REVOCATIONS_CHARACTERS = 44_000
const MAX_CHAIN_CHARACTERS = 2_731

const KEY = 'edge-net.networks'

export function loadVisited(): readonly VisitedNetwork[] {
  return parseVisited(readStored(KEY))
}

/** Returns whether the browser will remember. Other tabs may have written meanwhile, so the list is read anew. */
export function changeVisited(change: (visited: readonly VisitedNetwork[]) => readonly VisitedNetwork[]): boolean {
  return writeStored(KEY, change(loadVisited()))
}

/** The list with this visit in front. What was known of the network stays unless it is known better. */
export function withVisit(visited: readonly VisitedNetwork[], visit: VisitedNetwork): readonly VisitedNetwork[] {
  const before = visited.find(({ key }) => key === visit.key)
  const chains = Object.entries({ ...before?.chains, ...visit.chains }).slice(-MAX_CHAINS)
  const merged = { ...before, ...visit, ...(chains.length > 0 && { chains: Object.fromEntries(chains) }) }
  return [merged, ...visited.filter(({ key }) => key !== visit.key)].slice(0, MAX_VISITED)
}

export function without(visited: readonly VisitedNetwork[], key: string): readonly VisitedNetwork[] {
  return visited.filter((network) => network.key !== key)
}

/** Leaves of a network only that it was visited: what was kept of it does not hold. */
export function withoutProofs(visited: readonly VisitedNetwork[], key: string): readonly VisitedNetwork[] {
  return visited.map((network) => {
    const { name, policy, atMs } = network
    return network.key === key ? { key, name, policy, atMs } : network
  })
}

/** The identity's chain is not to be shown again. */
export function withoutChain(
  visited: readonly VisitedNetwork[],
  key: string,
  siteId: string,
): readonly VisitedNetwork[] {
  return visited.map((network) => {
    if (network.key !== key || !network.chains) return network
    const { [siteId]: _, ...chains } = network.chains
    return { ...network, chains }
  })
}

/** Storage belongs to everything that this host serves: what is there is taken for nothing but a stranger's text. */
export function parseVisited(value: unknown): readonly VisitedNetwork[] {
  if (!Array.isArray(value)) return []
  return value.slice(0, MAX_VISITED).flatMap((entry) => {
    const network = parseNetwork(entry)
    return network ? [network] : []
  })
}

function parseNetwork(value: unknown): VisitedNetwork | undefined {
  const { key, name, policy, atMs, genesis, revocations, chains } = Object(value) as Partial<
    Record<keyof VisitedNetwork, unknown>
  >
  if (typeof key !== 'string' || !isNetworkKey(key) || typeof name !== 'string' || typeof atMs !== 'number')
    return undefined
  if (policy !== 'public' && policy !== 'private' && policy !== 'consortium') return undefined
  const kept = Object.entries(Object(chains) as object).filter((chain): chain is [string, string] =>
    isText(chain[1], MAX_CHAIN_CHARACTERS),
  )
  return {
    key,
    name: name.slice(0, MAX_NAME_CHARACTERS),
    policy,
    atMs,
    ...(isText(genesis, MAX_GENESIS_CHARACTERS) && { genesis }),
    ...(isText(revocations, MAX_REVOCATIONS_CHARACTERS) && { revocations }),
    ...(kept.length > 0 && { chains: Object.fromEntries(kept.slice(-MAX_CHAINS)) }),
  }
}

function isText(value: unknown, maxCharacters: number): value is string {
  return typeof value === 'string' && value.length <= maxCharacters
}
