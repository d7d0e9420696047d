/** An honest client in a malicious room, in Node or in a page, with a record of what its application saw. */
import { join, type JoinOptions } from '../../../client/node/index.ts'
import type { PeerId } from '../../../protocol/peer-id.ts'

export interface Heard {
  readonly from: string
  readonly data: unknown
}

export interface Fault {
  readonly code: string
  readonly reason: string
}

/** What its application saw so far. */
export interface Record {
  readonly state: string
  readonly heard: readonly Heard[]
  readonly errors: readonly Fault[]
  /** Ids of peers that were ever verified. */
  readonly met: readonly string[]
  /** Ids of the peers that are here now, with their siteIds and paths. */
  readonly peers: readonly { readonly id: string; readonly siteId: string; readonly path: string }[]
  readonly left: readonly { readonly id: string; readonly reason: string }[]
}

export interface Client {
  readonly name: string
  readonly id: string
  readonly siteId: string
  /** Hands messages to the links, in this order; does not wait for them. */
  send(to: string, texts: readonly string[]): Promise<void>
  record(): Promise<Record>
  leave(): Promise<void>
}

export async function nodeClient(roomUrl: string, name: string, options: JoinOptions = {}): Promise<Client> {
  const network = await join(roomUrl, { name, ...options })
  const heard: Heard[] = []
  const errors: Fault[] = []
  const met: string[] = []
  const left: { id: string; reason: string }[] = []
  network.on('message', ({ peer, data }) => void heard.push({ from: peer.id, data }))
  network.on('error', ({ error: { code, reason } }) => void errors.push({ code, reason }))
  network.on('peer', ({ peer }) => void met.push(peer.id))
  network.on('peer-left', ({ peer, reason }) => void left.push({ id: peer.id, reason }))
  return {
    name,
    id: network.peerId,
    siteId: network.siteId,
    send: async (to, texts) => {
      // What the link does not take over shows as a message that never arrives.
      for (const text of texts) network.send(to as PeerId, text).catch(() => undefined)
    },
    record: async () => ({
      state: network.state,
      heard: [...heard],
      errors: [...errors],
      met: [...met],
      left: [...left],
      peers: [...network.peers.values()].map(({ id, siteId, path }) => ({ id, siteId, path: path.kind })),
    }),
    leave: () => network.close(),
  }
}
