/** Somebody at the other end of a link who says whatever a test wants. */
import {
  decodeMessage,
  encodeMessage,
  type Bodies,
  type Kind,
  type SyncMessage,
} from '../../../client/qdag/sync/messages.ts'
import { encodeBatch, inBatches } from '../../../client/qdag/batch.ts'
import type { Entry } from '../../../client/qdag/entry.ts'
import { sha256 } from '../../../client/node/ledger/sha256.ts'
import { utf8, type Bytes } from '../../../protocol/bytes.ts'
import { START_MS } from './growing.ts'
import type { LabEnd } from './lab.ts'

type Answer = (message: SyncMessage, rogue: Rogue) => void

export class Rogue implements LabEnd {
  readonly name: string
  readonly heard: SyncMessage[] = []
  /** What it does when it hears something. */
  answer: Answer = () => undefined
  #send: ((bytes: Bytes) => void) | undefined

  constructor(name = 'rogue') {
    this.name = name
  }

  say<K extends Kind>(kind: K, body: Bodies[K]): void {
    this.utter(encodeMessage(kind, body))
  }
  utter(bytes: Bytes): void {
    this.#send?.(bytes)
  }

  /** Claims to have something else than the other side. */
  request(body: Partial<Bodies['qdag_sync_request']> = {}): void {
    const nonce = sha256(utf8(`nonce ${this.heard.length}`)).slice(0, 16)
    const tipDigest = sha256(utf8('something else'))
    this.say('qdag_sync_request', {
      version: 1,
      isAnswer: false,
      nonce,
      tipDigest,
      count: 1_000,
      wallMs: START_MS,
      ...body,
    })
  }
  frontier(body: Partial<Bodies['qdag_frontier']> = {}): void {
    this.say('qdag_frontier', { hasMore: false, isHolding: false, tips: [], locators: [], held: [], ...body })
  }
  entries(entries: readonly Entry[]): void {
    for (const batch of inBatches(entries, 65_536)) this.say('qdag_entries', { batch: encodeBatch(batch) })
  }
  respond(entries: readonly Entry[], isLast: boolean, hasMore = false): void {
    const batch = entries.length > 0 ? encodeBatch(entries) : new Uint8Array(0)
    this.say('qdag_sync_response', { isLast, hasMore, batch })
  }
  /** Says that all it got has been dealt with. */
  acknowledge(): void {
    this.say('qdag_taken', { byteLength: 2 ** 20 })
  }

  heardOf<K extends Kind>(kind: K): Extract<SyncMessage, { kind: K }>[] {
    return this.heard.filter((message): message is Extract<SyncMessage, { kind: K }> => message.kind === kind)
  }

  // ---- a link's end ------------------------------------------------------------------------------------------------

  up(_peer: string, send: (bytes: Bytes) => void): void {
    this.#send = send
  }
  down(): void {
    this.#send = undefined
  }
  message(_peer: string, bytes: Bytes): void {
    const message = decodeMessage(bytes)
    if (!message) throw new Error('an honest replica says something malformed')
    this.heard.push(message)
    this.answer(message, this)
  }
  sent(): void {}
}

/** An id that nobody's entry has. */
export function noId(text: string): Bytes {
  return sha256(utf8(`nobody's entry ${text}`))
}
export function noPrefix(text: string): Bytes {
  return noId(text).slice(0, 16)
}
