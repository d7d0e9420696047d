/** How two sessions of ours find each other. */
import type { Network, Peer } from '../../api.ts'

/** The other session as this one sees it. */
export function met(network: Network, other: Network): Promise<Peer> {
  return new Promise((resolve) => {
    const look = () => {
      const peer = network.peers.get(other.peerId)
      if (peer) resolve(peer)
    }
    network.on('peer', look)
    look()
  })
}

/** False when the path to the other one does not become direct in time. */
export function isDirect(network: Network, other: Network, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (found: boolean) => {
      clearTimeout(giveUp)
      stop()
      resolve(found)
    }
    const look = () => {
      if (network.peers.get(other.peerId)?.path.kind === 'direct') settle(true)
    }
    const giveUp = setTimeout(() => settle(false), withinMs)
    const stop = network.on('path', look)
    look()
  })
}
