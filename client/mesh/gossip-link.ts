/** A neighbour, as gossip sees it. Two directions, each eager (messages are pushed) or lazy (they are told of). */
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { TokenBucket } from '../token-bucket.ts'
import type { GossipPolicy } from './gossip-policy.ts'

export class GossipLink {
  readonly id: PeerId
  readonly sinceMs: number
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
  readonly ids: TokenBucket
  readonly grafts: TokenBucket

  constructor(id: PeerId, policy: GossipPolicy, auditAtMs: number, nowMs: number) {
    this.id = id
    this.sinceMs = nowMs
    this.auditAtMs = auditAtMs
    this.messages = new TokenBucket(policy.messages)
    this.ids = new TokenBucket(policy.ids)
    this.grafts = new TokenBucket(policy.grafts)
  }
}
