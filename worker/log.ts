/**
 * Structured log lines. The union is the whole vocabulary: no event has a field that could carry a session description,
 * an address, a key, a ticket or a peer id.
 */
import { isNetworkKey, isPlainName } from '../protocol/network.ts'
import type { LimitScope, RefusalCode } from '../protocol/room-messages.ts'
import type { Tally } from './tally.ts'

export type LogEvent =
  | {
      readonly event: 'refused'
      readonly purpose: 'join' | 'ice' | 'found' | 'membership'
      readonly network: string
      readonly code: RefusalCode
    }
  | { readonly event: 'room-report'; readonly network: string; readonly members: number; readonly tally: Tally }
  | { readonly event: 'flood-closed'; readonly network: string; readonly scope: LimitScope }
  | { readonly event: 'reaped'; readonly network: string; readonly sockets: number }
  | { readonly event: 'ice-provider-failed'; readonly reason: string }
  | { readonly event: 'room-not-told'; readonly reason: string }
  | { readonly event: 'report-failed'; readonly reason: string }
  | { readonly event: 'internal-error'; readonly route: string; readonly reason: string }

/**
 * What a network is called in the log: founded ones alike, since closed ones are nobody's business; and what is no name is a
 * stranger's text.
 */
export function loggedName(network: string): string {
  if (isPlainName(network)) return network
  return isNetworkKey(network) ? 'net-' : ''
}

export function log(event: LogEvent): void {
  console.log(JSON.stringify(event))
}

/** The kind of an error, which is safe to log; its message may quote what a stranger sent. */
export function errorKind(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
