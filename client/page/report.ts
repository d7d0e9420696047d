/** What a person hands to somebody who is to find out why a peer is reached as it is. */
import type { PageState, ShownPeer } from './state.ts'

/** JSON with what is known of a peer's link and of this end. It holds no key, no credential and no message. */
export function reportOf(state: PageState, roomUrl: string, peer: ShownPeer, at: Date): string {
  const { networkId, status, isOnline, total, carriers, self, membership } = state
  const { id, name, history, explanation } = peer
  const report = {
    at: at.toISOString(),
    room: { url: roomUrl, networkId, status, total },
    carriers,
    self: { peerId: self?.peerId, isOnline, role: membership.role },
    peer: { id, name },
    explanation,
    history: {
      samples: history.samples.map(({ atMs, rttMs }) => [Math.round(atMs), Math.round(rttMs * 10) / 10]),
      turns: history.turns.map(({ atMs, reach }) => [Math.round(atMs), reach]),
    },
  }
  return JSON.stringify(report, null, 2)
}
