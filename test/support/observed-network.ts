/** A real SDK client whose events are written down from the first one on. */
import { join, type Data, type JoinOptions, type Network, type NetworkState } from '../../client/index.ts'
import type { PeerId } from '../../protocol/peer-id.ts'

export interface ObservedNetwork {
  readonly network: Network
  readonly messages: { readonly from: PeerId; readonly data: Data }[]
  readonly errors: { readonly code: string; readonly reason: string; readonly peer: PeerId | undefined }[]
  readonly states: NetworkState[]
  /** `announced`, `peer` and `peer-left` events with the peer id, in order. */
  readonly presence: string[]
}

/** Joins over the relay alone, unless told otherwise. */
export async function joinObserved(roomUrl: string, options: JoinOptions = {}): Promise<ObservedNetwork> {
  const network = await join(roomUrl, { direct: 'off', ...options })
  const observed: ObservedNetwork = { network, messages: [], errors: [], states: [], presence: [] }
  network.on('message', ({ peer, data }) => void observed.messages.push({ from: peer.id, data }))
  network.on(
    'error',
    ({ error: { code, reason }, peer }) => void observed.errors.push({ code, reason, peer: peer?.id }),
  )
  network.on('state', ({ state }) => void observed.states.push(state))
  network.on('announced', ({ peer }) => void observed.presence.push(`announced ${peer.id}`))
  network.on('peer', ({ peer }) => void observed.presence.push(`peer ${peer.id}`))
  network.on('peer-left', ({ peer, reason }) => void observed.presence.push(`${reason} ${peer.id}`))
  return observed
}
