/**
 * Control messages between a peer and its room: JSON texts, one object each, told apart by `type`. Unknown types from
 * the room are ignored by clients; unknown types from a client get a clear `error`.
 */
import { fromBase64Url, type Bytes } from './bytes.ts'
import { parseIceAnswer, type IceAnswer } from './http.ts'
import { FULL_LIST_PEERS, MAX_ANNOUNCEMENT_BYTES } from './limits.ts'
import { parsePeerId, type PeerId } from './peer-id.ts'
import type { Refusal } from './refusal.ts'

export { CLOSE_CODES, type Refusal, type RefusalCode } from './refusal.ts'

// ---- from the room -------------------------------------------------------------------------------------------------

/** A member as the room knows it. */
export interface ListedPeer {
  readonly announcement: Bytes
}

export type LimitScope = 'control' | 'signal' | 'relay' | 'target'

export type RoomMessage =
  /** First message on an accepted socket. `total` counts the members, the receiver included. */
  | {
      readonly type: 'welcome'
      readonly peerId: PeerId
      readonly serverTimeMs: number
      readonly total: number
      readonly peers: readonly ListedPeer[]
      /** True when this socket took over the place of an earlier one. */
      readonly resumed: boolean
      /** ICE servers, if the host had them at hand; otherwise they are to be asked for. */
      readonly ice?: IceAnswer
    }
  /** The answer to `peers`. `cursor` leads to the next page, if there is one. */
  | {
      readonly type: 'peer-list'
      readonly total: number
      readonly peers: readonly ListedPeer[]
      readonly cursor?: string
    }
  | {
      readonly type: 'peer-joined'
      readonly peer: ListedPeer
      readonly total: number
      /** True when the peer had been away and took its place again. */
      readonly resumed: boolean
    }
  | {
      readonly type: 'peer-left'
      readonly peerId: PeerId
      readonly total: number
      /** True when the peer did not say so: its socket is gone, and it may come back. */
      readonly lost?: true
    }
  /** Slow down. What was sent meanwhile has been dropped. */
  | { readonly type: 'limited'; readonly scope: LimitScope; readonly retryAfterMs: number }
  /** An envelope could not be delivered: its receiver is not reachable now but keeps its place. */
  | { readonly type: 'away'; readonly peerId: PeerId }
  /** An envelope could not be delivered: there is no such member. */
  | { readonly type: 'gone'; readonly peerId: PeerId }
  | ({ readonly type: 'error' } & Refusal)

/** A message as the room writes it. */
export function encodeRoomMessage(message: WireRoomMessage): string {
  return JSON.stringify(message)
}

/** {@link RoomMessage} with announcements as base64url texts, as it stands in JSON. */
export type WireRoomMessage = Wired<RoomMessage>
type Wired<T> = T extends Bytes ? string : T extends object ? { [K in keyof T]: Wired<T[K]> } : T

/** What the room said, or `undefined` for what this client does not understand. */
export function parseRoomMessage(text: string): RoomMessage | undefined {
  const fields = parseObject(text)
  const type = fields?.['type']
  const names = FIELDS.get(type)
  if (!fields || !names) return undefined
  const message: Record<string, unknown> = { type }
  for (const name of names.split(' ')) {
    const [key, optional] = name.split('?') as [keyof typeof READ, string?]
    const value = READ[key](fields[key])
    if (value !== undefined) message[key] = value
    else if (optional === undefined) return undefined
  }
  return message as RoomMessage
}

// ---- from the peer -------------------------------------------------------------------------------------------------

export type PeerMessage =
  /** Asks for a random sample, for the page after a cursor ('' is the first), or for certain members. */
  | { readonly type: 'peers'; readonly want: PeersWanted }
  /** A newer announcement with the same core. */
  | { readonly type: 'renew'; readonly announcement: Bytes }
  /** Leaving for good: no grace. */
  | { readonly type: 'bye' }

export type PeersWanted =
  { readonly sample: number } | { readonly cursor: string } | { readonly ids: readonly PeerId[] }

export function encodePeersRequest(want: PeersWanted): string {
  return JSON.stringify({ type: 'peers', ...want })
}

export function encodeRenew(announcement: string): string {
  return JSON.stringify({ type: 'renew', announcement })
}

export const BYE_TEXT = '{"type":"bye"}'

/** What the peer asked, or what is wrong with it. The caller has checked the length. */
export function parsePeerMessage(text: string): PeerMessage | 'control-malformed' | 'control-unknown' {
  const fields = parseObject(text)
  if (!fields) return 'control-malformed'
  switch (fields['type']) {
    case 'peers': {
      const want = peersWanted(fields)
      return want ? { type: 'peers', want } : 'control-malformed'
    }
    case 'renew': {
      const announcement = announcementBytes(fields['announcement'])
      return announcement ? { type: 'renew', announcement } : 'control-malformed'
    }
    case 'bye':
      return { type: 'bye' }
    default:
      return 'control-unknown'
  }
}

// ---- pieces --------------------------------------------------------------------------------------------------------

/** What each message from the room has; a question mark for what it may lack. */
const FIELDS: ReadonlyMap<unknown, string> = new Map(
  Object.entries({
    welcome: 'peerId serverTimeMs total peers resumed ice?',
    'peer-list': 'total peers cursor?',
    'peer-joined': 'peer total resumed',
    'peer-left': 'peerId total lost?',
    limited: 'scope retryAfterMs',
    away: 'peerId',
    gone: 'peerId',
    // A newer room may know codes that this client does not; it shows them as they are.
    error: 'code message hint serverTimeMs retryAfterMs?',
  } satisfies Record<RoomMessage['type'], string>),
)

/** How each field is read; `undefined` for what it cannot be. */
const READ = {
  peerId: parsePeerId,
  serverTimeMs: count,
  total: count,
  retryAfterMs: count,
  peers: listedPeers,
  peer: listedPeer,
  resumed: (value: unknown) => value === true,
  lost: (value: unknown) => value === true || undefined,
  ice: parseIceAnswer,
  cursor: string,
  code: string,
  message: string,
  hint: string,
  scope: (value: unknown) => LIMIT_SCOPES.find((known) => known === value),
}

const LIMIT_SCOPES: readonly LimitScope[] = ['control', 'signal', 'relay', 'target']

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function string(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined
}

function announcementBytes(value: unknown): Bytes | undefined {
  // Base64url is 4/3 as long as what it encodes.
  if (typeof value !== 'string' || value.length > Math.ceil((MAX_ANNOUNCEMENT_BYTES * 4) / 3)) return undefined
  return fromBase64Url(value)
}

function listedPeer(value: unknown): ListedPeer | undefined {
  const announcement = announcementBytes((Object(value) as Record<string, unknown>)['announcement'])
  return announcement && { announcement }
}

function listedPeers(value: unknown): ListedPeer[] | undefined {
  if (!Array.isArray(value) || value.length > FULL_LIST_PEERS) return undefined
  const peers = value.map(listedPeer)
  return peers.every((peer) => peer !== undefined) ? peers : undefined
}

function peersWanted(fields: Record<string, unknown>): PeersWanted | undefined {
  const { sample, cursor, ids } = fields
  if (typeof sample === 'number' && Number.isSafeInteger(sample) && sample > 0) {
    return { sample: Math.min(sample, FULL_LIST_PEERS) }
  }
  if (typeof cursor === 'string' && (cursor === '' || parsePeerId(cursor))) return { cursor }
  if (!Array.isArray(ids) || ids.length === 0 || ids.length > FULL_LIST_PEERS) return undefined
  const wanted: PeerId[] = []
  for (const id of ids) {
    const peerId = parsePeerId(id)
    if (!peerId) return undefined
    wanted.push(peerId)
  }
  return { ids: wanted }
}
