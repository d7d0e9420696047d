/** A neighbour, as gossip sees it. Two directions, each eager (messages are pushed) or lazy (they are told of). */
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { TokenBucket } from '../token-bucket.ts'
import { AgingMap } from './aging-map.ts'
import { Budget } from './budget.ts'
import type { GossipPolicy } from './gossip-policy.ts'

/** As often as garbage is forgiven that everybody judges. */
const MAX_DOUBTS = 3
const DOUBTED_MS = 600_000
/** More than anybody takes. */
const MAX_DOUBTED_TOPICS = 32

export class GossipLink {
  readonly id: PeerId
  sinceMs: number
  /** What has come since then it should have. */
  dueSinceMs: number
  /** We push to it. */
  isPushedTo = true
  /** It was asked not to push to us, at that time. */
  prunedAtMs: number | undefined
  /** When it last pushed something that counted, and how many messages had come by then. Whoever is new has yet to show. */
  pushedAtMs = -Infinity
  pushedAtCount = -Infinity
  /** What it is to be told of, by key. */
  readonly untold = new Map<string, Bytes>()
  /** Missing messages that it told of first. */
  missing = 0
  /** Messages of it that wait for a verdict. */
  pending = 0
  /** What it was asked for to see whether it has any of it. */
  audit: { readonly keys: ReadonlySet<string>; isAnswered: boolean; readonly deadlineMs: number } | undefined
  auditAtMs: number
  readonly messages: TokenBucket
  /** What it takes from us. */
  readonly onward: Budget
  readonly ids: TokenBucket
  readonly grafts: TokenBucket
  /** By topic, how much came from it that was no good. */
  readonly #doubts = new AgingMap<number, number>(MAX_DOUBTED_TOPICS, DOUBTED_MS)

  constructor(id: PeerId, policy: GossipPolicy, auditAtMs: number, nowMs: number) {
    this.id = id
    this.sinceMs = nowMs
    this.dueSinceMs = nowMs
    this.auditAtMs = auditAtMs
    this.messages = new TokenBucket(policy.messages)
    this.onward = new Budget(policy.messages)
    this.ids = new TokenBucket(policy.ids)
    this.grafts = new TokenBucket(policy.grafts)
  }

  /** It becomes a neighbour again, and knows nothing of what was agreed before. Its rates are as they were. */
  begin(nowMs: number): void {
    this.sinceMs = nowMs
    this.dueSinceMs = nowMs
    this.isPushedTo = true
    this.prunedAtMs = undefined
    this.pushedAtMs = -Infinity
    this.pushedAtCount = -Infinity
    this.untold.clear()
  }

  /** It has passed on something that is no good. Only who judges the topic can know, so that it need not have known. */
  doubt(topic: number, nowMs: number): void {
    void this.#doubts.set(topic, (this.#doubts.get(topic, nowMs) ?? 0) + 1, nowMs)
  }

  /** It is not listened to on this topic. */
  isDoubted(topic: number, nowMs: number): boolean {
    return (this.#doubts.get(topic, nowMs) ?? 0) >= MAX_DOUBTS
  }
}
