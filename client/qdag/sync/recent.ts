/** The latest entries, for telling them on: they need not be read from the log. */
import type { Bytes } from '../../../protocol/bytes.ts'
import { encodeBatch, inBatches } from '../batch.ts'
import type { Entry } from '../entry.ts'

/** About a megabyte. */
const MAX_ENTRIES = 2_048
/** What may be under way to a peer; that many bytes are claimed for three times as many that it comes to. */
const BATCH_BYTES = 256 * 1024

export class Recent {
  readonly #entries = new Map<number, Entry>()
  /** What was taken out last: several peers are told the same. */
  #lastKey = ''
  #last: readonly Entry[] = []
  #lastBatches: readonly Bytes[] | undefined

  add(index: number, entry: Entry): void {
    this.#entries.set(index, entry)
    this.#entries.delete(index - MAX_ENTRIES)
  }

  /** The entries with these indexes, if all are here. */
  read(indexes: readonly number[]): readonly Entry[] | undefined {
    const entries = indexes.map((index) => this.#entries.get(index)).filter((entry) => entry !== undefined)
    if (entries.length < indexes.length) return undefined
    const key = indexes.join()
    if (key === this.#lastKey) return this.#last
    this.#lastKey = key
    this.#last = entries
    this.#lastBatches = undefined
    return entries
  }

  /** Entries as they are sent. */
  encode(entries: readonly Entry[]): readonly Bytes[] {
    if (entries === this.#last && this.#lastBatches) return this.#lastBatches
    const batches = Array.from(inBatches(entries, BATCH_BYTES), encodeBatch)
    if (entries === this.#last) this.#lastBatches = batches
    return batches
  }
}
