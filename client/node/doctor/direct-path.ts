/** Waiting for a direct path. */
import type { Network, Path, Peer } from '../../api.ts'

export interface FoundPath {
  readonly peer: Peer
  readonly path: Path
}

/** A path opens first and is told again with its candidates; nobody waits longer for those than this. */
const LABEL_MS = 1_500

/** The first direct path to one of these peers, or `undefined` when none opens in time. */
export function directPath(
  network: Network,
  isWanted: (peer: Peer) => boolean,
  withinMs: number,
): Promise<FoundPath | undefined> {
  return new Promise((resolve) => {
    const settle = (peer: Peer | undefined) => {
      clearTimeout(timer)
      stop()
      resolve(peer && { peer, path: peer.path })
    }
    let timer = setTimeout(() => settle(undefined), withinMs)
    const look = (peer: Peer) => {
      if (!isWanted(peer) || peer.path.kind !== 'direct') return
      if (peer.path.local !== 'unknown') return settle(peer)
      clearTimeout(timer)
      timer = setTimeout(() => settle(peer), LABEL_MS)
    }
    const stop = network.on('path', ({ peer }) => look(peer))
    for (const peer of network.peers.values()) look(peer)
  })
}
