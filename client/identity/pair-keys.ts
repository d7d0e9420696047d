/**
 * What two sessions share as soon as they know each other's cores: no extra round trip, forward secret for as long as
 * the session keys stay in memory (DESIGN.md section 5; HKDF is RFC 5869).
 *
 *     PRK = HKDF-Extract(salt = SHA-256("edge-net/pair/1\0" ‖ core_lo ‖ core_hi), X25519(session keys))
 *     K   = HKDF-Expand(PRK, "edge-net/seal/1\0" ‖ from ‖ to ‖ incarnation u32 ‖ generation u32)
 *     B   = HKDF-Expand(PRK, "edge-net/bind/1\0")
 *
 * Cores are ordered by peer id, so both sides compute the same salt and neither can be mistaken for the other.
 */
import { compareBytes, concat, utf8, type Bytes } from '../../protocol/bytes.ts'
import { PEER_ID } from '../../protocol/envelope.ts'
import { sha256 } from '../../protocol/hash.ts'
import { layout, uint } from '../../protocol/layout.ts'
import { coreBytes, type Core, type PeerId } from '../../protocol/peer-id.ts'

export interface Party {
  readonly peerId: PeerId
  readonly core: Core
}

const PAIR_LABEL = utf8('edge-net/pair/1\0')
const SEAL_LABEL = utf8('edge-net/seal/1\0')
const BIND_LABEL = utf8('edge-net/bind/1\0')
const SEAL_INFO = layout<{ from: PeerId; to: PeerId; incarnation: number; generation: number }>({
  from: PEER_ID,
  to: PEER_ID,
  incarnation: uint(4),
  generation: uint(4),
})

export class PairKeys {
  readonly #secret: CryptoKey
  readonly #salt: Bytes

  private constructor(secret: CryptoKey, salt: Bytes) {
    this.#secret = secret
    this.#salt = salt
  }

  /**
   * @returns `undefined` when the other session key is not one that a secret can be shared with: our own peer id
   * reflected, a point that gives an all-zero secret (RFC 7748 section 6.1), or no point at all.
   */
  static async agree(self: Party, privateKey: CryptoKey, other: Party): Promise<PairKeys | undefined> {
    const order = compareBytes(PEER_ID.put(self.peerId), PEER_ID.put(other.peerId))
    if (order === 0) return undefined
    const [low, high] = order < 0 ? [self, other] : [other, self]
    const salt = sha256(concat(PAIR_LABEL, coreBytes(low.core), coreBytes(high.core)))
    try {
      const publicKey = await crypto.subtle.importKey('raw', other.core.session, 'X25519', false, [])
      const algorithm = { name: 'X25519', public: publicKey }
      const shared = new Uint8Array(await crypto.subtle.deriveBits(algorithm, privateKey, 256))
      if (shared.every((byte) => byte === 0)) return undefined
      const secret = await crypto.subtle.importKey('raw', shared, 'HKDF', false, ['deriveKey'])
      return new PairKeys(secret, await salt)
    } catch {
      // The platform refuses small-order points by itself; either way there is no secret.
      return undefined
    }
  }

  /** The AES-256-GCM key of one direction, link state and generation. */
  sealKey(
    from: PeerId,
    to: PeerId,
    incarnation: number,
    generation: number,
    usage: 'encrypt' | 'decrypt',
  ): Promise<CryptoKey> {
    const info = concat(SEAL_LABEL, SEAL_INFO.encode({ from, to, incarnation, generation }))
    return crypto.subtle.deriveKey(this.#hkdf(info), this.#secret, { name: 'AES-GCM', length: 256 }, false, [usage])
  }

  /** The HMAC-SHA-256 key that binds a direct path to this pair. */
  bindKey(): Promise<CryptoKey> {
    const hmac = { name: 'HMAC', hash: 'SHA-256', length: 256 }
    return crypto.subtle.deriveKey(this.#hkdf(BIND_LABEL), this.#secret, hmac, false, ['sign'])
  }

  #hkdf(info: Bytes): HkdfParams {
    return { name: 'HKDF', hash: 'SHA-256', salt: this.#salt, info }
  }
}
