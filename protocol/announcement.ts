/**
 * An announcement says who a peer is: the core, which proves its peer id, and a profile, which may change. It is signed
 * by the identity, carried by anyone, and checked by everyone.
 *
 *     version u8 = 1 · identity 32 · session 32 · network 32 · rank u8 · rtc u8 · issued u48 · expires u48
 *     · name u8+UTF-8 · capability count u8 · (capability u8+UTF-8)* · chain u16+bytes · signature 64
 *
 * The signature covers "edge-net/announcement/1\0" and everything before it. There is one encoding of each content.
 */
import { ByteReader, ByteWriter, concat, textOf, utf8, type Bytes } from './bytes.ts'
import { verifySignature } from './hash.ts'
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

/** What the identity signs. */
export function announcementBody(core: Core, profile: Profile): Bytes {
  const writer = new ByteWriter()
    .uint(1, VERSION)
    .bytes(core.identity)
    .bytes(core.session)
    .bytes(core.network)
    .uint(1, profile.rank)
    .uint(1, profile.rtc ? 1 : 0)
    .uint(6, profile.issuedAtMs)
    .uint(6, profile.expiresAtMs)
    .sized(1, utf8(profile.name))
    .uint(1, profile.capabilities.length)
  for (const capability of profile.capabilities) writer.sized(1, utf8(capability))
  return writer.sized(2, profile.chain).done()
}

/** Signs a body and returns the announcement's bytes. */
export async function signAnnouncement(body: Bytes, sign: (message: Bytes) => Promise<Bytes>): Promise<Bytes> {
  return concat(body, await sign(concat(DOMAIN, body)))
}

/** The announcement in these bytes, unverified, or `undefined` when they are not one. */
export function decodeAnnouncement(bytes: Bytes): Announcement | undefined {
  if (bytes.length > MAX_ANNOUNCEMENT_BYTES) return undefined
  const reader = new ByteReader(bytes)
  const version = reader.uint(1)
  const core = { identity: reader.bytes(KEY_BYTES), session: reader.bytes(KEY_BYTES), network: reader.bytes(KEY_BYTES) }
  const rank = reader.uint(1)
  const rtc = reader.uint(1)
  const issuedAtMs = reader.uint(6)
  const expiresAtMs = reader.uint(6)
  const name = textOf(reader.sized(1, MAX_NAME_BYTES))
  const capabilityCount = reader.uint(1)
  if (version !== VERSION || rtc > 1 || capabilityCount > MAX_CAPABILITIES || name === undefined) return undefined
  const capabilities: string[] = []
  for (let i = 0; i < capabilityCount; i++) {
    const capability = textOf(reader.sized(1, MAX_CAPABILITY_BYTES))
    if (capability === undefined) return undefined
    capabilities.push(capability)
  }
  const chain = reader.sized(2, MAX_CHAIN_BYTES)
  const signature = reader.bytes(SIGNATURE_BYTES)
  if (!reader.finished()) return undefined
  const profile = { rank, rtc: rtc === 1, issuedAtMs, expiresAtMs, name, capabilities, chain }
  return { core, profile, signature, bytes }
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
  if (core.network.some((byte, i) => byte !== network[i])) return 'announcement-network'
  const lifetimeMs = profile.expiresAtMs - profile.issuedAtMs
  const current = profile.expiresAtMs > nowMs && profile.issuedAtMs <= nowMs + TICKET_CLOCK_TOLERANCE_MS
  if (!current || lifetimeMs > MAX_ANNOUNCEMENT_AGE_MS) return 'announcement-expired'
  const signed = concat(DOMAIN, bytes.slice(0, -SIGNATURE_BYTES))
  const [genuine, peerId] = await Promise.all([verifySignature(core.identity, signature, signed), peerIdOf(core)])
  return genuine ? { ...announcement, peerId } : 'announcement-signature'
}
