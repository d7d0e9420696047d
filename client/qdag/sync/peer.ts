/** One peer, as long as there is a link to it: what it says, and what is said to it. */
import type { Bytes } from '../../../protocol/bytes.ts'
import type { Sha256, SyncState } from '../api.ts'
import type { Entry } from '../entry.ts'
import type { Ledger } from '../ledger.ts'
import { Delivery } from './delivery.ts'
import type { Item, Sender } from './intake.ts'
import { SYNC_WINDOW_BYTES, TAKEN_BYTES } from './limits.ts'
import { decodeMessage, encodeMessage, type Bodies, type Kind, type SyncMessage } from './messages.ts'
import type { Misbehaviour } from './misbehaviour.ts'
import { Pace } from './pace.ts'
import type { Send } from './reconciliation.ts'
import { Session } from './session.ts'
import type { Slots } from './slots.ts'
import type { Underway } from './underway.ts'

/** What is the same for all peers. */
export interface PeerHost {
  readonly networkId: Bytes
  readonly sha256: Sha256
  readonly random: () => number
  readonly ledger: Ledger
  readonly underway: Underway
  readonly slots: Slots
  readonly nowMs: number
  /** Uncorrected. */
  readonly wallMs: number
  readonly send: (peer: SyncPeer, bytes: Bytes) => void
  /** The entries, when they are at hand; otherwise they are given to the peer's delivery later. */
  readonly read: (peer: SyncPeer, indexes: readonly number[]) => readonly Entry[] | undefined
  readonly batchEnd: (index: number) => number
  readonly encode: (entries: readonly Entry[]) => readonly Bytes[]
  /** It is to be dealt with when it is its turn. */
  readonly enqueue: (peer: SyncPeer, item: Item) => void
  readonly clockSeen: (peer: SyncPeer, wallMs: number) => void
  readonly misbehaved: (peer: SyncPeer, reason: Misbehaviour) => void
}

export class SyncPeer implements Sender {
  readonly id: string
  readonly pace: Pace
  readonly inbox: Item[] = []
  batches = 0
  readonly delivery: Delivery
  readonly session: Session
  /** It is not listened to before. */
  mutedUntilMs = -Infinity
  /** What was told of it last. */
  toldState: SyncState | undefined
  readonly #host: PeerHost
  /** Lengths of the messages that the link has not taken, and of all of them. */
  readonly #unsent: number[] = []
  #unsentBytes = 0
  /** Of messages with entries that are not acknowledged, and of those of them that have been dealt with. */
  #heldBytes = 0
  #doneBytes = 0

  constructor(id: string, host: PeerHost) {
    this.id = id
    this.#host = host
    this.pace = new Pace(host.nowMs)
    const send: Send = (kind, body) => this.#send(kind, body)
    this.delivery = this.#makeDelivery(send)
    this.session = this.#makeSession(send)
  }

  get isMuted(): boolean {
    return this.mutedUntilMs !== -Infinity
  }

  get state(): SyncState {
    return this.isMuted ? 'ended' : this.session.state
  }

  // ---- what it says ------------------------------------------------------------------------------------------------

  receive(bytes: Bytes): void {
    const message = decodeMessage(bytes)
    if (message) this.#take(message, bytes.length)
    else this.#host.misbehaved(this, 'malformed')
  }

  #take(message: SyncMessage, byteLength: number): void {
    const { ledger, nowMs } = this.#host
    // Those with entries are limited by the window.
    if (message.kind === 'qdag_sync_response' || message.kind === 'qdag_entries') {
      return this.#takeEntries(message, byteLength)
    }
    const { receipts, messages } = this.pace
    const allowance = message.kind === 'qdag_taken' ? receipts : messages
    if (!allowance.tryTake(1, nowMs)) return this.#host.misbehaved(this, 'flood')
    if (message.kind === 'qdag_taken') {
      this.delivery.taken(message.byteLength)
    } else if (message.kind === 'qdag_digest') {
      this.#host.enqueue(this, message)
    } else if (message.kind === 'qdag_fetch') {
      if (!this.pace.fetches.tryTake(message.ids.length, nowMs)) return
      this.delivery.give(message.ids.map((id) => ledger.indexOf(id)).filter((index) => index >= 0))
    } else if (!this.session.receive(message, nowMs)) {
      this.#stray()
    }
  }

  #takeEntries(
    message: Extract<SyncMessage, { kind: 'qdag_sync_response' | 'qdag_entries' }>,
    byteLength: number,
  ): void {
    const fits = this.#heldBytes === 0 || this.#heldBytes + byteLength <= SYNC_WINDOW_BYTES
    if (!fits) return this.#host.misbehaved(this, 'flood')
    this.#heldBytes += byteLength
    const { batch } = message
    const { isLast, hasMore } = { isLast: false, hasMore: false, ...message }
    const isAnswer = message.kind === 'qdag_sync_response' && this.session.answered(this.#host.nowMs)
    if (message.kind === 'qdag_sync_response' && !isAnswer && batch.length > 0) this.#stray()
    const answer = isAnswer ? { comparison: this.session.comparison, isLast, hasMore } : undefined
    if (!this.isMuted) this.#host.enqueue(this, { kind: 'entries', batch, byteLength, isLast, answer })
  }

  /** A message that does not fit. That may be nobody's fault: one side gave something up before it heard of it. */
  #stray(): void {
    if (!this.pace.strays.tryTake(1, this.#host.nowMs)) this.#host.misbehaved(this, 'out-of-turn')
  }

  /** Something of it has been dealt with, and so many entries were new. */
  dealtWith(item: Item, fresh: number): void {
    const { nowMs } = this.#host
    if (item.kind === 'qdag_digest') return this.session.digest(item.tipDigest, nowMs)
    const { answer, byteLength, isLast } = item
    this.#doneBytes += byteLength
    // Now and then, and when it waits for nothing else.
    if (this.#doneBytes >= TAKEN_BYTES || isLast) this.#acknowledge()
    if (answer && answer.comparison === this.session.comparison) this.session.took(fresh, answer, nowMs)
  }

  #acknowledge(): void {
    this.#send('qdag_taken', { byteLength: this.#doneBytes })
    this.#heldBytes -= this.#doneBytes
    this.#doneBytes = 0
  }

  // ---- what is said to it ------------------------------------------------------------------------------------------

  fetch(ids: readonly Bytes[]): void {
    this.#send('qdag_fetch', { ids })
  }

  /** The link has taken the oldest message. */
  sent(): void {
    this.#unsentBytes -= this.#unsent.shift() ?? 0
  }

  #send<K extends Kind>(kind: K, body: Bodies[K]): number {
    const bytes = encodeMessage(kind, body)
    this.#unsent.push(bytes.length)
    this.#unsentBytes += bytes.length
    this.#host.send(this, bytes)
    return bytes.length
  }

  // ---- what its parts ask for --------------------------------------------------------------------------------------

  #makeDelivery(send: Send): Delivery {
    const host = this.#host
    const isCongested = () => this.#unsentBytes >= SYNC_WINDOW_BYTES
    return new Delivery({
      send,
      get isCongested() {
        return isCongested()
      },
      read: (indexes) => host.read(this, indexes),
      batchEnd: host.batchEnd,
      encode: host.encode,
      pushTaken: () => this.session.pushTaken(host.nowMs),
      progressed: () => this.session.progressed(host.nowMs),
      overflowed: () => this.session.fallBehind(host.nowMs),
      readFailed: () => this.session.fail(host.nowMs),
    })
  }

  #makeSession(send: Send): Session {
    const host = this.#host
    const { networkId, sha256, random, ledger, underway, slots } = host
    return new Session({
      networkId,
      sha256,
      random,
      ledger,
      underway,
      slots,
      send,
      delivery: this.delivery,
      comparisons: this.pace.comparisons,
      get wallMs() {
        return host.wallMs
      },
      clockSeen: (wallMs) => host.clockSeen(this, wallMs),
      misbehaved: (reason) => host.misbehaved(this, reason),
    })
  }
}
