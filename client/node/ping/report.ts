/** How `edge-net ping` speaks: to programs one JSON object a line, to people a line a reply and a summary. */
import type { Path, PeerState } from '../../api.ts'
import { durationWords, pathWords, routeOf, ROUTE_WORDS } from '../../words.ts'
import { peerLabel } from '../peer-label.ts'
import type { PeerRecord } from '../report.ts'
import type { FailedEvent, Timed } from '../telling.ts'
import { safeText, type Style } from '../terminal.ts'
import type { Statistics } from './statistics.ts'

export type PingEvent =
  | { readonly event: 'joined'; readonly roomUrl: string; readonly peerId: string; readonly total: number }
  /** The peer is pinged from now on. */
  | { readonly event: 'peer'; readonly peer: PeerRecord }
  | {
      readonly event: 'reply'
      readonly peer: PeerRecord
      readonly seq: number
      readonly rttMs: number
      readonly path: Path
    }
  /** No answer within the time that a ping is waited for. */
  | { readonly event: 'no-reply'; readonly peer: PeerRecord; readonly seq: number }
  | { readonly event: 'path'; readonly peer: PeerRecord; readonly path: Path }
  | { readonly event: 'peer-state'; readonly peer: PeerRecord; readonly state: PeerState }
  | { readonly event: 'peer-left'; readonly peer: PeerRecord; readonly reason: string }
  | ({ readonly event: 'summary'; readonly peer: PeerRecord } & Statistics)

export function pingLines(event: Timed<PingEvent | FailedEvent>, style: Style): string | undefined {
  switch (event.event) {
    case 'failed':
    case 'joined':
      return undefined
    case 'peer':
      return `pinging ${peerLabel(event.peer, style)}, ${routeWords(event.peer.path, event.peer.carrier)}`
    case 'reply':
      return `${peerLabel(event.peer, style)}: seq ${event.seq}, ${durationWords(event.rttMs)}, ${ROUTE_WORDS[routeOf(event.path)].toLowerCase()}`
    case 'no-reply':
      return `${peerLabel(event.peer, style)}: seq ${event.seq}, ${style.bad('no reply')}`
    case 'path':
      // It is told again in a moment, with what it is made of.
      if (event.path.kind === 'direct' && event.path.local === 'unknown') return undefined
      return `${peerLabel(event.peer, style)}: now ${routeWords(event.path, event.peer.carrier)}`
    case 'peer-state':
      return event.state === 'stalled' ? `${peerLabel(event.peer, style)}: ${style.bad('no path, waiting')}` : undefined
    case 'peer-left':
      return `${peerLabel(event.peer, style)}: left (${safeText(event.reason)})`
    case 'summary':
      return summaryLines(event, style)
    default:
      return event satisfies never
  }
}

function summaryLines({ peer, ...numbers }: { readonly peer: PeerRecord } & Statistics, style: Style): string {
  const { sent, answered, loss, minMs, avgMs, maxMs, jitterMs } = numbers
  const counts = `${sent} sent, ${answered} answered, ${Math.round(loss * 100)} % lost`
  const times = { min: minMs, avg: avgMs, max: maxMs, jitter: jitterMs }
  const told = Object.entries(times).flatMap(([name, ms]) => (ms === undefined ? [] : [`${name} ${durationWords(ms)}`]))
  return `\n${peerLabel(peer, style)}: ${counts}${told.length > 0 ? `\n  ${told.join(', ')}` : ''}`
}

function routeWords(path: Path, carrier: string | undefined): string {
  return `${ROUTE_WORDS[routeOf(path)].toLowerCase()}: ${pathWords(path, carrier)}`
}
