/** What a mesh sees of its network. */
import { proveAnnouncement } from '../protocol/announcement.ts'
import { toBase64Url, type Bytes } from '../protocol/bytes.ts'
import { encodePeersRequest } from '../protocol/room-messages.ts'
import type { RoomCarrier } from './carrier/room.ts'
import type { Failures } from './failures.ts'
import type { Links } from './links.ts'
import type { MeshHost, ProvenMember } from './mesh/api.ts'
import type { JoinedNetwork } from './network.ts'
import type { NetworkParts } from './network-parts.ts'

export function meshHost(
  network: JoinedNetwork,
  { session, clock, membership }: NetworkParts,
  links: Links,
  room: RoomCarrier,
  failures: Failures,
): MeshHost {
  const networkId = session.core.network

  async function prove(bytes: Bytes): Promise<ProvenMember | undefined> {
    const proven = await proveAnnouncement(bytes, networkId, clock.nowMs())
    if (typeof proven === 'string' || (await links.judge(proven))) return undefined
    const { peerId: id, profile, core } = proven
    const { name, capabilities } = profile
    return { id, siteId: toBase64Url(core.identity), name, capabilities, identity: core.identity }
  }

  return {
    networkId,
    degree: membership?.degree,
    nowMs: () => clock.nowMs(),
    peerId: session.peerId,
    peers: network.peers,
    on: (...args) => network.on(...args),
    channel: (...args) => network.channel(...args),
    // Whoever leaves still takes leave of those whom neighbours lead to.
    send: (peer, ...args) => links.remotes.get(peer)?.send(...args),
    announcement: () => session.announcement,
    announcementOf: (peer) => links.remotes.get(peer)?.announcement.bytes,
    sign: (message) => session.sign(message),
    prove,
    authorize: (applicant) => links.authorize(applicant),
    link: (...args) => links.meet(...args),
    direct: (peer) => links.direct(peer),
    release: (peer) => void links.release(peer),
    sample: (count) => room.send(encodePeersRequest({ sample: count })),
    blame: (peer, reason) => links.misbehaved(peer, reason),
    heard: (from, data) => network.heard(from, data),
    failed: (cause) => failures.handlerFailed(cause),
  }
}
