/** `edge-net ping`: joins a room and measures round trips to one peer or to all. */
import type { Network, Peer } from '../../api.ts'
import { EdgeNetError } from '../../errors.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { join } from '../index.ts'
import { asVisitor, isFounded } from '../membership.ts'
import type { PingOptions } from '../options.ts'
import { peerRecord } from '../report.ts'
import { UsageError } from '../usage-error.ts'
import { pingPeer } from './pinger.ts'
import type { PingEvent } from './report.ts'
import type { Series } from './statistics.ts'
import { meant } from './target.ts'

/**
 * Pings until the count is reached or until told to end, and sums up.
 *
 * @param word an id, the beginning of one, or a name; `undefined` for everybody, those who come later included
 * @returns ok when every peer that was pinged has answered at least once
 * @throws EdgeNetError when joining fails, or when nobody is there to be pinged; UsageError when the word means several
 */
export async function ping(
  roomUrl: string,
  word: string | undefined,
  options: PingOptions,
  tell: (event: PingEvent) => void,
  ended: AbortSignal,
): Promise<ExitCode> {
  // Where everybody is a member, nobody needs to know whose pings these are.
  const visitor = isFounded(roomUrl) ? await asVisitor(roomUrl, options.folder, ended) : {}
  const network = await join(roomUrl, { ...options.join, ...visitor, signal: ended })
  const over = new AbortController()
  const until = AbortSignal.any([ended, over.signal])
  const { peerId, total } = network
  tell({ event: 'joined', roomUrl: network.roomUrl, peerId, total })
  const pinged = new Map<Peer, Promise<Series>>()
  const start = (peer: Peer) => {
    tell({ event: 'peer', peer: peerRecord(peer) })
    pinged.set(peer, pingPeer(network, peer, { ...options, tell, until }))
  }
  try {
    const refusal = closedByRoom(network, until)
    const first = await firstPeers(network, word, options.waitMs, until)
    follow(network, pinged, tell, until)
    first.forEach(start)
    if (word === undefined) network.on('peer', ({ peer }) => start(peer), { signal: until })
    // Who comes while the others are being pinged is pinged, too; with a count that ends when all have had theirs.
    const all = async () => {
      for (let known = 0; known < pinged.size;) {
        known = pinged.size
        await Promise.all(pinged.values())
      }
    }
    const error = await Promise.race([all(), refusal])
    over.abort()
    const results = await Promise.all(
      [...pinged].map(async ([peer, series]) => ({ peer, ...(await series).statistics() })),
    )
    for (const { peer, ...statistics } of results) tell({ event: 'summary', peer: peerRecord(peer), ...statistics })
    if (error) throw error
    return results.every(({ answered }) => answered > 0) ? EXIT.ok : EXIT.failure
  } finally {
    over.abort()
    await network.close()
  }
}

/** Tells what happens to those who are being pinged. */
function follow(
  network: Network,
  pinged: ReadonlyMap<Peer, unknown>,
  tell: (event: PingEvent) => void,
  signal: AbortSignal,
): void {
  const told = (peer: Peer, event: PingEvent) => {
    if (pinged.has(peer)) tell(event)
  }
  network.on('path', ({ peer, path }) => told(peer, { event: 'path', peer: peerRecord(peer), path }), { signal })
  network.on('peer-state', ({ peer, state }) => told(peer, { event: 'peer-state', peer: peerRecord(peer), state }), {
    signal,
  })
  network.on('peer-left', ({ peer, reason }) => told(peer, { event: 'peer-left', peer: peerRecord(peer), reason }), {
    signal,
  })
}

/** Another one of the same name may not have been met yet. */
const NAMESAKE_MS = 1_000

/** Those to begin with, as soon as there are any. */
function firstPeers(
  network: Network,
  word: string | undefined,
  waitMs: number,
  until: AbortSignal,
): Promise<readonly Peer[]> {
  return new Promise((resolve, reject) => {
    const settle = (action: () => void) => {
      clearTimeout(timer)
      stop()
      until.removeEventListener('abort', leave)
      action()
    }
    const look = () => {
      const peers = [...network.peers.values()]
      const found = word === undefined ? peers : meant(word, peers)
      const [only] = found
      if (!only) return
      if (found.length > 1 && word !== undefined) {
        const ids = found.map(({ id }) => id).join(', ')
        return settle(() =>
          reject(new UsageError(`"${word}" means several peers: ${ids}`, 'Use an id, or more of one.')),
        )
      }
      const isCertain = word === undefined || only.id === word || peers.length >= network.total - 1
      if (isCertain) return settle(() => resolve(found))
      clearTimeout(timer)
      timer = setTimeout(() => settle(() => resolve(found)), NAMESAKE_MS)
    }
    const leave = () => settle(() => resolve([]))
    let timer = setTimeout(() => settle(() => reject(absent(network, word))), waitMs)
    const stop = network.on('peer', look)
    until.addEventListener('abort', leave)
    if (until.aborted) leave()
    else look()
  })
}

function absent(network: Network, word: string | undefined): EdgeNetError {
  const peers = [...network.peers.values()].map(({ id, name }) => (name ? `${name} (${id})` : id))
  if (word === undefined) {
    return new EdgeNetError(
      'peer-unknown',
      'nobody',
      'Nobody else is in the room.',
      'Wait longer with --wait, or invite somebody.',
    )
  }
  const hint = peers.length === 0 ? 'Nobody else is in the room.' : `In the room: ${peers.join(', ')}.`
  return new EdgeNetError('peer-unknown', 'absent', `No peer is called "${word}".`, hint)
}

/** Resolves with the reason when the room will have us no more; for ever unresolved otherwise. */
function closedByRoom(network: Network, until: AbortSignal): Promise<EdgeNetError | undefined> {
  return new Promise((resolve) => {
    network.on(
      'state',
      ({ state, error }) => {
        if (state === 'closed') resolve(error)
      },
      { signal: until },
    )
  })
}
