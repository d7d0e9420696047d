/** The latest messages, for those who ask: bounded in age, count and bytes. */
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { AgingMap } from './aging-map.ts'
import type { GossipPolicy } from './gossip-policy.ts'

export interface StoredMessage {
  readonly id: Bytes
  readonly topic: number
  readonly origin: string
  /** It is as new as it seems: a new neighbour may have told of something that everybody else forgets. */
  readonly isNew: boolean
  /** As it goes on to the next. */
  readonly bytes: Bytes
  /** Who pushed it. */
  readonly from: PeerId | undefined
}

export class MessageStore {
  readonly #messages: AgingMap<string, StoredMessage>
  readonly #maxBytes: number
  #byteLength = 0

  constructor({ maxStored, storeMs, maxStoredBytes }: GossipPolicy) {
    this.#messages = new AgingMap(maxStored, storeMs)
    this.#maxBytes = maxStoredBytes
  }

  get byteLength(): number {
    return this.#byteLength
  }

  get size(): number {
    return this.#messages.size
  }

  add(key: string, message: StoredMessage, nowMs: number): void {
    this.#byteLength += message.bytes.length
    for (const { bytes } of this.#messages.set(key, message, nowMs)) this.#byteLength -= bytes.length
    while (this.#byteLength > this.#maxBytes) this.#byteLength -= this.#messages.dropOldest()?.bytes.length ?? Infinity
  }

  get(key: string, nowMs: number): StoredMessage | undefined {
    return this.#messages.get(key, nowMs)
  }

  /** The newest first, each with its key and the time when it came. */
  newestFirst(nowMs: number): Generator<[string, StoredMessage, number]> {
    return this.#messages.newestFirst(nowMs)
  }
}
