/**
 * Envelopes from senders that are not known yet wait here while their introduction is checked. A stranger can fill
 * neither memory nor processor: everything is bounded, and what is dropped its sender's link sends again.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { TokenBucket } from '../token-bucket.ts'
import type { SealedKind } from './remote-peer.ts'

/** DESIGN.md section 4: per sender, while its introduction is on the way. */
const MAX_HELD_ENVELOPES = 8
const MAX_HELD_BYTES = 64 * 1024
/** 64 senders at 64 KiB are 4 MiB at most. */
const MAX_SENDERS = 64
/** An unknown sender is asked who it is at most this often. */
const ASK_PAUSE_MS = 1_000
/** Introductions verified per second, at 0.3 ms each, and how many may come at once when a room fills. */
const VERIFICATIONS = { burst: 100, perSecond: 50 }

interface Sender {
  readonly envelopes: Held[]
  bytes: number
  askedAtMs: number
  /** An introduction is being checked. */
  isIntroduced: boolean
}

export interface Held {
  readonly kind: SealedKind
  readonly sealed: Bytes
  /** The carrier that brought it. */
  readonly via: number
}

export class Reception {
  readonly #senders = new Map<PeerId, Sender>()
  readonly #verifications = new TokenBucket(VERIFICATIONS)

  /** Keeps an envelope. True when the sender should be asked to introduce itself. */
  hold(from: PeerId, envelope: Held, nowMs: number): boolean {
    const sender = this.#senders.get(from) ?? this.#admit(from)
    const fits = sender.envelopes.length < MAX_HELD_ENVELOPES && sender.bytes + envelope.sealed.length <= MAX_HELD_BYTES
    if (fits) {
      sender.envelopes.push(envelope)
      sender.bytes += envelope.sealed.length
    }
    if (envelope.kind === 'intro') sender.isIntroduced = true
    if (sender.isIntroduced || nowMs < sender.askedAtMs + ASK_PAUSE_MS) return false
    sender.askedAtMs = nowMs
    return true
  }

  /** What was kept of a sender, in order. The sender is forgotten. */
  release(from: PeerId): readonly Held[] {
    const envelopes = this.#senders.get(from)?.envelopes ?? []
    this.#senders.delete(from)
    return envelopes
  }

  /** Takes one verification from the budget; false when strangers have used it up. */
  mayVerify(nowMs: number): boolean {
    return this.#verifications.take(nowMs)
  }

  #admit(from: PeerId): Sender {
    const [oldest] = this.#senders.keys()
    if (this.#senders.size >= MAX_SENDERS && oldest !== undefined) this.#senders.delete(oldest)
    const sender = { envelopes: [], bytes: 0, askedAtMs: -Infinity, isIntroduced: false }
    this.#senders.set(from, sender)
    return sender
  }
}
