/** One stay in the room: joins, turns what the SDK tells into page events, and leaves. */
import { parsePeerId } from '../../protocol/peer-id.ts'
import type { Explanation, Network, Peer } from '../api.ts'
import type { FinishedPiece } from '../compute/messages.ts'
import type { SharedLedger } from '../qdag/api.ts'
import type { Identity } from '../identity/identity.ts'
import { join } from '../index.ts'
import { sayToAll } from '../say-to-all.ts'
import { failureFrom, failureOf, isMembershipFailure } from './failure.ts'
import { gunOfHost } from './gun-of-host.ts'
import { loadIdentity } from './identity-store.ts'
import { followLedger } from './ledger-feed.ts'
import type { Stay } from './membership/stay.ts'
import type { Place } from './place.ts'
import type { Settings } from './settings.ts'
import type { PageEvent, PeerFacts } from './state.ts'
import { labelOf } from './view.ts'
import { wayOf, waysOf } from './ways.ts'

/** Fetched while the identity is read and the page is painted: a person sees the page before it has come. */
const memberCode = import('./member-code.ts')
// Whoever joins is told; nobody else waits for it.
memberCode.catch(() => undefined)

export interface Session {
  /** Sends to one peer, or to everyone when `to` is empty. Reports what became of it as an event. */
  send(to: string, text: string): Promise<void>
  /** Records a finished piece in the ledger. Reports what became of it as an event. */
  contribute(piece: FinishedPiece): Promise<void>
  /** Everything that is known about a peer's link; `undefined` when there is no such peer. */
  explain(id: string): Explanation | undefined
  /** How we stand to a founded network; `undefined` behind a plain name, and until it is known. */
  stay(): Stay | undefined
  ledger(): SharedLedger | undefined
  /** Tells the room and the peers. Resolves when the sockets are closed. */
  leave(): Promise<void>
}

export interface SessionHooks {
  tell(event: PageEvent): void
  /** The network ended our stay: we are no member any more. Starting anew says how we stand. */
  expelled(): void
}

export function startSession(place: Place, settings: Settings, hooks: SessionHooks): Session {
  const { roomUrl } = place
  const leaving = new AbortController()
  const { signal } = leaving
  let startedAtMs = performance.now()
  const since = () => performance.now() - startedAtMs
  // What an ended session still says belongs to nobody.
  const tell = (event: PageEvent) => {
    if (!signal.aborted) hooks.tell(event)
  }
  tell({ type: 'joining' })

  let joined: Network | undefined
  let stay: Stay | undefined
  const enter = async (identity: Identity) => {
    const opened = stay
    if (opened && opened.member.standing !== 'member') {
      tell({ type: 'outside' })
      await opened.admitted()
      signal.throwIfAborted()
      // How long others took to decide is no part of joining.
      startedAtMs = performance.now()
      tell({ type: 'admitted' })
    }
    const { createMesh, openKeptLedger } = await memberCode
    return join(roomUrl, {
      identity,
      name: settings.name,
      direct: settings.direct ? 'on' : 'off',
      signal,
      ...(opened && { membership: opened.member }),
      ledger: openKeptLedger(roomUrl, identity, opened?.member, (error) =>
        tell({ type: 'ledger-fault', message: `Kept only while the page is open: ${failureFrom(error).message}` }),
      ),
      mesh: createMesh(),
      carriers: gunOfHost(),
      onPhase: (phase) => tell({ type: 'phase', phase, sinceMs: since() }),
    })
  }
  /** What a host does not take as membership is not shown to it again. */
  const enterAtLast = async (identity: Identity) => {
    try {
      return await enter(identity)
    } catch (error) {
      const failure = failureFrom(error)
      if (!stay || !isMembershipFailure(failure)) throw error
      stay.forgetChain()
      stay = await openStay({ ...place, invite: undefined }, identity)
      if (stay.member.standing === 'member') throw error
      tell({ type: 'invite-failed', failure })
      return enter(identity)
    }
  }
  const openStay = async (at: Place, identity: Identity) => {
    const { openStay: open } = await import('./panels.ts')
    return open(at, identity, tell, signal)
  }
  const joining = (async () => {
    try {
      const { identity, kept } = await loadIdentity()
      tell({ type: 'identity', siteId: identity.siteId, kept })
      if (place.isFounded) stay = await openStay(place, identity)
      const network = await enterAtLast(identity)
      joined = network
      follow(network, tell, since, signal)
      const expelled = () => {
        if (!signal.aborted) hooks.expelled()
      }
      // We know by ourselves when our time is over, and from peers that we were removed; the room may tell first.
      void stay?.ended().then(expelled)
      network.on('state', ({ state, error }) => {
        if (state === 'closed' && error && isMembershipFailure(error)) expelled()
      })
      if (network.ledger) followLedger(network.ledger, identity.siteId, tell, signal)
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
        await (peer ? peer.send(text) : sayToAll(network, text))
        tell({ type: 'sent', who, text, atMs })
      } catch (error) {
        tell({ type: 'sent', who, text, atMs, failure: failureFrom(error).message })
      }
    },
    async contribute(piece) {
      const { taskId, computeUnits } = piece
      try {
        const network = await joining
        if (!network) throw new Error('we are not in the network')
        await network.contribute({ taskId, computeUnits })
        tell({ type: 'contributed', piece })
      } catch (error) {
        tell({ type: 'contribution-failed', message: `Not recorded: ${failureFrom(error).message}` })
      }
    },
    stay: () => stay,
    ledger: () => joined?.ledger,
    explain(id) {
      const peerId = parsePeerId(id)
      return peerId && joined?.peers.get(peerId)?.explain()
    },
    async leave() {
      leaving.abort()
      await (await joining)?.close()
    },
  }
}

/** Who leads to whom changes by and by, and without an event. */
const LOOK_AT_WAYS_MS = 1_000

function follow(network: Network, tell: (event: PageEvent) => void, since: () => number, signal: AbortSignal): void {
  const { peerId, id: networkId, total } = network
  tell({ type: 'joined', peerId, networkId, total })
  // Other carriers may have let us in.
  if (network.state !== 'open') tell({ type: 'state', state: network.state })
  network.on('state', ({ state, error }) => tell({ type: 'state', state, failure: error && failureOf(error) }))
  const lookAtWays = () => tell(waysOf(network))
  for (const type of ['carrier-up', 'carrier-down', 'path', 'peer-left'] as const) network.on(type, lookAtWays)
  const looking = setInterval(() => {
    if (!document.hidden) lookAtWays()
  }, LOOK_AT_WAYS_MS)
  signal.addEventListener('abort', () => clearInterval(looking), { once: true })
  const met = (peer: Peer) => tell({ type: 'peer', peer: factsOf(peer), sinceMs: since(), nowMs: performance.now() })
  network.on('peer', ({ peer }) => met(peer))
  network.on('peer-left', ({ peer }) => tell({ type: 'peer-left', id: peer.id }))
  network.on('path', ({ peer, path }) =>
    tell({ type: 'path', id: peer.id, path, sinceMs: since(), nowMs: performance.now() }),
  )
  network.on('peer-state', ({ peer, state }) =>
    tell({ type: 'peer-state', id: peer.id, state, nowMs: performance.now() }),
  )
  network.on('rtt', ({ peer, rttMs, sampleMs }) =>
    tell({ type: 'rtt', id: peer.id, rttMs, sampleMs, nowMs: performance.now() }),
  )
  network.on('quality', ({ peer, quality }) => tell({ type: 'quality', id: peer.id, quality }))
  network.on('total', (event) => tell({ type: 'total', total: event.total }))
  network.on('message', ({ peer, data }) => tell({ type: 'message', who: labelOf(peer), data, atMs: Date.now() }))
  network.on('broadcast', ({ from, data }) => tell({ type: 'message', who: labelOf(from), data, atMs: Date.now() }))
  for (const peer of network.peers.values()) met(peer)
  lookAtWays()
}

function factsOf(peer: Peer): PeerFacts {
  const { id, siteId, name, state, path, rttMs, quality } = peer
  return { id, siteId, name, state, path, rttMs, quality, ...wayOf(peer) }
}
