/**
 * Which envelope goes into which slot of its pair, and when: in order, each slot held long enough for a relay to tell of it,
 * within a rate. A pure state machine: what waits is bounded, and the oldest gives way.
 */
import { compareBytes, type Bytes } from '../../../protocol/bytes.ts'
import type { PeerId } from '../../../protocol/peer-id.ts'
import { TokenBucket } from '../../token-bucket.ts'
import { MAIL_BURST, MAIL_PER_SECOND, MAX_PAIRS, MAX_QUEUED_ENVELOPES, SLOT_HOLD_MS, SLOTS_PER_PAIR } from './limits.ts'
import type { MailKind } from './records.ts'

export interface Letter {
  readonly kind: MailKind
  readonly to: PeerId
  readonly body: Bytes
}

interface Pair {
  next: number
  /** When each of its slots may be overwritten. */
  readonly freeAtMs: number[]
}

/** When the rate allows no more, it is looked again after this time. */
const RATE_WAIT_MS = 1_000 / MAIL_PER_SECOND

export class Outbox {
  #waiting: Letter[] = []
  readonly #pairs = new Map<PeerId, Pair>()
  readonly #rate = new TokenBucket({ burst: MAIL_BURST, perSecond: MAIL_PER_SECOND })

  get length(): number {
    return this.#waiting.length
  }

  /** Queues a letter. One that waits already, word for word, is not queued again. */
  post(letter: Letter): void {
    const isSame = (of: Letter) =>
      of.to === letter.to && of.kind === letter.kind && compareBytes(of.body, letter.body) === 0
    if (this.#waiting.some(isSame)) return
    this.#waiting.push(letter)
    if (this.#waiting.length > MAX_QUEUED_ENVELOPES) this.#waiting.shift()
  }

  /** What may be written now, with its slot; and when to ask again, if anything waits still. */
  take(nowMs: number): { readonly letters: readonly (Letter & { ring: number })[]; readonly againAtMs: number } {
    const letters: (Letter & { ring: number })[] = []
    const waiting: Letter[] = []
    let againAtMs = Infinity
    let hasRate = true
    for (const letter of this.#waiting) {
      const pair = this.#pairOf(letter.to)
      const freeAtMs = pair.freeAtMs[pair.next] ?? 0
      hasRate &&= freeAtMs > nowMs || this.#rate.take(nowMs)
      if (!hasRate || freeAtMs > nowMs) {
        waiting.push(letter)
        againAtMs = Math.min(againAtMs, hasRate ? freeAtMs : nowMs + RATE_WAIT_MS)
        continue
      }
      letters.push({ ...letter, ring: pair.next })
      pair.freeAtMs[pair.next] = nowMs + SLOT_HOLD_MS
      pair.next = (pair.next + 1) % SLOTS_PER_PAIR
    }
    this.#waiting = waiting
    return { letters, againAtMs }
  }

  clear(): void {
    this.#waiting = []
  }

  /** The one used longest ago is forgotten first: its slots have long been free. */
  #pairOf(to: PeerId): Pair {
    const pair = this.#pairs.get(to) ?? { next: 0, freeAtMs: [] }
    this.#pairs.delete(to)
    this.#pairs.set(to, pair)
    const [oldest] = this.#pairs.keys()
    if (this.#pairs.size > MAX_PAIRS && oldest !== undefined) this.#pairs.delete(oldest)
    return pair
  }
}
