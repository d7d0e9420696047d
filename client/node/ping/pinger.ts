/** Pings one peer until it is told to stop, has sent as many as wanted, or the peer has left. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Peer } from '../../api.ts'
import { peerRecord } from '../report.ts'
import type { PingEvent } from './report.ts'
import { Series } from './statistics.ts'

/**
 * A channel of Edge-Net's own (1 to 255) that nobody listens to: the link takes the message over, drops it and confirms
 * it, and the application at the other side never hears of it.
 */
export const PING_CHANNEL = 1
/** A link repeats what is lost; whoever waits longer than this calls it lost. */
const REPLY_MS = 5_000
const NOTHING = new Uint8Array(1)

export interface Pings {
  readonly count: number
  readonly intervalMs: number
  readonly tell: (event: PingEvent) => void
  readonly until: AbortSignal
}

/** Resolves with what came of it. */
export async function pingPeer(peer: Peer, { count, intervalMs, tell, until }: Pings): Promise<Series> {
  const series = new Series()
  const underWay = new Set<Promise<void>>()
  while (series.sent < count && !until.aborted && peer.state !== 'closed') {
    const ping = pingOnce(peer, series, tell, until).finally(() => underWay.delete(ping))
    underWay.add(ping)
    // The last one needs no pause behind it: its reply is waited for anyway.
    if (series.sent < count) await pause(intervalMs, undefined, { signal: until }).catch(() => undefined)
  }
  await Promise.all(underWay)
  return series
}

async function pingOnce(peer: Peer, series: Series, tell: Pings['tell'], until: AbortSignal): Promise<void> {
  const seq = series.send()
  const startedMs = performance.now()
  const sending = peer.send(NOTHING, { channel: PING_CHANNEL })
  const fate = await Promise.race([
    sending
      .then(() => sending.delivered)
      .then(
        () => 'answered' as const,
        () => 'lost' as const,
      ),
    // Two ways to stop waiting; both end with this ping.
    pause(REPLY_MS, 'lost' as const, { signal: until, ref: false }).catch(() => 'unknown' as const),
  ])
  if (fate === 'unknown') return
  if (fate === 'lost') {
    series.lost()
    return tell({ event: 'no-reply', peer: peerRecord(peer), seq })
  }
  const rttMs = Math.round((performance.now() - startedMs) * 10) / 10
  series.answered(rttMs)
  tell({ event: 'reply', peer: peerRecord(peer), seq, rttMs, path: peer.path })
}
