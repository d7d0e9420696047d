/** Addresses of ICE servers (RFC 7064, RFC 7065), and the machines behind them. */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import type { IceServer } from '../../../../protocol/http.ts'
import type { Endpoint } from './message.ts'

/** How packets travel between us and the server; `tls` is TURN inside TLS over TCP. */
export type Transport = 'udp' | 'tcp' | 'tls'

export interface ServerUrl {
  readonly url: string
  readonly scheme: 'stun' | 'turn'
  readonly host: string
  readonly port: number
  readonly transport: Transport
  readonly username: string
  readonly credential: string
}

const ICE_URL = /^(stun|turn)(s?):(?:\[([0-9a-f:.]+)\]|([^\s/?:[\]]+))(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/i
/** RFC 8489 section 18.6, RFC 8656 section 15. */
const PORT = 3478
const TLS_PORT = 5349

/** Every URL of the servers taken apart. Those that make no sense are left out, as engines do. */
export function serverUrls(servers: readonly IceServer[]): ServerUrl[] {
  return servers.flatMap(({ urls, username = '', credential = '' }) =>
    [urls].flat().flatMap((url) => {
      const [, scheme = '', secure, ipv6, name, port, query] = ICE_URL.exec(url) ?? []
      if (!scheme) return []
      const transport: Transport = secure ? 'tls' : query?.toLowerCase() === 'tcp' ? 'tcp' : 'udp'
      return {
        url,
        scheme: scheme.toLowerCase() === 'turn' ? ('turn' as const) : ('stun' as const),
        host: ipv6 ?? name ?? '',
        port: port === undefined ? (secure ? TLS_PORT : PORT) : Number(port),
        transport,
        username,
        credential,
      }
    }),
  )
}

/**
 * The server's address: IPv4 where there is one, because that is where NATs are.
 *
 * @throws what node:dns throws when the name is not known
 */
export async function resolveServer({ host, port }: Pick<ServerUrl, 'host' | 'port'>): Promise<Endpoint> {
  if (isIP(host)) return { address: host, port }
  const { address } = await lookup(host, { order: 'ipv4first' })
  return { address, port }
}
