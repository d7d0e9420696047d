/** An honest client in a malicious room, with a record of what its application saw. */
import { join, type JoinOptions } from '../../../client/node/index.ts'
import type { PeerId } from '../../../protocol/peer-id.ts'

export interface Client {
  readonly name: string
  readonly id: string
  readonly siteId: string
  /** Hands messages to the link, in this order; does not wait for them. Each text is sent once in a client's life. */
  send(to: string, texts: readonly string[]): Promise<void>
  record(): Promise<Recorded>
  /** Forgets a contributor and is ready to meet it anew. */
  forget(siteId: string): Promise<void>
  leave(): Promise<void>
}

/** What the application saw so far. */
export interface Recorded {
  readonly state: string
  /** Why the network is closed, if it is for a reason. */
  readonly stateError: string | undefined
  readonly heard: readonly { readonly from: string; readonly data: unknown }[]
  readonly errors: readonly Fault[]
  /** Everybody whose announcement was ever believed, by the name in it. */
  readonly announced: readonly { readonly id: string; readonly name: string }[]
  /** Ids of all peers that were ever verified. */
  readonly met: readonly string[]
  readonly peers: readonly {
    readonly id: string
    readonly siteId: string
    readonly state: string
    readonly path: string
  }[]
  /** Every change of a peer's state or path, as `stalled`, `verified`, `relay` or `direct`. */
  readonly changes: readonly string[]
  readonly left: readonly { readonly id: string; readonly reason: string; readonly unconfirmed: number }[]
  /** Texts whose delivery was confirmed, and those of which the application was told that it is not known. */
  readonly confirmed: readonly string[]
  readonly unconfirmed: readonly string[]
}

export interface Fault {
  readonly code: string
  readonly reason: string
}

/** A client in this process. */
export async function nodeClient(roomUrl: string, name: string, options: JoinOptions = {}): Promise<Client> {
  const network = await join(roomUrl, { name, ...options })
  const heard: Recorded['heard'][number][] = []
  const errors: Fault[] = []
  const announced: { id: string; name: string }[] = []
  const met: string[] = []
  const changes: string[] = []
  const left: Recorded['left'][number][] = []
  const confirmed: string[] = []
  const unconfirmed: string[] = []
  let stateError: string | undefined
  network.on('state', ({ error }) => void (stateError = error?.reason))
  network.on('message', ({ peer, data }) => void heard.push({ from: peer.id, data }))
  network.on('error', ({ error: { code, reason } }) => void errors.push({ code, reason }))
  network.on('announced', ({ peer }) => void announced.push({ id: peer.id, name: peer.name }))
  network.on('peer', ({ peer }) => void met.push(peer.id))
  network.on('peer-state', ({ state }) => void changes.push(state))
  network.on('path', ({ path }) => void changes.push(path.kind))
  network.on('peer-left', ({ peer, reason, unconfirmed: ids }) => {
    left.push({ id: peer.id, reason, unconfirmed: ids.length })
  })
  return {
    name,
    id: network.peerId,
    siteId: network.siteId,
    send: async (to, texts) => {
      for (const text of texts) {
        const sending = network.send(to as PeerId, text)
        sending.catch(() => undefined)
        void sending.delivered.then(
          () => confirmed.push(text),
          () => unconfirmed.push(text),
        )
      }
    },
    record: async () => ({
      state: network.state,
      stateError,
      heard: [...heard],
      errors: [...errors],
      announced: [...announced],
      met: [...met],
      changes: [...changes],
      left: [...left],
      confirmed: [...confirmed],
      unconfirmed: [...unconfirmed],
      peers: [...network.peers.values()].map(({ id, siteId, state, path }) => ({ id, siteId, state, path: path.kind })),
    }),
    forget: async (siteId) => {
      network.block(siteId)
      network.unblock(siteId)
    },
    leave: () => network.close(),
  }
}
