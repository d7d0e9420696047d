/** Keys that never change, so that what they sign can be published: Ed25519 signatures are deterministic (RFC 8032). */
import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto'
import { signAnnouncement, type Profile } from '../../protocol/announcement.ts'
import { fromBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { networkIdOfName } from '../../protocol/network.ts'
import type { Core } from '../../protocol/peer-id.ts'
import { signTicket, type Purpose } from '../../protocol/ticket.ts'

/** PKCS #8 in front of a raw private key (RFC 8410 section 7); the last byte of the object identifier tells which. */
const PKCS8_ED25519 = '302e020100300506032b657004220420'
const PKCS8_X25519 = '302e020100300506032b656e04220420'

/** Private keys: the bytes 0 to 31 and 32 to 63, as another implementation can write them down. */
export const IDENTITY_SEED = Uint8Array.from({ length: 32 }, (_, i) => i)
export const SESSION_SEED = Uint8Array.from({ length: 32 }, (_, i) => 32 + i)

export const NETWORK_NAME = 'mainnet'
export const HOST = 'edge-net.example:8443'
export const ISSUED_AT_MS = Date.UTC(2026, 0, 1)
export const HOUR_MS = 3_600_000

const identityKey = privateKey(PKCS8_ED25519, IDENTITY_SEED)

export const PROFILE: Profile = {
  rank: 1,
  rtc: true,
  issuedAtMs: ISSUED_AT_MS,
  expiresAtMs: ISSUED_AT_MS + 12 * HOUR_MS,
  name: 'Ada ✓',
  capabilities: ['gpu', 'vectors'],
  chain: new Uint8Array(0),
}

export async function fixedCore(): Promise<Core> {
  return {
    identity: publicKey(identityKey),
    session: publicKey(privateKey(PKCS8_X25519, SESSION_SEED)),
    network: await networkIdOfName(NETWORK_NAME),
  }
}

export function signFixed(message: Bytes): Promise<Bytes> {
  return Promise.resolve(new Uint8Array(sign(null, message, identityKey)))
}

/** The published announcement, with changes to its profile or core. */
export async function announce(profile: Partial<Profile> = {}, core: Partial<Core> = {}): Promise<Bytes> {
  return signAnnouncement({ ...(await fixedCore()), ...core }, { ...PROFILE, ...profile }, signFixed)
}

export async function ticket(purpose: Purpose): Promise<string> {
  return signTicket({ announcement: await announce(), purpose, issuedAtMs: ISSUED_AT_MS, host: HOST }, signFixed)
}

/** A further signer, by its private key. */
export function signerOf(seed: Uint8Array): { readonly key: Bytes; readonly sign: (message: Bytes) => Promise<Bytes> } {
  const key = privateKey(PKCS8_ED25519, seed)
  return { key: publicKey(key), sign: (message) => Promise.resolve(new Uint8Array(sign(null, message, key))) }
}

function privateKey(prefix: string, seed: Uint8Array): KeyObject {
  const der = Buffer.concat([Buffer.from(prefix, 'hex'), seed])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

function publicKey(key: KeyObject): Bytes {
  const bytes = fromBase64Url(String(createPublicKey(key).export({ format: 'jwk' }).x))
  if (!bytes) throw new Error('Node exported a key that is not base64url')
  return bytes
}
