/** Identities that never change, so that what they sign can be published: Ed25519 signatures are deterministic (RFC 8032). */
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { fromBase64Url, toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import type { Identity } from '../../client/identity/identity.ts'

/** PKCS #8 in front of a raw private key (RFC 8410 section 7). */
const PKCS8 = '302e020100300506032b657004220420'

export interface FixedIdentity extends Identity {
  readonly seed: Bytes
}

/** The identity whose private key is 32 bytes that count up from `first`. */
export function fixedIdentity(first: number): FixedIdentity {
  const seed = Uint8Array.from({ length: 32 }, (_, i) => (first + i) % 256)
  const der = Buffer.concat([Buffer.from(PKCS8, 'hex'), seed])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const publicKey = fromBase64Url(String(createPublicKey(key).export({ format: 'jwk' }).x))
  if (!publicKey) throw new Error('Node exported a key that is not base64url')
  return {
    seed,
    publicKey,
    siteId: toBase64Url(publicKey),
    sign: (message) => Promise.resolve(new Uint8Array(sign(null, message, key))),
  }
}
