/** Where the parts of an announcement lie in its bytes. */
import { fromBase64Url, toBase64Url, type Bytes } from '../../../protocol/bytes.ts'
import type { Told } from './attack.ts'

const SIGNATURE_BYTES = 64
const NAME_AT = 111
export const SESSION_AT = 33
export const SESSION_END = 65

/** From (inclusive) and to (exclusive). */
export const REGIONS: Readonly<Record<string, (bytes: Bytes) => readonly [number, number]>> = {
  version: () => [0, 1],
  'identity key': () => [1, SESSION_AT],
  'session key': () => [SESSION_AT, SESSION_END],
  network: () => [SESSION_END, 97],
  rank: () => [97, 98],
  rtc: () => [98, 99],
  times: () => [99, NAME_AT],
  name: (bytes) => [NAME_AT, NAME_AT + 1 + (bytes[NAME_AT] ?? 0)],
  signature: (bytes) => [bytes.length - SIGNATURE_BYTES, bytes.length],
}

/** A control message with every announcement in it replaced; `undefined` leaves one out. */
export function withListed(message: Told, replace: (announcement: Bytes) => Bytes | undefined): Told {
  const listed = (peer: unknown) => {
    const { announcement } = peer as { announcement: string }
    const replaced = replace(fromBase64Url(announcement) ?? new Uint8Array(0))
    return replaced ? [{ announcement: toBase64Url(replaced) }] : []
  }
  const { peers, peer } = message
  return {
    ...message,
    ...(Array.isArray(peers) && { peers: peers.flatMap(listed) }),
    ...(peer !== undefined && { peer: listed(peer)[0] }),
  }
}

export function listsAnybody({ peers, peer }: Told): boolean {
  return (Array.isArray(peers) && peers.length > 0) || peer !== undefined
}
