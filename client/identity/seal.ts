/**
 * Sealing and opening of frames that pass through a carrier. Invariants: a (key, counter) pair is used once; an
 * envelope opens once, for the peer it was made for, from the peer that made it, as the kind it was made as.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import type { EnvelopeKind } from '../../protocol/envelope.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { boundData, COUNTERS_PER_KEY, decodeSealed, encodeSealed, nonceOf } from '../../protocol/seal.ts'
import type { PairKeys } from './pair-keys.ts'
import { ReplayWindow } from './replay-window.ts'

/** Whose envelopes: network and the two ends of one direction. */
export interface Direction {
  readonly network: Bytes
  readonly from: PeerId
  readonly to: PeerId
}

/** Seals what one link state sends. */
export class Sealer {
  readonly #keys: PairKeys
  readonly #direction: Direction
  readonly #incarnation: number
  #counter = 0
  #key: Promise<CryptoKey> | undefined

  constructor(keys: PairKeys, direction: Direction, incarnation: number) {
    this.#keys = keys
    this.#direction = direction
    this.#incarnation = incarnation
  }

  /** Seals one transmission. A frame that is sent again is sealed again: its header has changed. */
  async seal(kind: EnvelopeKind, frame: Bytes): Promise<Bytes> {
    const { from, to } = this.#direction
    const header = { incarnation: this.#incarnation, counter: this.#counter++ }
    if (!this.#key || header.counter % COUNTERS_PER_KEY === 0) {
      const generation = Math.floor(header.counter / COUNTERS_PER_KEY)
      this.#key = this.#keys.sealKey(from, to, this.#incarnation, generation, 'encrypt')
    }
    const algorithm = gcm(header.counter, boundData({ ...this.#direction, kind, ...header }))
    return encodeSealed(header, new Uint8Array(await crypto.subtle.encrypt(algorithm, await this.#key, frame)))
  }
}

export type OpenFault = 'sealed-malformed' | 'sealed-stale' | 'sealed-replayed' | 'sealed-forged'

/** Opens what one peer sends, whatever link state it is in. Lower incarnations than the highest opened are refused. */
export class Opener {
  readonly #keys: PairKeys
  readonly #direction: Direction
  #incarnation: number
  #window = new ReplayWindow()
  #key: { incarnation: number; generation: number; key: Promise<CryptoKey> } | undefined

  /** @param lowestIncarnation the highest that this session has seen from the peer before */
  constructor(keys: PairKeys, direction: Direction, lowestIncarnation: number) {
    this.#keys = keys
    this.#direction = direction
    this.#incarnation = lowestIncarnation
  }

  /** Opens an envelope's sealed bytes, or says why not. `incarnation` is the sender's link state. */
  async open(kind: EnvelopeKind, sealed: Bytes): Promise<{ incarnation: number; frame: Bytes } | OpenFault> {
    const parts = decodeSealed(sealed)
    if (!parts) return 'sealed-malformed'
    const { incarnation, counter, ciphertext } = parts
    if (incarnation < this.#incarnation) return 'sealed-stale'
    if (incarnation === this.#incarnation && !this.#window.isFresh(counter)) return 'sealed-replayed'
    const bound = { ...this.#direction, kind, incarnation, counter }
    const algorithm = gcm(counter, boundData(bound))
    let frame: Bytes
    try {
      const key = await this.#keyFor(incarnation, Math.floor(counter / COUNTERS_PER_KEY))
      frame = new Uint8Array(await crypto.subtle.decrypt(algorithm, key, ciphertext))
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

  #keyFor(incarnation: number, generation: number): Promise<CryptoKey> {
    const cached = this.#key
    if (cached?.incarnation === incarnation && cached.generation === generation) return cached.key
    const key = this.#keys.sealKey(this.#direction.from, this.#direction.to, incarnation, generation, 'decrypt')
    this.#key = { incarnation, generation, key }
    return key
  }
}

function gcm(counter: number, additionalData: Bytes): AesGcmParams {
  return { name: 'AES-GCM', iv: nonceOf(counter), additionalData }
}
