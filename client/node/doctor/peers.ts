/** Does a direct path open to one of those who are in the room? */
import type { Network, Peer } from '../../api.ts'
import { nameOr, pathWords, shortId } from '../../words.ts'
import { nodeEngine } from '../engine.ts'
import { directPath } from './direct-path.ts'
import { finding, type Finding } from './finding.ts'
import type { Sessions } from './sessions.ts'

/** Long enough for a first attempt over a bad network. */
const OPEN_MS = 10_000

/** @param others members of the room besides us, as the room counted them */
export async function checkPeers(sessions: Sessions, others: number): Promise<Finding> {
  if (others === 0) return finding('peers', 'skipped', 'nobody else is in the room')
  if (!(await nodeEngine())) return finding('peers', 'skipped', 'there is no WebRTC engine here')
  const network = await sessions.enter({ direct: 'on' })
  try {
    const found = await Promise.race([directPath(network, () => true, OPEN_MS), nobodyHasRtc(network, others)])
    const peers = [...network.peers.values()]
    if (found) {
      const summary = `direct to ${label(found.peer)}: ${pathWords(found.path, 'room')}`
      return finding('peers', 'ok', summary, { facts: { met: peers.length, path: { ...found.path } } })
    }
    return notDirect(network, peers)
  } finally {
    await network.close()
  }
}

/** Resolves as soon as waiting is in vain: all have been met, and none of them can be reached directly. */
function nobodyHasRtc(network: Network, others: number): Promise<undefined> {
  return new Promise((resolve) => {
    const look = () => {
      const peers = [...network.peers.values()]
      if (peers.length >= others && !peers.some(({ rtc }) => rtc)) resolve(undefined)
    }
    network.on('peer', look)
    look()
  })
}

function notDirect(network: Network, peers: readonly Peer[]): Finding {
  const facts = { met: peers.length, total: network.total }
  if (peers.length === 0) return finding('peers', 'skipped', 'those in the room did not answer', { facts })
  if (!peers.some(({ rtc }) => rtc)) {
    return finding('peers', 'skipped', 'nobody in the room has WebRTC, or lets it be used', { facts })
  }
  const summary = `no direct path to any of ${peers.length} within ${OPEN_MS / 1_000} s; the room carries all`
  const advice = ['See STUN and TURN above for this side; run the doctor on the other side, too.']
  return finding('peers', 'limited', summary, { advice, facts })
}

function label({ name, id }: Peer): string {
  return `${nameOr(name, 'an unnamed peer')} (${shortId(id)})`
}
