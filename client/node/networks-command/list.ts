/** `edge-net networks`: those that the data folder knows, or the public ones of a host. */
import { listNetworks } from '../../networks/index.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { KeptNetworks } from '../kept-network.ts'
import type { ProgressLine } from '../progress-line.ts'
import { hostOf, type ListOptions } from './options.ts'
import type { NetworksEvent } from './report.ts'

/** What a host answers at once, at most. */
const PAGE = 100

/** Tells of the networks of a data folder, once for each identity that has to do with one. */
export async function listKept(folder: string, tell: (event: NetworksEvent) => void): Promise<ExitCode> {
  const kept = new KeptNetworks(folder)
  let told = 0
  for (const network of await kept.networks()) {
    const [memberships, invites] = await Promise.all([kept.memberships(network.id), kept.invites(network.id)])
    for (const { chain: _, ...membership } of memberships) {
      tell({ event: 'known', network, invites: invites.length, ...membership })
      told++
    }
  }
  tell({ event: 'listed', networks: told, isComplete: true })
  return EXIT.ok
}

/**
 * Tells of the public networks of a host, the largest first.
 *
 * @throws EdgeNetError `room-unreachable`, `membership`; UsageError for what is no host
 */
export async function listPublic(
  host: string,
  { query, limit }: Pick<ListOptions, 'query' | 'limit'>,
  tell: (event: NetworksEvent) => void,
  progress: ProgressLine,
  signal: AbortSignal,
): Promise<ExitCode> {
  const origin = hostOf(host)
  let told = 0
  let after: string | undefined
  do {
    const page = await listNetworks(origin, {
      ...(query !== undefined && { query }),
      ...(after !== undefined && { after }),
      limit: Math.min(PAGE, limit - told),
      signal,
    })
    progress.clear()
    for (const network of page.networks) tell({ event: 'network', ...network })
    told += page.networks.length
    after = page.next
    progress.show(`${told} networks so far`)
  } while (after !== undefined && told < limit)
  progress.clear()
  tell({ event: 'listed', networks: told, isComplete: after === undefined })
  return EXIT.ok
}
