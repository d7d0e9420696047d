/**
 * How often one part of the Internet may ask. Identities are free, so addresses are what counts: the limiters of wrangler.toml
 * are keyed by IP prefix, and each counts for one Cloudflare location.
 */
import { toBase64Url, utf8 } from '../protocol/bytes.ts'
import { sha256 } from '../protocol/hash.ts'
import type { Settings } from './settings.ts'

/** What is counted apart for each network: joins, requests for ICE servers, reading, and what members and applicants send. */
export type Asking = 'join' | 'ice' | 'read' | 'membership'

/** The rate limiters count in windows of this length (wrangler.toml). */
export const RATE_WINDOW_MS = 10_000
/** Except founding, which leaves something behind. */
export const FOUNDING_WINDOW_MS = 60_000
const SOURCE_BYTES = 8

/** Whether this part of the Internet has asked too often. */
export async function isRateLimited(request: Request, network: string, asking: Asking, settings: Settings) {
  const prefix = ipPrefix(request.headers.get('CF-Connecting-IP'))
  if (prefix === undefined) return false
  const [prefixPasses, networkPasses] = await Promise.all([
    settings.PREFIX_LIMIT.limit({ key: prefix }),
    settings.NETWORK_LIMIT.limit({ key: `${asking} ${prefix} ${network}` }),
  ])
  return !prefixPasses.success || !networkPasses.success
}

/** Whether this part of the Internet has founded too many networks. */
export async function isFoundingLimited(request: Request, settings: Settings): Promise<boolean> {
  const prefix = ipPrefix(request.headers.get('CF-Connecting-IP'))
  return prefix !== undefined && !(await settings.FOUNDING_LIMIT.limit({ key: prefix })).success
}

/**
 * What stands for this part of the Internet where it is kept for some days, to bound what comes from there: not the prefix,
 * but eight bytes of a hash of it, which is another in every network. Empty for a developer's machine.
 */
export async function sourceOf(request: Request, network: string): Promise<string> {
  const prefix = ipPrefix(request.headers.get('CF-Connecting-IP'))
  if (prefix === undefined) return ''
  return toBase64Url((await sha256(utf8(`${network} ${prefix}`))).slice(0, SOURCE_BYTES))
}

/**
 * The /24 of an IPv4 address or the /48 of an IPv6 one: what one subscriber or tunnel holder commands. `undefined` for
 * none and for loopback, which Cloudflare's edge never reports: that is a developer's machine.
 */
export function ipPrefix(address: string | null): string | undefined {
  if (!address || address === '::1' || address.startsWith('127.')) return undefined
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  const dotted = mapped ?? (address.includes(':') ? undefined : address)
  if (dotted !== undefined) return dotted.split('.').slice(0, 3).join('.')
  const [head = '', tail = ''] = address.toLowerCase().split('::')
  const groups = head === '' ? [] : head.split(':')
  const after = tail === '' ? [] : tail.split(':')
  while (address.includes('::') && groups.length + after.length < 8) groups.push('0')
  return [...groups, ...after]
    .slice(0, 3)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
