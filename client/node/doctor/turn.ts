/** Do the TURN servers give us an address, over this transport? Those over TCP and TLS help where UDP is blocked. */
import { durationWords } from '../../words.ts'
import { finding, type CheckName, type Fact, type Finding } from './finding.ts'
import { allocate, type Allocation } from './stun/allocation.ts'
import type { StunChannel } from './stun/channel.ts'
import { endpointText } from './stun/message.ts'
import { resolveServer, type ServerUrl, type Transport } from './stun/server-url.ts'
import { openStream } from './stun/stream.ts'
import { UdpSocket } from './stun/udp.ts'
import { troubleOf } from './trouble.ts'

const CHECK: Record<Transport, CheckName> = { udp: 'turn-udp', tcp: 'turn-tcp', tls: 'turn-tls' }
const TRANSPORT_WORDS: Record<Transport, string> = { udp: 'UDP', tcp: 'TCP', tls: 'TLS' }

export async function checkTurn(servers: readonly ServerUrl[], transport: Transport): Promise<Finding> {
  const check = CHECK[transport]
  const offered = servers.filter((server) => server.scheme === 'turn' && server.transport === transport)
  const words = TRANSPORT_WORDS[transport]
  if (offered.length === 0) return finding(check, 'skipped', `the host offers no TURN server over ${words}`)
  const tried = await Promise.all(offered.map(tryServer))
  const good = tried.filter(({ trouble }) => trouble === undefined)
  const bad = tried.filter(({ trouble }) => trouble !== undefined)
  const facts = { servers: tried.map(({ facts: one }) => one) }
  const advice = [...new Set(bad.flatMap(({ trouble }) => trouble?.advice ?? []))]
  const failures = bad.map(({ url, trouble }) => `${url}: ${trouble?.words}`).join('; ')
  const [best] = good
  if (!best) return finding(check, 'failed', failures, { advice, facts })
  const works = `${best.url} gave us an address in ${durationWords(best.tookMs)}`
  if (bad.length === 0) return finding(check, 'ok', works, { facts })
  return finding(check, 'limited', `${works}; not so ${failures}`, { advice, facts })
}

interface Tried {
  readonly url: string
  readonly tookMs: number
  /** Why there is no address. */
  readonly trouble?: { readonly words: string; readonly advice: string }
  readonly facts: Fact
}

async function tryServer(server: ServerUrl): Promise<Tried> {
  const { url } = server
  const startedMs = performance.now()
  const tookMs = () => Math.round((performance.now() - startedMs) * 10) / 10
  let channel: StunChannel | undefined
  try {
    channel = await open(server)
    const allocation = await allocate(channel, server.username, server.credential)
    const trouble = troubleIn(allocation, server.transport)
    const facts = { url, tookMs: tookMs(), ...factsOf(allocation) }
    return { url, tookMs: tookMs(), facts, ...(trouble && { trouble }) }
  } catch (error) {
    const { code, words, advice } = troubleOf(error)
    return {
      url,
      tookMs: tookMs(),
      trouble: { words, advice },
      facts: { url, tookMs: tookMs(), outcome: 'unreachable', code },
    }
  } finally {
    channel?.close()
  }
}

async function open(server: ServerUrl): Promise<StunChannel> {
  const endpoint = await resolveServer(server)
  if (server.transport !== 'udp') return openStream(endpoint, server.transport, server.host)
  return (await UdpSocket.reaching(endpoint.address)).to(endpoint)
}

function factsOf(allocation: Allocation): Record<string, Fact> {
  const { outcome } = allocation
  switch (outcome) {
    case 'allocated':
      return {
        outcome,
        relayed: endpointText(allocation.relayed),
        mapped: allocation.mapped ? endpointText(allocation.mapped) : null,
      }
    case 'refused':
      return { outcome, code: allocation.error.code, reason: allocation.error.reason }
    case 'silent':
      return { outcome }
    case 'nonsense':
      return { outcome, why: allocation.why }
    default:
      return allocation satisfies never
  }
}

function troubleIn(allocation: Allocation, transport: Transport): Tried['trouble'] {
  switch (allocation.outcome) {
    case 'allocated':
      return undefined
    case 'silent':
      return transport === 'udp'
        ? { words: 'no answer', advice: 'The server is down, or UDP is blocked on the way to it.' }
        : { words: 'connected, but no answer', advice: 'What listens there is no TURN server.' }
    case 'nonsense':
      return { words: `it does not answer as a TURN server: ${allocation.why}`, advice: 'Check what listens there.' }
    case 'refused': {
      const { code, reason } = allocation.error
      return { words: `refused with ${code} ${reason}`.trimEnd(), advice: REFUSAL_ADVICE[code] ?? OTHER_REFUSAL }
    }
    default:
      return allocation satisfies never
  }
}

/** RFC 8656 section 19 and RFC 8489 section 14.8. */
const REFUSAL_ADVICE: Record<number, string> = {
  300: 'The server sends its clients to another one; give out that one.',
  401: 'The credentials are wrong or have ended: EDGE_NET_TURN_SECRET must be the server’s static-auth-secret, and both clocks right.',
  403: 'The server does not let this address or user allocate.',
  437: 'The server takes this for an allocation that it already has; try again in a minute.',
  438: 'The server changes its nonce too often; try again.',
  441: 'The server holds an allocation of another user for this address; try again in a minute.',
  442: 'The server relays no UDP; browsers need that.',
  486: 'This user has as many allocations as the server allows: raise its user-quota.',
  508: 'The server has no more ports or bandwidth to give.',
}
const OTHER_REFUSAL = 'The log of the TURN server says more.'
