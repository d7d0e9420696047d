/**
 * What a NAT does to the packets of one socket, judged by what several servers saw (RFC 4787 section 4.1, measured as in
 * RFC 5780 section 4.3).
 */
import type { Endpoint } from './message.ts'

/**
 * - `none`: the address is our own; nothing maps it.
 * - `endpoint-independent`: one public address for all destinations. Direct paths open to almost everybody.
 * - `address-dependent`, `address-and-port-dependent`: another one for each destination, together called symmetric. What
 *   a STUN server saw is of no use to a peer.
 * - `port-independent`: the same for two ports of one server; a second server would tell more.
 * - `unknown`: only one server answered.
 */
export type Mapping =
  'none' | 'endpoint-independent' | 'address-dependent' | 'address-and-port-dependent' | 'port-independent' | 'unknown'

/** A server, and where it saw the socket. */
export interface Sighting {
  readonly server: Endpoint
  readonly mapped: Endpoint
}

/**
 * @param localAddresses of this machine
 * @param localPort of the socket
 */
export function mappingOf(
  sightings: readonly Sighting[],
  localAddresses: ReadonlySet<string>,
  localPort: number,
): Mapping {
  const isOwn = ({ mapped }: Sighting) => localAddresses.has(mapped.address) && mapped.port === localPort
  if (sightings.length > 0 && sightings.every(isOwn)) return 'none'
  const pairs = sightings.flatMap((one, i) => sightings.slice(i + 1).map((other) => [one, other] as const))
  const sameHost = pairs.filter(([a, b]) => a.server.address === b.server.address && a.server.port !== b.server.port)
  const otherHost = pairs.filter(([a, b]) => a.server.address !== b.server.address)
  if (sameHost.some(isMoved)) return 'address-and-port-dependent'
  if (otherHost.some(isMoved)) {
    // Without two ports of one address the milder kind cannot be told; the worse one is the common one.
    return sameHost.length > 0 ? 'address-dependent' : 'address-and-port-dependent'
  }
  if (otherHost.length > 0) return 'endpoint-independent'
  return sameHost.length > 0 ? 'port-independent' : 'unknown'
}

export function isSymmetric(mapping: Mapping): boolean {
  return mapping === 'address-dependent' || mapping === 'address-and-port-dependent'
}

function isMoved([a, b]: readonly [Sighting, Sighting]): boolean {
  return a.mapped.address !== b.mapped.address || a.mapped.port !== b.mapped.port
}
