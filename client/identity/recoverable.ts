/**
 * An identity whose secret is at hand, so that it can be backed up. What a browser keeps is never extractable: only who makes
 * or restores an identity has its seed, in memory, until the page goes.
 */
import { utf8, type Bytes } from '../../protocol/bytes.ts'
import { EdgeNetError } from '../errors.ts'
import { identityOf, type Identity } from './identity.ts'

/** RFC 8032: all of a private key is made of it. */
export const SEED_BYTES = 32
/** Of a private key in PKCS #8, which ends with its seed: RFC 8410 section 7. */
export const PKCS8_HEAD = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20)

export class RecoverableIdentity {
  readonly identity: Identity
  /** The same, for a store: their private half cannot be read, and who loads them has an identity without a backup. */
  readonly keys: CryptoKeyPair
  readonly #seed: Bytes

  private constructor(identity: Identity, keys: CryptoKeyPair, seed: Bytes) {
    this.identity = identity
    this.keys = keys
    this.#seed = seed
  }

  /** The identity of a seed; `undefined` when the public key belongs to another one. */
  static async ofSeed(seed: Bytes, publicKey: Bytes): Promise<RecoverableIdentity | undefined> {
    const pkcs8 = new Uint8Array([...PKCS8_HEAD, ...seed])
    const [privateKey, verifying] = await Promise.all([
      crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', false, ['sign']),
      crypto.subtle.importKey('raw', publicKey, 'Ed25519', true, ['verify']),
    ])
    pkcs8.fill(0)
    const keys = { privateKey, publicKey: verifying }
    // No platform computes a public key from a private one that it does not let out.
    const signature = await crypto.subtle.sign('Ed25519', privateKey, PROBE)
    if (!(await crypto.subtle.verify('Ed25519', verifying, signature, PROBE))) return undefined
    return new RecoverableIdentity(await identityOf(keys), keys, seed.slice())
  }

  /** A copy of the seed. Static, so that whoever is given the object alone has no way to it. */
  static seedOf(recoverable: RecoverableIdentity): Bytes {
    return recoverable.#seed.slice()
  }
}

/** Everything else that an identity signs begins with a label of the protocol. */
const PROBE = utf8('Does this seed belong to this public key?')

/**
 * A new identity that can be backed up for as long as the object lives.
 *
 * @throws EdgeNetError `unsupported` when the runtime cannot make such keys
 */
export async function createRecoverableIdentity(): Promise<RecoverableIdentity> {
  const { publicKey, seed } = await newSeed().catch((error: unknown) => {
    throw unsupported(error)
  })
  try {
    const made = await RecoverableIdentity.ofSeed(seed, publicKey)
    if (made) return made
  } finally {
    seed.fill(0)
  }
  throw unsupported(undefined)
}

async function newSeed(): Promise<{ readonly publicKey: Bytes; readonly seed: Bytes }> {
  const keys = await crypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])
  const [raw, exported] = await Promise.all([
    crypto.subtle.exportKey('raw', keys.publicKey),
    crypto.subtle.exportKey('pkcs8', keys.privateKey),
  ])
  const pkcs8 = new Uint8Array(exported)
  const seed = pkcs8.slice(PKCS8_HEAD.length, PKCS8_HEAD.length + SEED_BYTES)
  pkcs8.fill(0)
  return { publicKey: new Uint8Array(raw), seed }
}

function unsupported(cause: unknown): EdgeNetError {
  const message = 'This runtime cannot make Ed25519 keys that can be backed up.'
  return new EdgeNetError('unsupported', 'keys', message, 'Use a current browser, or Node 22 or newer.', { cause })
}
