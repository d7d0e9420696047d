/**
 * What becomes of our UDP packets: do they get out, does a NAT give us one public address or many? Every server that
 * speaks UDP is asked from one socket; one that has a second address (RFC 5780) is asked there, too.
 */
import { isIPv4 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { finding, type Finding } from './finding.ts'
import { isSymmetric, mappingOf, type Mapping, type Sighting } from './stun/mapping.ts'
import { ATTRIBUTE, encodeRequest, endpointOf, endpointText, METHOD, type Endpoint } from './stun/message.ts'
import { resolveServer, type ServerUrl } from './stun/server-url.ts'
import { UdpSocket } from './stun/udp.ts'

/** Two would do; more tell nothing new. */
const MAX_SERVERS = 6

/** @param turnIsOffered TURN of any kind, which decides how bad a strict NAT is */
export async function checkStun(servers: readonly ServerUrl[], turnIsOffered: boolean): Promise<Finding> {
  // TURN servers answer the same question, unasked for credentials (RFC 8656 section 5).
  const overUdp = servers.filter(({ transport }) => transport === 'udp')
  if (overUdp.length === 0)
    return finding('stun', 'limited', 'the host offers no STUN server', { advice: [OFFER_STUN] })
  const addresses = await resolved(overUdp)
  const [first] = addresses
  if (!first) {
    const advice = ['Check name service here, and the names that the host offers.']
    const names = overUdp.map(({ url }) => url)
    return finding('stun', 'failed', `no STUN server can be found by its name`, { advice, facts: { servers: names } })
  }
  const socket = await UdpSocket.reaching(first.address)
  try {
    const sightings = await sightingsOf(socket, addresses)
    const asked = addresses.map(endpointText)
    if (sightings.length === 0) {
      const advice = turnIsOffered ? [BLOCKED, ONLY_TURN] : [BLOCKED, ONLY_RELAY]
      return finding('stun', 'failed', `no answer over UDP from ${asked.join(', ')}`, { advice, facts: { asked } })
    }
    return judged(sightings, mappingOf(sightings, localAddresses(), socket.port), turnIsOffered)
  } finally {
    socket.close()
  }
}

const OFFER_STUN = 'Without STUN only peers of one local network find a direct path. The host sets EDGE_NET_STUN_URLS.'
const BLOCKED = 'UDP is probably blocked here, by a firewall or a VPN. Direct paths to other networks need it.'
const ONLY_RELAY = 'Messages go through the room. A TURN server over TCP or TLS would carry browsers.'
const ONLY_TURN = 'Messages go through the room, or for browsers by TURN over TCP or TLS if that works below.'
const STRICT =
  'This NAT gives every destination another port, so direct paths open to peers with a public address or a mild NAT only.'

function judged(sightings: readonly Sighting[], mapping: Mapping, turnIsOffered: boolean): Finding {
  const [{ mapped } = { mapped: { address: '', port: 0 } }] = sightings
  const seen = sightings.map((one) => ({ server: endpointText(one.server), mapped: endpointText(one.mapped) }))
  const facts = { mapping, nat: mapping !== 'none', mapped: endpointText(mapped), seen }
  const summary = `${MAPPING_WORDS[mapping]}; seen as ${endpointText(mapped)}`
  if (!isSymmetric(mapping)) return finding('stun', 'ok', summary, { facts })
  const help = turnIsOffered
    ? 'For the others TURN or the room carries them.'
    : 'A TURN server would carry the others; now the room does.'
  return finding('stun', 'limited', summary, { advice: [STRICT, help], facts })
}

const MAPPING_WORDS: Record<Mapping, string> = {
  none: 'UDP gets out, and no NAT is in between',
  'endpoint-independent': 'UDP gets out through a NAT that keeps one public address (endpoint-independent)',
  'address-dependent': 'UDP gets out through a strict NAT (symmetric: address-dependent)',
  'address-and-port-dependent': 'UDP gets out through a strict NAT (symmetric: address- and port-dependent)',
  'port-independent': 'UDP gets out through a NAT; a STUN server at a second address would tell of which kind',
  unknown: 'UDP gets out through a NAT; a second STUN server would tell of which kind',
}

/** One each of the addresses that the servers have, of one IP version: a socket has only one. */
async function resolved(servers: readonly ServerUrl[]): Promise<Endpoint[]> {
  const found = await Promise.allSettled(servers.map(resolveServer))
  const endpoints = found.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const unique = new Map(endpoints.map((endpoint) => [endpointText(endpoint), endpoint]))
  const old = [...unique.values()].filter((one) => isIPv4(one.address))
  return (old.length > 0 ? old : [...unique.values()]).slice(0, MAX_SERVERS)
}

async function sightingsOf(socket: UdpSocket, servers: readonly Endpoint[]): Promise<Sighting[]> {
  const asked = await Promise.all(servers.map((server) => sighting(socket, server)))
  const answered = asked.filter((one) => one !== undefined)
  const other = answered.find((one) => one.other)?.other
  const known = new Set(servers.map(endpointText))
  const [{ server } = { server: undefined }] = answered
  if (!other || !server) return answered
  // The second address with the first port, and with its own: the two tell addresses from ports.
  const more = [{ address: other.address, port: server.port }, other].filter((one) => !known.has(endpointText(one)))
  const further = await Promise.all(more.map((one) => sighting(socket, one)))
  return [...answered, ...further.filter((one) => one !== undefined)]
}

async function sighting(
  socket: UdpSocket,
  server: Endpoint,
): Promise<(Sighting & { readonly other: Endpoint | undefined }) | undefined> {
  const answer = await socket.ask(encodeRequest(METHOD.binding), server)
  if (!answer?.isSuccess) return undefined
  // Servers older than RFC 5389 send the plain one only.
  const mapped = endpointOf(answer, ATTRIBUTE.xorMappedAddress) ?? endpointOf(answer, ATTRIBUTE.mappedAddress)
  return mapped && { server, mapped, other: endpointOf(answer, ATTRIBUTE.otherAddress) }
}

function localAddresses(): ReadonlySet<string> {
  return new Set(Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address)))
}
