/** Who judges what is said to everybody, by topic. */
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { EdgeNetError } from '../errors.ts'
import type { Judgement, NetworkGossip } from './api.ts'
import { MAX_GOSSIP_BYTES } from './limits.ts'

/** One byte; 0 is the mesh's own. */
const MAX_TOPIC = 255

/** `origin` is who says it, as whoever passes it on claims. */
export type Judge = (payload: Bytes, from: PeerId, origin: PeerId) => Judgement | Promise<Judgement>

export class Topics implements Pick<NetworkGossip, 'publish' | 'take'> {
  readonly #say: (topic: number, payload: Bytes) => void
  readonly #failed: (cause: unknown) => void
  readonly #judges = new Map<number, Judge>()

  constructor(say: (topic: number, payload: Bytes) => void, failed: (cause: unknown) => void) {
    this.#say = say
    this.#failed = failed
  }

  publish(topic: number, payload: Bytes): void {
    checkTopic(topic)
    if (payload.length > MAX_GOSSIP_BYTES) {
      const hint = `Say at most ${MAX_GOSSIP_BYTES} bytes to everybody, and send what is longer to peers.`
      throw new EdgeNetError('message-too-large', 'gossip', `${payload.length} bytes are too many for gossip.`, hint)
    }
    // The caller may go on using it.
    this.#say(topic, payload.slice())
  }

  take(topic: number, judge: Judge): () => void {
    checkTopic(topic)
    this.#judges.set(topic, judge)
    return () => {
      if (this.#judges.get(topic) === judge) this.#judges.delete(topic)
    }
  }

  /** What becomes of a message. Never rejects: nobody is to blame for a judge that fails. */
  async judge(topic: number, ...message: Parameters<Judge>): Promise<Judgement> {
    try {
      return (await this.#judges.get(topic)?.(...message)) ?? 'accept'
    } catch (cause) {
      this.#failed(cause)
      return 'ignore'
    }
  }

  clear(): void {
    this.#judges.clear()
  }
}

function checkTopic(topic: number): void {
  if (Number.isInteger(topic) && topic >= 1 && topic <= MAX_TOPIC) return
  const message = `${topic} is no topic.`
  throw new EdgeNetError('invalid-argument', 'topic', message, `Topics are whole numbers from 1 to ${MAX_TOPIC}.`)
}
