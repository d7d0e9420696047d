/** Two Node peers in a real room, with what they heard. */
import { afterAll, afterEach, beforeAll } from 'vitest'
import { join, type Data, type JoinOptions, type Network, type Peer } from '../../client/node/index.ts'
import { eventually } from './eventually.ts'
import { startService, type Service } from './server.ts'

/** Generous: ICE and DTLS of two Node processes can take seconds on a busy machine. */
const MEETING_MS = 20_000

export interface MetPeer {
  readonly network: Network
  /** The other one, as this one sees it. */
  readonly peer: Peer
}

/** A service for the file, and peers that leave after each test. */
export function useRoom(): {
  readonly service: () => Service
  readonly joinAs: (room: string, options?: JoinOptions) => Promise<Network>
  readonly meet: (room: string, options?: JoinOptions) => Promise<readonly [MetPeer, MetPeer]>
} {
  let service: Service
  const networks: Network[] = []
  beforeAll(async () => {
    service = await startService({ rateLimits: 'off' })
  })
  afterEach(async () => {
    await Promise.all(networks.splice(0).map((network) => network.close()))
  })
  afterAll(() => service.close())

  const joinAs = async (room: string, options: JoinOptions = {}): Promise<Network> => {
    const network = await join(service.roomUrl(room), { iceServers: [], ...options })
    networks.push(network)
    return network
  }
  return {
    service: () => service,
    joinAs,
    meet: async (room, options) => {
      const [a, b] = [await joinAs(room, options), await joinAs(room, options)]
      return [
        { network: a, peer: await peerOf(a, b) },
        { network: b, peer: await peerOf(b, a) },
      ]
    },
  }
}

/** Another network's session as this one sees it, once it is verified. */
export function peerOf(network: Network, other: Network): Promise<Peer> {
  return eventually(() => {
    const peer = network.peers.get(other.peerId)
    if (!peer) throw new Error('not verified yet')
    return peer
  }, MEETING_MS)
}

/** Writes down a network's messages from now on. */
export function heardBy(network: Network): Data[] {
  const heard: Data[] = []
  network.on('message', ({ data }) => void heard.push(data))
  return heard
}

export function isDirect({ peer }: MetPeer): Promise<void> {
  return eventually(() => {
    if (peer.path.kind !== 'direct') throw new Error('not direct yet')
  }, MEETING_MS)
}
