/**
 * An announcement says who a peer is: the core, which proves its peer id, and a profile, which may change. It is signed
 * by the identity, carried by anyone, and checked by everyone.
 *
 *     version u8 = 1 · identity 32 · session 32 · network 32 · rank u8 · rtc u8 · issued u48 · expires u48
 *     · name u8+UTF-8 · capability count u8 · (capability u8+UTF-8)* · chain u16+bytes · signature 64
 *
 * The signature covers "edge-net/announcement/1\0" and everything before it. There is one encoding of each content.
 */
import { compareBytes, concat, utf8, type Bytes } from './bytes.ts'
import { appendSignature, verifySignature } from './hash.ts'
import { fixed, layout, list, oneOf, sized, text, uint } from './layout.ts'
import {
  KEY_BYTES,
  MAX_ANNOUNCEMENT_AGE_MS,
  MAX_ANNOUNCEMENT_BYTES,
  MAX_CAPABILITIES,
  MAX_CAPABILITY_BYTES,
  MAX_CHAIN_BYTES,
  MAX_NAME_BYTES,
  SIGNATURE_BYTES,
  TICKET_CLOCK_TOLERANCE_MS,
} from './limits.ts'
import { peerIdOf, type Core, type PeerId } from './peer-id.ts'

/** What a peer says of itself. */
export interface Profile {
  /** Who offers: the higher rank does. Browsers 1, Node 0. */
  readonly rank: number
  /** Whether the peer can make WebRTC connections; without it, it takes part over the relay. */
  readonly rtc: boolean
  readonly issuedAtMs: number
  readonly expiresAtMs: number
  /** A label for people; never an identifier. May be empty. */
  readonly name: string
  readonly capabilities: readonly string[]
  /** Certificates for closed networks; empty in public ones. */
  readonly chain: Bytes
}

export interface Announcement {
  readonly core: Core
  readonly profile: Profile
  readonly signature: Bytes
  /** The encoding that was signed and travels. */
  readonly bytes: Bytes
}

/** An announcement whose signature holds, with the peer id that it proves. */
export interface ProvenAnnouncement extends Announcement {
  readonly peerId: PeerId
}

export type AnnouncementFault =
  'announcement-malformed' | 'announcement-signature' | 'announcement-network' | 'announcement-expired'

const VERSION = 1
const DOMAIN = utf8('edge-net/announcement/1\0')
const LAYOUT = layout<{ version: number; signature: Bytes } & Core & Profile>({
  version: uint(1),
  identity: fixed(KEY_BYTES),
  session: fixed(KEY_BYTES),
  network: fixed(KEY_BYTES),
  rank: uint(1),
  rtc: oneOf([false, true]),
  issuedAtMs: uint(6),
  expiresAtMs: uint(6),
  name: text(1, MAX_NAME_BYTES),
  capabilities: list(text(1, MAX_CAPABILITY_BYTES), MAX_CAPABILITIES),
  chain: sized(2, MAX_CHAIN_BYTES),
  signature: fixed(SIGNATURE_BYTES),
})

/** Encodes and signs. */
export function signAnnouncement(
  core: Core,
  profile: Profile,
  sign: (message: Bytes) => Promise<Bytes>,
): Promise<Bytes> {
  const body = LAYOUT.encode({ version: VERSION, ...core, ...profile, signature: new Uint8Array(0) })
  return appendSignature(DOMAIN, body, sign)
}

/** The announcement in these bytes, unverified, or `undefined` when they are not one. */
export function decodeAnnouncement(bytes: Bytes): Announcement | undefined {
  const fields = bytes.length > MAX_ANNOUNCEMENT_BYTES ? undefined : LAYOUT.decode(bytes)
  if (fields?.version !== VERSION) return undefined
  const { version: _, identity, session, network, signature, ...profile } = fields
  return { core: { identity, session, network }, profile, signature, bytes }
}

/**
 * Checks an announcement for a network at a time: layout, network, validity period, signature, in the order of their
 * cost. Door and peers run this same function.
 */
export async function proveAnnouncement(
  bytes: Bytes,
  network: Bytes,
  nowMs: number,
): Promise<ProvenAnnouncement | AnnouncementFault> {
  const announcement = decodeAnnouncement(bytes)
  if (!announcement) return 'announcement-malformed'
  const { core, profile, signature } = announcement
  if (compareBytes(core.network, network) !== 0) return 'announcement-network'
  const lifetimeMs = profile.expiresAtMs - profile.issuedAtMs
  const current = profile.expiresAtMs > nowMs && profile.issuedAtMs <= nowMs + TICKET_CLOCK_TOLERANCE_MS
  if (!current || lifetimeMs > MAX_ANNOUNCEMENT_AGE_MS) return 'announcement-expired'
  const signed = concat(DOMAIN, bytes.slice(0, -SIGNATURE_BYTES))
  const [genuine, peerId] = await Promise.all([verifySignature(core.identity, signature, signed), peerIdOf(core)])
  return genuine ? { ...announcement, peerId } : 'announcement-signature'
}
