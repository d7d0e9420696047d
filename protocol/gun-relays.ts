/** Relays of Gun as people write them down: in the options of an application, on a command line, in a service's settings. */

/** Each costs a socket and a copy of everything; with three, two may be down. */
export const MAX_GUN_RELAYS = 8

/** What stands between `ws://` and the path: a name or an address, nothing that means more where it is quoted. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/

/** A relay as a WebSocket URL, whether it was written as one or with http; `undefined` for what no client could use. */
export function gunRelayUrl(text: string): string | undefined {
  // Several are several: one after the other on a command line, and with commas in a setting, where they are taken apart before.
  if (/[\s,]/.test(text.trim())) return undefined
  const url = URL.parse(text.trim().replace(/^http/i, 'ws'))
  if (url?.protocol !== 'ws:' && url?.protocol !== 'wss:') return undefined
  // WebSockets take no fragment; a password would be everybody's.
  const isPlain = url.hash === '' && url.username === '' && url.password === ''
  return isPlain && HOST.test(url.host) ? url.href : undefined
}
