/** By which ways members are reached: which carriers work, which one leads to whom, and who is a neighbour in the mesh. */
import type { Network, Peer } from '../api.ts'
import type { CarrierState } from '../words.ts'

export interface PeerWay {
  /** Which carrier leads to the peer, if any does. */
  readonly carrier: string | undefined
  /** We gossip with it. */
  readonly isNeighbour: boolean
}

/** Some of it changes without an event, so that it is read anew now and then. */
export interface WaysEvent {
  readonly type: 'ways'
  readonly carriers: readonly CarrierState[]
  readonly peers: ReadonlyMap<string, PeerWay>
}

export function wayOf(peer: Peer): PeerWay {
  const { carrier, isNeighbour } = peer.explain()
  return { carrier, isNeighbour }
}

export function waysOf({ carriers, peers }: Network): WaysEvent {
  return { type: 'ways', carriers, peers: new Map([...peers].map(([id, peer]) => [id, wayOf(peer)])) }
}

interface Ways<Reached extends PeerWay> {
  readonly carriers: readonly CarrierState[]
  readonly peers: ReadonlyMap<string, Reached>
}

/** The same object when nothing has changed: nothing has to be drawn then. */
export function reduceWays<Reached extends PeerWay, State extends Ways<Reached>>(
  state: State,
  event: WaysEvent,
): State {
  const carriers = isSame(state.carriers, event.carriers) ? state.carriers : event.carriers
  let { peers } = state as Ways<Reached>
  for (const [id, peer] of state.peers) {
    const way = event.peers.get(id)
    if (!way || (way.carrier === peer.carrier && way.isNeighbour === peer.isNeighbour)) continue
    peers = new Map(peers).set(id, { ...peer, ...way })
  }
  return carriers === state.carriers && peers === state.peers ? state : { ...state, carriers, peers }
}

function isSame(some: readonly CarrierState[], others: readonly CarrierState[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ name, isUp }, i) => name === others[i]?.name && isUp === others[i].isUp)
  )
}
