/** The WebCrypto operations that every runtime shares and both sides of the wire need. */
import { concat, type Bytes } from './bytes.ts'
import { KEY_BYTES, SIGNATURE_BYTES } from './limits.ts'

export async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
}

/** `body` with its signature behind it; the domain is signed in front of it but does not travel. */
export async function appendSignature(
  domain: Bytes,
  body: Bytes,
  sign: (message: Bytes) => Promise<Bytes>,
): Promise<Bytes> {
  return concat(body, await sign(concat(domain, body)))
}

/** A signature that is to be checked. */
export interface SignatureCheck {
  readonly publicKey: Bytes
  readonly signature: Bytes
  readonly message: Bytes
}

/** Whether a signature is the key's over a message: {@link verifySignature}, or a stricter rule of the same meaning. */
export type Verify = (key: Bytes, signature: Bytes, message: Bytes) => Promise<boolean>

/**
 * Whether `signature` is the identity's Ed25519 signature over `message` (RFC 8032).
 * A key that the platform refuses to import verifies nothing; that is an answer, not an error.
 */
export async function verifySignature(identity: Bytes, signature: Bytes, message: Bytes): Promise<boolean> {
  if (identity.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false
  try {
    const key = await crypto.subtle.importKey('raw', identity, 'Ed25519', false, ['verify'])
    return await crypto.subtle.verify('Ed25519', key, signature, message)
  } catch {
    return false
  }
}
