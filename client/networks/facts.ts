/** What is known of a network before joining it. */
import { toBase64Url } from '../../protocol/bytes.ts'
import { approvalsNeeded, approversOf } from '../../protocol/approval.ts'
import { DEFAULT_PARAMETERS, type Genesis } from '../../protocol/genesis.ts'
import { networkIdOfName, networkIdText } from '../../protocol/network.ts'
import type { RoomUrl } from '../room-url.ts'
import type { NetworkFacts } from './api.ts'
import { fieldsOf } from './host.ts'

/** Of a founded network: what its genesis says. */
export function factsOf(genesis: Genesis, room: RoomUrl, members: number): NetworkFacts {
  const { id, name, description, policy, parameters, creator, createdAtMs } = genesis
  return {
    id: networkIdText(id),
    name,
    description,
    policy,
    parameters,
    creator: toBase64Url(creator),
    approvers: approversOf(genesis).map(toBase64Url),
    approvalsNeeded: approvalsNeeded(genesis),
    createdAtMs,
    roomUrl: room.http,
    members,
  }
}

/** Of a plain name, which stands for a public network with nothing but defaults. */
export async function factsOfName(room: RoomUrl, members: number): Promise<NetworkFacts> {
  return {
    id: networkIdText(await networkIdOfName(room.network)),
    name: room.network,
    description: '',
    policy: 'public',
    parameters: DEFAULT_PARAMETERS,
    creator: undefined,
    approvers: [],
    approvalsNeeded: 0,
    createdAtMs: undefined,
    roomUrl: room.http,
    members,
  }
}

/** The host's word on how many are there; nothing better than none when it says nothing useful. */
export function membersIn(description: unknown): number {
  const { members } = fieldsOf(description)
  return Number.isSafeInteger(members) && Number(members) >= 0 ? Number(members) : 0
}
