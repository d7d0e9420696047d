/** Pings one peer until it is told to stop, has sent as many as wanted, or the peer has left. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Network, Path, Peer } from '../../api.ts'
import { nowMs } from '../../clock.ts'
import type { RemotePeer } from '../../peer/remote-peer.ts'
import { peerRecord } from '../report.ts'
import type { PingEvent } from './report.ts'
import { Series } from './statistics.ts'

/** Whoever waits longer than this calls it lost. */
const REPLY_MS = 5_000
/** A measurement is told at once, and says when its ping went out: less than pings lie apart. */
const SAME_PING_MS = 10

export interface Pings {
  readonly count: number
  readonly intervalMs: number
  readonly tell: (event: PingEvent) => void
  readonly until: AbortSignal
}

/**
 * Has the link itself ping, so that nothing waits behind messages and the application at the other side hears nothing.
 *
 * @returns what came of it
 */
export async function pingPeer(
  network: Network,
  peer: Peer,
  { count, intervalMs, tell, until }: Pings,
): Promise<Series> {
  const series = new Series()
  const waiting = new Map<number, Waiting>()
  const listening = new AbortController()
  const { signal } = listening
  network.on('rtt', (measured) => measured.peer === peer && answered(waiting, measured.sampleMs), { signal })
  let kind: Path['kind'] = peer.path.kind
  network.on(
    'path',
    ({ peer: moved, path }) => {
      if (moved !== peer || path.kind === kind) return
      ;({ kind } = path)
      // Answers on the path that was left do not count; the question is asked again.
      for (const ping of waiting.values()) ping.ask()
    },
    { signal },
  )
  const pingOnce = async () => {
    const seq = series.send()
    const { promise, resolve } = Promise.withResolvers<number>()
    const ping: Waiting = {
      askedAtMs: 0,
      answered: resolve,
      ask() {
        ping.askedAtMs = nowMs()
        // What the SDK does when it is told that something may have changed: the path has to answer.
        ;(peer as RemotePeer).nudge()
      },
    }
    waiting.set(seq, ping)
    ping.ask()
    const rttMs = await Promise.race([promise, patience(until)])
    waiting.delete(seq)
    if (rttMs === 'interrupted') return
    if (rttMs === 'lost') {
      series.lost()
      return tell({ event: 'no-reply', peer: peerRecord(peer), seq })
    }
    series.answered(rttMs)
    tell({ event: 'reply', peer: peerRecord(peer), seq, rttMs: Math.round(rttMs * 10) / 10, path: peer.path })
  }

  const underWay: Promise<void>[] = []
  while (series.sent < count && !until.aborted && peer.state !== 'closed') {
    underWay.push(pingOnce())
    // The last one needs no pause behind it: its reply is waited for anyway.
    if (series.sent < count) await pause(intervalMs, undefined, { signal: until }).catch(() => undefined)
  }
  await Promise.all(underWay)
  listening.abort()
  return series
}

/** A ping that is under way. */
interface Waiting {
  askedAtMs: number
  readonly answered: (rttMs: number) => void
  ask(): void
}

/** The SDK pings for itself, too; which ping it was is told by when it was sent. */
function answered(waiting: ReadonlyMap<number, Waiting>, sampleMs: number): void {
  const sentAtMs = nowMs() - sampleMs
  const mine = [...waiting.values()].find(({ askedAtMs }) => Math.abs(askedAtMs - sentAtMs) < SAME_PING_MS)
  mine?.answered(sampleMs)
}

async function patience(until: AbortSignal): Promise<'lost' | 'interrupted'> {
  return pause(REPLY_MS, 'lost' as const, { signal: until }).catch(() => 'interrupted' as const)
}
