/**
 * Entries on their way to one peer: those that a comparison found it lacks, those it asks for one by one, and new ones. No more
 * of them is out than the peer has room for, and than the link takes; the rest is no more than numbers.
 */
import type { Bytes } from '../../../protocol/bytes.ts'
import type { Entry } from '../entry.ts'
import { SYNC_WINDOW_BYTES } from './limits.ts'
import { ENTRIES_HEAD_BYTES } from './messages.ts'
import type { FromLog } from './output.ts'
import type { Send } from './reconciliation.ts'

/**
 * Entries that are read at once: a whole batch. Each contributor's first entry in a batch costs some 80 bytes more, and in large
 * networks most contributors have one in each.
 */
const SLICE_ENTRIES = 1_024
/** Fewer are not worth a message of their own, only so that what follows is a whole batch of the log. */
const MIN_SLICE_ENTRIES = 64
/** New entries that wait to be told. A peer that is so far behind compares instead. */
const MAX_NEWS = 1_024
/** Asked for one by one. */
const MAX_ASKED = 256
const NOTHING: Bytes = new Uint8Array(0)

export interface DeliveryHost {
  readonly send: Send
  /** The link has not taken all yet that it was given. */
  readonly isCongested: boolean
  /** The entries, when they are at hand; otherwise `readDone` is called later. */
  read(indexes: readonly number[]): readonly Entry[] | undefined
  /** Where the log's batch that holds this index ends. */
  batchEnd(index: number): number
  /** In as many batches as it takes. */
  encode(entries: readonly Entry[]): readonly Bytes[]
  /** Everything that was pushed has been dealt with. */
  pushTaken(): void
  /** The other side has dealt with something. */
  progressed(): void
  /** There is too much news: it was dropped. */
  overflowed(): void
  /** The log does not give what it must have. */
  readFailed(): void
}

interface Push {
  readonly indexes: readonly number[]
  readonly hasMore: boolean
  /** Entries before this one have been read, or are being read. */
  at: number
  isRead: boolean
}

/** Of a push, or entries that belong to none. */
interface Slice {
  readonly indexes: readonly number[]
  readonly push: Push | undefined
}

/** Encoded, and waiting for room. */
interface Parcel {
  readonly batch: Bytes
  readonly push: Push | undefined
  readonly isLast: boolean
}

export class Delivery {
  readonly #host: DeliveryHost
  /** News is told. */
  #isOpen = false
  /** News is gathered, to be told when the comparison is over. */
  #isGathering = false
  #news = new Set<number>()
  /** News that the other side may hear of by itself, and when it is to be told if it has not. */
  #later = new Map<number, number>()
  readonly #asked = new Set<number>()
  #push: Push | undefined
  #reading: Slice | undefined
  #parcels: Parcel[] = []
  #sentBytes = 0
  #takenBytes = 0
  /** How much will have been sent and taken when the push is. */
  #pushEndBytes = Infinity

  constructor(host: DeliveryHost) {
    this.#host = host
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Some waits to be told. */
  get hasNews(): boolean {
    return this.#news.size + this.#later.size > 0
  }

  /** Some could be told at once. */
  get canTell(): boolean {
    return (
      this.#isOpen && this.#news.size > 0 && !this.#reading && this.#parcels.length === 0 && !this.#host.isCongested
    )
  }

  // ---- what there is to tell ---------------------------------------------------------------------------------------

  /** What is in the ledger now is compared; what comes from now on is news. */
  gather(): void {
    this.#clear()
    this.#isGathering = true
  }

  /** Of the news, only these may be news to the other side. */
  keep(lacked: readonly number[]): void {
    this.#news = new Set(lacked.filter((index) => this.#news.has(index)))
    const later = this.#later
    this.#later = new Map(lacked.flatMap((index) => (later.has(index) ? [[index, later.get(index) ?? 0]] : [])))
  }

  /** From now on news is told as it comes. */
  open(): void {
    this.#isOpen = this.#isGathering = true
  }

  /** News is not told any more; a comparison finds it. */
  close(): void {
    this.#isOpen = this.#isGathering = false
    this.#clear()
  }

  /** @param atMs not before; until then the other side may hear of it by itself */
  tell(index: number, atMs = -Infinity): void {
    if (!this.#isGathering) return
    if (atMs === -Infinity) this.#news.add(index)
    else this.#later.set(index, atMs)
    if (this.#news.size + this.#later.size <= MAX_NEWS) return
    this.close()
    this.#host.overflowed()
  }

  /** The other side has it, or hears of it. */
  forget(index: number): void {
    this.#news.delete(index)
    this.#later.delete(index)
  }

  /** When something is due that the other side might have heard of by itself. What came first is due first, or a little later. */
  nextMs(): number {
    for (const atMs of this.#later.values()) return atMs
    return Infinity
  }

  tick(nowMs: number): void {
    for (const [index, atMs] of this.#later) {
      if (atMs > nowMs) return
      this.#later.delete(index)
      this.#news.add(index)
    }
  }

  /** The other side asks for these by name, whatever was told before. */
  give(indexes: readonly number[]): void {
    for (const index of indexes) if (this.#asked.size < MAX_ASKED) this.#asked.add(index)
  }

  /** A comparison found that the other side lacks these. Sends them all, and then whether there are more. */
  push(indexes: readonly number[], hasMore: boolean): void {
    this.stopPush()
    this.#push = { indexes, hasMore, at: 0, isRead: false }
  }

  /** The comparison is over, or begins anew. */
  stopPush(): void {
    this.#push = undefined
    this.#pushEndBytes = Infinity
    this.#parcels = this.#parcels.filter(({ push }) => push === undefined)
  }

  // ---- what becomes of it ------------------------------------------------------------------------------------------

  /** Sends what there is room for; news only when the turn is over, so that what comes together leaves together. */
  pump(isTurnOver: boolean): void {
    for (;;) {
      const parcel = this.#parcels[0]
      if (parcel) {
        if (!this.#hasRoom(parcel)) return
        this.#parcels.shift()
        this.#send(parcel)
      } else if (this.#reading) {
        return
      } else {
        const slice = this.#nextSlice(isTurnOver)
        if (!slice) return
        this.#reading = slice
        const entries = slice.indexes.length === 0 ? [] : this.#host.read(slice.indexes)
        if (!entries) return
        this.readDone(entries)
      }
    }
  }

  /** What was not at hand has been read. */
  readDone(read: FromLog): void {
    const slice = this.#reading
    this.#reading = undefined
    if (!slice || (slice.push && slice.push !== this.#push)) return
    const batches = read instanceof Uint8Array ? [read] : this.#batchesOf(read, slice)
    if (!batches) return this.#host.readFailed()
    const { push } = slice
    for (const [i, batch] of batches.entries()) {
      this.#parcels.push({ batch, push, isLast: push !== undefined && push.isRead && i === batches.length - 1 })
    }
  }

  /** `undefined` when some are missing. */
  #batchesOf(entries: readonly Entry[], { indexes }: Slice): readonly Bytes[] | undefined {
    if (entries.length < indexes.length) return undefined
    return entries.length > 0 ? this.#host.encode(entries) : [NOTHING]
  }

  /** The other side has dealt with so many bytes of messages with entries. */
  taken(byteLength: number): void {
    this.#takenBytes = Math.min(this.#sentBytes, this.#takenBytes + byteLength)
    this.#host.progressed()
    if (this.#takenBytes < this.#pushEndBytes) return
    this.stopPush()
    this.#host.pushTaken()
  }

  #clear(): void {
    this.#news.clear()
    this.#later.clear()
  }

  #hasRoom({ batch }: Parcel): boolean {
    const outBytes = this.#sentBytes - this.#takenBytes
    return (
      !this.#host.isCongested && (outBytes === 0 || outBytes + batch.length + ENTRIES_HEAD_BYTES <= SYNC_WINDOW_BYTES)
    )
  }

  #nextSlice(isTurnOver: boolean): Slice | undefined {
    const push = this.#push
    if (push && !push.isRead) {
      const from = push.at
      push.at = this.#sliceEnd(push.indexes, from)
      push.isRead = push.at === push.indexes.length
      return { indexes: push.indexes.slice(from, push.at), push }
    }
    const queue = this.#asked.size > 0 ? this.#asked : this.#news
    if (queue.size === 0 || (queue === this.#news && !(this.#isOpen && isTurnOver))) return undefined
    const indexes = [...queue].toSorted((a, b) => a - b).slice(0, SLICE_ENTRIES)
    for (const index of indexes) queue.delete(index)
    return { indexes, push: undefined }
  }

  /** Ends a slice with a batch of the log where it can: the next is a whole one then, which nobody has to decode. */
  #sliceEnd(indexes: readonly number[], from: number): number {
    const most = Math.min(from + SLICE_ENTRIES, indexes.length)
    const first = indexes[from] ?? 0
    for (let end = this.#host.batchEnd(first); ; end = this.#host.batchEnd(end)) {
      const at = from + end - first
      // Indexes ascend: when this one is in its place, so are all before it.
      if (at >= most || indexes[at - 1] !== end - 1) return most
      if (at - from >= MIN_SLICE_ENTRIES) return at
    }
  }

  #send({ batch, push, isLast }: Parcel): void {
    const { send } = this.#host
    this.#sentBytes += push
      ? send('qdag_sync_response', { isLast, hasMore: isLast && push.hasMore, batch })
      : send('qdag_entries', { batch })
    if (isLast) this.#pushEndBytes = this.#sentBytes
  }
}
