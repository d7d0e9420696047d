/**
 * Sealing and opening of frames that pass through a carrier. Invariants: a (key, counter) pair is used once; an
 * envelope opens once, for the peer it was made for, from the peer that made it, as the kind it was made as.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import type { EnvelopeKind } from '../../protocol/envelope.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import {
  boundData,
  COUNTERS_PER_KEY,
  decodeSealed,
  encodeSealed,
  nonceOf,
  type SealHeader,
} from '../../protocol/seal.ts'
import type { PairKeys } from './pair-keys.ts'
import { ReplayWindow } from './replay-window.ts'

/** Whose envelopes: network and the two ends of one direction. */
export interface Direction {
  readonly network: Bytes
  readonly from: PeerId
  readonly to: PeerId
}

/** What AES-GCM is told for the envelopes of one direction. Keeps the newest key: they seldom change. */
class Cipher {
  readonly #keys: PairKeys
  readonly #direction: Direction
  readonly #usage: 'encrypt' | 'decrypt'
  #newest: { incarnation: number; generation: number; key: Promise<CryptoKey> } | undefined

  constructor(keys: PairKeys, direction: Direction, usage: 'encrypt' | 'decrypt') {
    this.#keys = keys
    this.#direction = direction
    this.#usage = usage
  }

  key({ incarnation, counter }: SealHeader): Promise<CryptoKey> {
    const generation = Math.floor(counter / COUNTERS_PER_KEY)
    if (this.#newest?.incarnation !== incarnation || this.#newest.generation !== generation) {
      const { from, to } = this.#direction
      const key = this.#keys.sealKey(from, to, incarnation, generation, this.#usage)
      this.#newest = { incarnation, generation, key }
    }
    return this.#newest.key
  }

  parameters(kind: EnvelopeKind, header: SealHeader): AesGcmParams {
    const additionalData = boundData({ ...this.#direction, kind, ...header })
    return { name: 'AES-GCM', iv: nonceOf(header.counter), additionalData }
  }
}

/** Seals what one link state sends. */
export class Sealer {
  readonly #cipher: Cipher
  readonly #incarnation: number
  #counter = 0

  constructor(keys: PairKeys, direction: Direction, incarnation: number) {
    this.#cipher = new Cipher(keys, direction, 'encrypt')
    this.#incarnation = incarnation
  }

  /** Seals one transmission. A frame that is sent again is sealed again: its header has changed. */
  async seal(kind: EnvelopeKind, frame: Bytes): Promise<Bytes> {
    const header = { incarnation: this.#incarnation, counter: this.#counter++ }
    const parameters = this.#cipher.parameters(kind, header)
    const key = await this.#cipher.key(header)
    return encodeSealed(header, new Uint8Array(await crypto.subtle.encrypt(parameters, key, frame)))
  }
}

export type OpenFault = 'sealed-malformed' | 'sealed-stale' | 'sealed-replayed' | 'sealed-forged'

/** Opens what one peer sends, whatever link state it is in. Lower incarnations than the highest opened are refused. */
export class Opener {
  readonly #cipher: Cipher
  #incarnation: number
  #window = new ReplayWindow()

  /** @param lowestIncarnation the highest that this session has seen from the peer before */
  constructor(keys: PairKeys, direction: Direction, lowestIncarnation: number) {
    this.#cipher = new Cipher(keys, direction, 'decrypt')
    this.#incarnation = lowestIncarnation
  }

  /** Opens an envelope's sealed bytes, or says why not. `incarnation` is the sender's link state. */
  async open(kind: EnvelopeKind, sealed: Bytes): Promise<{ incarnation: number; frame: Bytes } | OpenFault> {
    const parts = decodeSealed(sealed)
    if (!parts) return 'sealed-malformed'
    const { incarnation, counter, ciphertext } = parts
    if (incarnation < this.#incarnation) return 'sealed-stale'
    if (incarnation === this.#incarnation && !this.#window.isFresh(counter)) return 'sealed-replayed'
    const parameters = this.#cipher.parameters(kind, { incarnation, counter })
    let frame: Bytes
    try {
      const key = await this.#cipher.key(parts)
      frame = new Uint8Array(await crypto.subtle.decrypt(parameters, key, ciphertext))
    } catch {
      // GCM says no more than this; neither do we.
      return 'sealed-forged'
    }
    // Another envelope may have opened during the awaits above: judge again, now that this one is genuine.
    if (incarnation < this.#incarnation) return 'sealed-stale'
    if (incarnation > this.#incarnation) {
      this.#incarnation = incarnation
      this.#window = new ReplayWindow()
    }
    return this.#window.mark(counter) ? { incarnation, frame } : 'sealed-replayed'
  }
}
