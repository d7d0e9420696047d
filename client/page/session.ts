/** One stay in the room: joins, turns what the SDK tells into page events, and leaves. */
import { parsePeerId } from '../../protocol/peer-id.ts'
import type { Network, Peer } from '../api.ts'
import { EdgeNetError } from '../errors.ts'
import { join } from '../index.ts'
import { loadIdentity } from './identity-store.ts'
import type { Settings } from './settings.ts'
import { failureOf, type Failure, type PageEvent, type PeerFacts } from './state.ts'
import { labelOf } from './view.ts'

export interface Session {
  /** Sends to one peer, or to everyone when `to` is empty. Reports what became of it as an event. */
  send(to: string, text: string): Promise<void>
  /** Tells the room and the peers. Resolves when the sockets are closed. */
  leave(): Promise<void>
}

export function startSession(roomUrl: string, settings: Settings, dispatch: (event: PageEvent) => void): Session {
  const leaving = new AbortController()
  const startedAtMs = performance.now()
  const since = () => performance.now() - startedAtMs
  // What an ended session still says belongs to nobody.
  const tell = (event: PageEvent) => {
    if (!leaving.signal.aborted) dispatch(event)
  }
  tell({ type: 'joining' })

  const joining = (async () => {
    try {
      const { identity, kept } = await loadIdentity()
      tell({ type: 'identity', siteId: identity.siteId, kept })
      const network = await join(roomUrl, {
        identity,
        name: settings.name,
        direct: settings.direct ? 'on' : 'off',
        signal: leaving.signal,
        onPhase: (phase) => tell({ type: 'phase', phase, sinceMs: since() }),
      })
      follow(network, tell, since)
      return network
    } catch (error) {
      tell({ type: 'failed', failure: failureFrom(error) })
      return undefined
    }
  })()

  return {
    async send(to, text) {
      const network = await joining
      const atMs = Date.now()
      const id = parsePeerId(to)
      const peer = id && network?.peers.get(id)
      const who = peer ? labelOf(peer) : to === '' ? 'everyone' : 'a peer that has left'
      try {
        if (!network || (to !== '' && !peer)) throw new Error('the peer has left')
        await (peer ? peer.send(text) : network.broadcast(text))
        tell({ type: 'sent', who, text, atMs })
      } catch (error) {
        tell({ type: 'sent', who, text, atMs, failure: failureFrom(error).message })
      }
    },
    async leave() {
      leaving.abort()
      await (await joining)?.close()
    },
  }
}

function follow(network: Network, tell: (event: PageEvent) => void, since: () => number): void {
  const { peerId, id: networkId, total } = network
  tell({ type: 'joined', peerId, networkId, total })
  network.on('state', ({ state, error }) => tell({ type: 'state', state, failure: error && failureOf(error) }))
  network.on('peer', ({ peer }) => tell({ type: 'peer', peer: factsOf(peer), sinceMs: since() }))
  network.on('peer-left', ({ peer }) => tell({ type: 'peer-left', id: peer.id }))
  network.on('path', ({ peer, path }) => tell({ type: 'path', id: peer.id, path, sinceMs: since() }))
  network.on('rtt', ({ peer, rttMs }) => tell({ type: 'rtt', id: peer.id, rttMs }))
  network.on('total', (event) => tell({ type: 'total', total: event.total }))
  network.on('message', ({ peer, data }) => tell({ type: 'message', who: labelOf(peer), data, atMs: Date.now() }))
  for (const peer of network.peers.values()) tell({ type: 'peer', peer: factsOf(peer), sinceMs: since() })
}

function factsOf({ id, siteId, name, path, rttMs }: Peer): PeerFacts {
  return { id, siteId, name, path, rttMs }
}

function failureFrom(error: unknown): Failure {
  if (error instanceof EdgeNetError) return failureOf(error)
  const message = error instanceof Error ? error.message : String(error)
  return {
    code: 'page',
    reason: '',
    message,
    hint: 'Reload the page; if it happens again, the browser may be too old.',
    retryAfterMs: undefined,
  }
}
