/** A room URL taken apart: `https://HOST/n/NETWORK`. */
import { isPlainName } from '../protocol/network.ts'
import { EdgeNetError } from './errors.ts'

export interface RoomUrl {
  /** The plain name of the network. */
  readonly network: string
  /** Host and port, as tickets name them. */
  readonly host: string
  readonly http: string
  readonly webSocket: string
  readonly ice: string
}

/** @throws EdgeNetError `invalid-argument` with a hint that names the form */
export function parseRoomUrl(text: string): RoomUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const network = /^\/n\/([^/]+)\/?$/.exec(url?.pathname ?? '')?.[1]
  if (!url || !network || !/^https?:$/.test(url.protocol)) {
    const message = `"${text}" is not a room URL.`
    throw new EdgeNetError('invalid-argument', 'room-url', message, 'Use https://HOST/n/NETWORK.')
  }
  if (!isPlainName(network)) {
    const hint = 'Use 1 to 63 lower-case letters, digits and hyphens, and do not begin with net-.'
    throw new EdgeNetError('invalid-argument', 'network-name', `"${network}" is not a network name.`, hint)
  }
  const http = `${url.origin}/n/${network}`
  return { network, host: url.host, http, webSocket: http.replace(/^http/, 'ws'), ice: `${http}/ice` }
}
