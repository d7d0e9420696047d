/**
 * All solid entries, by arrival index, over a store. The keeper of the store writes them out, a moment after they came;
 * everybody else holds what came since loading in memory, encoded, until it becomes the keeper itself.
 *
 * Invariants: an entry's index here is its arrival index in the ledger. In the store parents come before their children,
 * whoever wrote what; a segment there never changes once another one follows it, so that those who are not the keeper can
 * go on reading it.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import { EdgeNetError } from '../errors.ts'
import type { Entry } from './entry.ts'
import { KeeperRole } from './keeper-role.ts'
import { loadSegments, type LoadReport } from './log-loading.ts'
import { LogSegments, type ClosedSegment } from './log-segments.ts'
import { continued, readOthers, writeMissing, type TakeoverOptions } from './log-takeover.ts'
import { encodeSegment, segmentCost } from './segment.ts'
import { storeFailed } from './store-failure.ts'

export interface EntryLogOptions extends TakeoverOptions {
  /** Calls `act` once after so many milliseconds; see `Timers.after`. */
  readonly after: (delayMs: number, act: () => void) => unknown
  /** Writing failed, and no call waits for it. Nothing is lost; it is tried again. */
  readonly onError: (error: EdgeNetError) => void
}

/**
 * How long entries of the last segment wait for others, since with each of them the whole segment is written again. A crash
 * of the process loses these. Peers have them; own entries are kept apart.
 */
const TAIL_MS = 250
/** A full disk is not emptied within a second, and every try costs a write. */
const RETRY_MS = 10_000
/** At most so many in one transaction: 4 MiB. */
const MAX_SEGMENTS_A_WRITE = 8
/** What readers get at a time: some milliseconds of work. */
const CHUNK_ENTRIES = 256

export class EntryLog {
  readonly #options: EntryLogOptions
  readonly #closed: LogSegments
  /** The last segment, which still grows. */
  #open: Entry[] = []
  #openCost = 0
  /** How many entries of it are in the store. */
  #openStored = 0
  /** Closed segments that are not in the store, or not as they are here. */
  readonly #unwritten: ClosedSegment[] = []
  /** In the store: of the first of these, or of the open one when there is none. */
  #nextNumber = 0
  #role: 'reader' | 'taking-over' | 'keeper' = 'reader'
  readonly #keeper: KeeperRole
  #writing: Promise<void> | undefined
  #isTimerRunning = false
  #isRetryWaiting = false
  #isEnded = false

  constructor(options: EntryLogOptions) {
    this.#options = options
    this.#closed = new LogSegments(options.store, options.sha256)
    this.#keeper = new KeeperRole(options.store, { begin: () => this.#beginKeeping(), end: () => this.#endKeeping() })
  }

  /** How many entries there are. */
  get length(): number {
    return this.#closed.length + this.#open.length
  }

  /** Everything below this index is in the store, as far as we know. */
  get storedLength(): number {
    return this.#unwritten[0]?.first ?? this.#closed.length + this.#openStored
  }

  /** This client writes the segments of its store. */
  get isKeeper(): boolean {
    return this.#role === 'keeper'
  }

  /** What is held in memory of closed segments. */
  get heldBytes(): number {
    return this.#closed.heldBytes
  }

  /**
   * Reads the store from the beginning; called once, before anything else. What is damaged and everything behind it is
   * left out, and cut off when this client becomes the keeper.
   *
   * @param add brings entries into the ledger, whatever the clock says, up to the first that it does not take; returns how
   * many it has taken
   */
  async load(add: (entries: readonly Entry[]) => number): Promise<LoadReport> {
    const { store, sha256 } = this.#options
    const { report, last, lastNumber } = await loadSegments(store, sha256, this.#closed, add)
    this.#open = last
    this.#openCost = last.reduce((sum, entry) => sum + segmentCost(entry), 0)
    // What is damaged will be cut off, and what is left of it written again.
    this.#openStored = report.damagedSegments === 0 ? last.length : 0
    this.#nextNumber = lastNumber
    return report
  }

  /** Writes from now on, or from when the present keeper has gone; until {@link suspend}. */
  async keep(): Promise<void> {
    if (!this.#isEnded) await this.#keeper.take()
  }

  /** Entries that have become solid, in that order. */
  append(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (this.#openCost + segmentCost(entry) > 1) this.#close()
      this.#open.push(entry)
      this.#openCost += segmentCost(entry)
    }
    this.#schedule()
  }

  /**
   * The entries at these indexes, which ascend and are below {@link length}, in pieces of at most 256.
   *
   * @throws EdgeNetError `ledger-failed` when they cannot be read
   */
  async *read(indexes: Iterable<number>): AsyncGenerator<readonly Entry[], void> {
    let chunk: Entry[] = []
    let [first, entries]: [number, readonly Entry[]] = [0, []]
    for (const index of indexes) {
      if (!entries[index - first]) [first, entries] = await this.#around(index)
      const entry = entries[index - first]
      if (!entry) throw new RangeError(`the log has no entry ${index}`)
      chunk.push(entry)
      if (chunk.length < CHUNK_ENTRIES) continue
      yield chunk
      chunk = []
    }
    if (chunk.length > 0) yield chunk
  }

  /** The index behind the segment that holds this one. The last segment may yet grow. */
  batchEnd(index: number): number {
    if (index >= this.#closed.length) return this.length
    const { first, count } = this.#closed.holding(index)
    return first + count
  }

  /**
   * The same as {@link read}, all at once. When they are what one closed segment holds, they are not even decoded, unless
   * their batch has more than `maxBatchBytes`.
   *
   * @throws EdgeNetError `ledger-failed` when they cannot be read
   */
  async readAll(indexes: readonly number[], maxBatchBytes: number): Promise<readonly Entry[] | Bytes> {
    const batch = await this.#wholeBatch(indexes)
    if (batch && batch.length <= maxBatchBytes) return batch
    const all: Entry[] = []
    for await (const entries of this.read(indexes)) all.push(...entries)
    return all
  }

  /** Writes out what is here by now, if this client is the keeper. */
  async flush(): Promise<void> {
    const until = this.length
    while (this.#role === 'keeper' && this.storedLength < until) await this.#write('all')
  }

  /** Writes out what there is and leaves the rest to others: for a page that stops running. */
  async suspend(): Promise<void> {
    await this.#keeper.giveUp()
  }

  /** Writes out what there is. The store stays open. */
  async close(): Promise<void> {
    this.#isEnded = true
    await this.#keeper.giveUp()
  }

  async #wholeBatch(indexes: readonly number[]): Promise<Bytes | undefined> {
    const [first, last] = [indexes[0] ?? Infinity, indexes.at(-1)]
    if (first >= this.#closed.length) return undefined
    const segment = this.#closed.holding(first)
    const isWhole = first === segment.first && indexes.length === segment.count && last === first + segment.count - 1
    return isWhole ? this.#closed.batchOf(segment) : undefined
  }

  async #around(index: number): Promise<[number, readonly Entry[]]> {
    if (index >= this.#closed.length) return [this.#closed.length, this.#open]
    const segment = this.#closed.holding(index)
    return [segment.first, await this.#closed.entriesOf(segment)]
  }

  #close(): void {
    if (this.#open.length === 0) return
    const bytes = encodeSegment(this.#open, this.#options.sha256)
    this.#unwritten.push(this.#closed.add(this.#open.length, bytes))
    this.#open = []
    this.#openCost = 0
    this.#openStored = 0
  }

  /** Closed segments are written at once, the last one in a while: what comes from a peer in bulk is written once. */
  #schedule(): void {
    if (this.#role !== 'keeper' || this.#isRetryWaiting || this.#writing) return
    if (this.#unwritten.length > 0) return this.#writeUnasked('closed')
    if (this.storedLength === this.length || this.#isTimerRunning) return
    this.#isTimerRunning = true
    this.#options.after(TAIL_MS, () => {
      this.#isTimerRunning = false
      if (!this.#isRetryWaiting) this.#writeUnasked('all')
    })
  }

  #writeUnasked(what: 'closed' | 'all'): void {
    if (this.#role === 'keeper') this.#write(what).catch((error: unknown) => this.#failed(error))
  }

  async #beginKeeping(): Promise<void> {
    this.#role = 'taking-over'
    await this.#takeOverUnasked()
  }

  async #endKeeping(): Promise<void> {
    try {
      await this.flush()
    } finally {
      this.#role = 'reader'
      await this.#writing?.catch(() => undefined)
    }
  }

  async #takeOverUnasked(): Promise<void> {
    if (this.#role !== 'taking-over') return
    await this.#oneByOne(() => this.#takeOver()).catch((error: unknown) => this.#failed(error))
  }

  /** Says so, and tries again later. */
  #failed(error: unknown): void {
    if (this.#isEnded) return
    this.#isRetryWaiting = true
    this.#options.after(RETRY_MS, () => {
      this.#isRetryWaiting = false
      void this.#takeOverUnasked()
      this.#schedule()
    })
    const known = error instanceof EdgeNetError
    this.#options.onError(known ? error : storeFailed('failed', 'The ledger could not be written.', error))
  }

  /** As much of what is waiting as one transaction takes. */
  #write(what: 'closed' | 'all'): Promise<void> {
    return this.#oneByOne(async () => {
      const closed = this.#unwritten.slice(0, MAX_SEGMENTS_A_WRITE)
      const open = what === 'all' && closed.length === this.#unwritten.length ? this.#open : []
      const openLength = open.length
      const segments = closed.flatMap(({ place }) => (typeof place === 'number' ? [] : [place]))
      if (openLength > 0) segments.push(encodeSegment(open, this.#options.sha256))
      await this.#options.store.writeSegments(this.#nextNumber, segments)
      for (const segment of closed) segment.place = this.#nextNumber++
      this.#unwritten.splice(0, closed.length)
      if (open === this.#open) this.#openStored = openLength
    })
  }

  async #takeOver(): Promise<void> {
    const [oldest] = this.#unwritten
    const ours = oldest ? await this.#closed.entriesOf(oldest) : this.#open
    const kept = await continued(this.#options, this.#nextNumber, ours)
    if (kept === undefined) {
      const others = await readOthers(this.#options, this.#nextNumber)
      // It may hold some of what the others have written.
      this.#close()
      this.#nextNumber = await writeMissing(this.#options, this.#closed, this.#unwritten, others)
    } else if (ours === this.#open) this.#openStored = kept
    this.#role = 'keeper'
  }

  /** One access to the store at a time; whoever comes meanwhile waits for the same one. */
  #oneByOne(act: () => Promise<void>): Promise<void> {
    this.#writing ??= act().then(
      () => {
        this.#writing = undefined
        this.#schedule()
      },
      (error: unknown) => {
        this.#writing = undefined
        throw error
      },
    )
    return this.#writing
  }
}
