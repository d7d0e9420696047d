/** Gun relays that were named on the command line or in the environment. Gun is loaded only for them. */
import { gunRelayUrl, MAX_GUN_RELAYS } from '../../protocol/gun-relays.ts'
import type { Carrier } from '../carrier/carrier.ts'
import { listOf, variable, type Environment } from './environment.ts'
import { UsageError } from './usage-error.ts'

/** @throws UsageError */
export function gunRelaysOf(flags: readonly string[] | undefined, environment: Environment): readonly string[] {
  if (flags) return checkedGunRelays(flags, '--gun')
  return checkedGunRelays(listOf(variable(environment, 'EDGE_NET_GUN')), 'EDGE_NET_GUN')
}

/**
 * As WebSocket URLs, each once.
 *
 * @param source a flag or a variable, for what is said of it
 * @throws UsageError
 */
export function checkedGunRelays(texts: readonly string[], source: string): readonly string[] {
  const urls = texts.map((text) => {
    const url = gunRelayUrl(text)
    if (url !== undefined) return url
    const hint = `For example: ${source}${source.startsWith('--') ? ' ' : '='}https://relay.example.org/gun`
    throw new UsageError(`${source} has "${text}", which is not the URL of a Gun relay.`, hint)
  })
  const distinct = [...new Set(urls)]
  if (distinct.length <= MAX_GUN_RELAYS) return distinct
  throw new UsageError(`${source} names ${distinct.length} Gun relays.`, `Use at most ${MAX_GUN_RELAYS}.`)
}

/**
 * Carriers to join with: none, or one.
 *
 * @throws EdgeNetError `unsupported`, `gun-missing`, before anything else is done: whoever names relays counts on them
 */
export async function gunOf(relays: readonly string[]): Promise<readonly Carrier[]> {
  if (relays.length === 0) return []
  const [{ gunCarrier }, { loadGun }] = await Promise.all([
    import('../carrier/gun/index.ts'),
    import('../carrier/gun/gun-graph.ts'),
  ])
  return [gunCarrier({ relays, gun: await loadGun() })]
}
