/** What this side says first: what it has, as one digest, and a nonce. The other side's says the same of it. */
import { compareBytes, type Bytes } from '../../../protocol/bytes.ts'
import type { Sha256 } from '../api.ts'
import type { Ledger } from '../ledger.ts'
import { NONCE_BYTES } from './limits.ts'
import type { Bodies } from './messages.ts'
import { shortIdKey, type ShortIdKey } from './short-ids.ts'

type Request = Bodies['qdag_sync_request']

export class OwnRequest {
  readonly tipDigest: Bytes
  readonly #count: number
  readonly #nonce: Bytes

  constructor(ledger: Ledger, random: () => number) {
    this.tipDigest = ledger.tipDigest()
    this.#count = ledger.size
    this.#nonce = Uint8Array.from({ length: NONCE_BYTES }, () => Math.floor(random() * 256))
  }

  message(isAnswer: boolean, wallMs: number): Request {
    const { tipDigest } = this
    return { version: 1, isAnswer, nonce: this.#nonce, tipDigest, count: this.#count, wallMs: Math.floor(wallMs) }
  }

  /** Both sides have the same. */
  isEqual(theirs: Request): boolean {
    return compareBytes(theirs.tipDigest, this.tipDigest) === 0
  }

  /** What the two compute alike from both requests: the key of short ids, and which side lists its candidates. */
  with(theirs: Request, networkId: Bytes, sha256: Sha256): { readonly key: ShortIdKey; readonly isLister: boolean } {
    // Whoever has fewer entries has about as many fewer candidates.
    const order = this.#count - theirs.count || compareBytes(this.#nonce, theirs.nonce)
    return { key: shortIdKey(this.#nonce, theirs.nonce, networkId, sha256), isLister: order < 0 }
  }
}
