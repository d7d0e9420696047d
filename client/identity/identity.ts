/** An identity: a contributor's Ed25519 key pair (RFC 8032). Whoever holds the private half is the contributor. */
import { toBase64Url, type Bytes } from '../../protocol/bytes.ts'

export interface Identity {
  /** Ed25519 public key, 32 bytes. */
  readonly publicKey: Bytes
  /** The public key as base64url: the contributor's name to programs. */
  readonly siteId: string
  /** An Ed25519 signature, 64 bytes. */
  sign(message: Bytes): Promise<Bytes>
}

/** A new identity. Its private key cannot be extracted; keep the {@link CryptoKeyPair} to keep the identity. */
export async function createIdentity(): Promise<Identity> {
  return identityOf(await generateIdentityKeys())
}

/** A key pair that structured clone can store (IndexedDB) but no script can read. */
export function generateIdentityKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify'])
}

/** The identity that a key pair stands for. */
export async function identityOf(keys: CryptoKeyPair): Promise<Identity> {
  const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', keys.publicKey))
  return {
    publicKey,
    siteId: toBase64Url(publicKey),
    sign: async (message) => new Uint8Array(await crypto.subtle.sign('Ed25519', keys.privateKey, message)),
  }
}
