/**
 * Stand-ins for what is slow or secret: SHA-256 that answers at once, and a keyed hash in place of Ed25519. Only {@link sign}
 * makes signatures that {@link isSigned} accepts; hostile peers call it with keys of their own and with no others.
 */
import { hash } from 'node:crypto'
import type { Bytes } from '../../../protocol/bytes.ts'
import { concat, toBase64Url, utf8 } from '../../../protocol/bytes.ts'
import type { Identity } from '../../../client/identity/identity.ts'
import type { SignatureCheck, Verifier } from '../../../client/qdag/verifier.ts'

const SIGNATURE_DOMAIN = utf8('stands for a signature')

export function sha256(bytes: Bytes): Bytes {
  return new Uint8Array(hash('sha256', bytes, 'buffer'))
}

/** Bytes that are the same whenever the name is: keys, writers, network ids. */
export function bytesOf(name: string, length = 32): Bytes {
  return sha256(utf8(name)).slice(0, length)
}

export function sign(publicKey: Bytes, message: Bytes): Bytes {
  const half = sha256(concat(SIGNATURE_DOMAIN, publicKey, message))
  return concat(half, half)
}

export function isSigned({ publicKey, signature, message }: SignatureCheck): boolean {
  const expected = sign(publicKey, message)
  return signature.length === expected.length && expected.every((byte, at) => byte === signature[at])
}

export function identityOf(publicKey: Bytes): Identity {
  return { publicKey, siteId: toBase64Url(publicKey), sign: async (message) => sign(publicKey, message) }
}

/** One that takes no time: for own entries. */
export const promptVerifier: Verifier = {
  verify: async (checks) => checks.map(isSigned),
  close: () => {},
}
