/** `edge-net create`: founds a network, has a host know it, and keeps what makes its creator its creator. */
import { foundNetwork } from '../../networks/index.ts'
import { makeDataFolder } from '../data-folder.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { loadIdentity } from '../identity-file.ts'
import { keepMembership } from '../membership.ts'
import type { CreateOptions } from './options.ts'
import type { NetworksEvent } from './report.ts'

/** @throws EdgeNetError `membership`, `room-unreachable`; UsageError when folder or identity cannot be used */
export async function create(
  { folder, ...founding }: CreateOptions,
  tell: (event: NetworksEvent) => void,
): Promise<ExitCode> {
  await makeDataFolder(folder)
  const identity = await loadIdentity(folder)
  const network = await foundNetwork({ ...founding, identity })
  await keepMembership(folder, network, identity.siteId)
  tell({ event: 'created', ...network.facts, genesis: network.genesis ?? '', folder })
  return EXIT.ok
}
