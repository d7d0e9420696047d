/** Who is at the other end of a request: the socket knows, unless a trusted proxy stands in between and says. */
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { UsageError } from '../usage-error.ts'

export interface Client {
  readonly address: string
  /** How the client spoke to the proxy; `undefined` without one. */
  readonly protocol: 'http' | 'https' | undefined
}

export function clientOf({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>, proxies: BlockList): Client {
  const address = plainAddress(socket.remoteAddress ?? '')
  if (!contains(proxies, address)) return { address, protocol: undefined }
  // The last one is what the proxy itself saw; those before it are what it was told.
  const said = lastOf(headers['x-forwarded-for'])
  const protocol = lastOf(headers['x-forwarded-proto'])
  return {
    address: isIP(said) === 0 ? address : plainAddress(said),
    protocol: protocol === 'http' || protocol === 'https' ? protocol : undefined,
  }
}

/** Proxies on this machine need not be named. */
const LOOPBACK = '127.0.0.0/8,::1'

/**
 * The proxies that are believed: addresses, or ranges as `10.0.0.0/8`, separated by commas.
 *
 * @throws UsageError
 */
export function proxyList(text: string): BlockList {
  const list = new BlockList()
  for (const item of `${LOOPBACK},${text}`.split(',').flatMap((part) => part.trim() || [])) {
    const [address = '', bits] = item.split('/')
    const family = isIP(address)
    const prefix = bits === undefined || bits === '' ? NaN : Number(bits)
    const isRight =
      bits === undefined || (Number.isInteger(prefix) && prefix >= 0 && prefix <= BITS[family === 6 ? 6 : 4])
    if (family === 0 || !isRight) {
      throw new UsageError(`--proxy has "${item}", which is no address.`, 'For example: --proxy 172.16.0.0/12')
    }
    const type = family === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, type)
    else list.addSubnet(address, prefix, type)
  }
  return list
}

const BITS = { 4: 32, 6: 128 } as const

function contains(list: BlockList, address: string): boolean {
  const family = isIP(address)
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** A socket that listens on both families gives IPv4 addresses as IPv6 ones. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

function lastOf(header: string | string[] | undefined): string {
  return (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').at(-1)?.trim() ?? ''
}
