/** `GET /metrics`: what operators can count, in Prometheus' text format. */
import { utf8 } from '../protocol/bytes.ts'
import { sha256 } from '../protocol/hash.ts'
import { refuseHttp } from './refusal.ts'
import { handOverRefusals } from './refusal-count.ts'
import { registryOf } from './registry.ts'
import type { Settings } from './settings.ts'

export async function metricsResponse(request: Request, settings: Settings): Promise<Response> {
  // Without its token the route does not exist: there is nothing to guess at.
  if (!(await mayRead(request, settings))) return refuseHttp('not-found', Date.now())
  await handOverRefusals(settings)
  const { tally, refusals, networks, members } = await registryOf(settings).totals()
  const lines = [
    ...metric('networks', 'gauge', 'Networks with members, as last reported', networks),
    ...metric('members', 'gauge', 'Members of all networks, as last reported', members),
    ...metric('joins_total', 'counter', 'Places taken in rooms', tally.joins),
    ...metric('envelopes_total', 'counter', 'Envelopes routed', tally.envelopes),
    ...metric('relayed_bytes_total', 'counter', 'Bytes of relay envelopes routed', tally.relayedBytes),
    ...metric('faults_total', 'counter', 'Messages of members that could not be accepted', tally.faults),
    ...metric('floods_closed_total', 'counter', 'Members closed for flooding', tally.floodsClosed),
    ...metric('ghosts_reaped_total', 'counter', 'Silent or expired members closed', tally.ghostsReaped),
    ...metric('limited_total', 'counter', 'Messages over a limit', tally.limited, 'scope'),
    ...metric('refusals_total', 'counter', 'Requests refused at the door', refusals, 'reason'),
  ]
  return new Response(lines.join('\n') + '\n', { headers: { 'Content-Type': 'text/plain; version=0.0.4' } })
}

function metric(
  name: string,
  kind: string,
  help: string,
  value: number | Record<string, number>,
  label = '',
): string[] {
  const head = [`# HELP edge_net_${name} ${help}`, `# TYPE edge_net_${name} ${kind}`]
  if (typeof value === 'number') return [...head, `edge_net_${name} ${value}`]
  return [...head, ...Object.entries(value).map(([key, count]) => `edge_net_${name}{${label}="${key}"} ${count}`)]
}

async function mayRead(request: Request, settings: Settings): Promise<boolean> {
  const token = settings.EDGE_NET_METRICS_TOKEN
  if (!token) return true
  const given = request.headers.get('Authorization') ?? ''
  const [expected, actual] = await Promise.all([sha256(utf8(`Bearer ${token}`)), sha256(utf8(given))])
  return crypto.subtle.timingSafeEqual(expected, actual)
}
