/**
 * Who a peer is on the wire: 16 bytes derived from the keys of one session in one network, so that a peer id can be
 * checked by anyone who holds the announcement and cannot be chosen.
 */
import { concat, fromBase64Url, toBase64Url, utf8, type Bytes } from './bytes.ts'
import { sha256 } from './hash.ts'
import { PEER_ID_BYTES } from './limits.ts'

/** 22 base64url characters. */
export type PeerId = string & { readonly __brand: 'PeerId' }

/** The immutable half of an announcement: which identity runs which session in which network. */
export interface Core {
  /** Ed25519 public key of the contributor, 32 bytes. */
  readonly identity: Bytes
  /** X25519 public key of this running client, 32 bytes. */
  readonly session: Bytes
  /** Network id, 32 bytes. */
  readonly network: Bytes
}

const PEER_ID_DOMAIN = utf8('edge-net/peer/1')

/** Identity key, session key and network id, 96 bytes. */
export function coreBytes(core: Core): Bytes {
  return concat(core.identity, core.session, core.network)
}

export async function peerIdOf(core: Core): Promise<PeerId> {
  const digest = await sha256(concat(PEER_ID_DOMAIN, coreBytes(core)))
  return peerIdText(digest.slice(0, PEER_ID_BYTES))
}

export const peerIdText = toBase64Url as (bytes: Bytes) => PeerId

/** The 16 bytes of a peer id as they stand in an envelope. */
export function peerIdBytes(peer: PeerId): Bytes {
  return fromBase64Url(peer) ?? new Uint8Array(PEER_ID_BYTES)
}

/** A text from outside as a peer id, or `undefined` when it is not one. */
export function parsePeerId(text: unknown): PeerId | undefined {
  if (typeof text !== 'string' || text.length !== 22) return undefined
  return fromBase64Url(text)?.length === PEER_ID_BYTES ? (text as PeerId) : undefined
}
