/** A room URL taken apart: `https://HOST/n/NETWORK`. */
import { isNetworkKey } from '../protocol/network.ts'
import { EdgeNetError } from './errors.ts'

export interface RoomUrl {
  /** What names the network: a plain name, or the id of a founded one. */
  readonly network: string
  /** Host and port, as tickets name them. */
  readonly host: string
  readonly http: string
  readonly webSocket: string
  readonly ice: string
}

/** What stands behind `?` and `#` is not part of it. @throws EdgeNetError `invalid-argument` with a hint that names the form */
export function parseRoomUrl(text: string): RoomUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const network = /^\/n\/([^/]+)\/?$/.exec(url?.pathname ?? '')?.[1]
  if (!url || !network || !/^https?:$/.test(url.protocol)) {
    const message = `"${text}" is not a room URL.`
    throw new EdgeNetError('invalid-argument', 'room-url', message, 'Use https://HOST/n/NETWORK.')
  }
  if (!isNetworkKey(network)) {
    const hint = 'Use 1 to 63 lower-case letters, digits and hyphens, or net- and 43 characters.'
    throw new EdgeNetError('invalid-argument', 'network-name', `"${network}" is not a network name.`, hint)
  }
  const http = `${url.origin}/n/${network}`
  return { network, host: url.host, http, webSocket: http.replace(/^http/, 'ws'), ice: `${http}/ice` }
}
