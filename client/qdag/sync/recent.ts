/** The latest entries, for telling them on: they need not be read from the log. */
import type { Bytes } from '../../../protocol/bytes.ts'
import { encodeBatch, inBatches } from '../batch.ts'
import type { Entry } from '../entry.ts'
import { MAX_ENTRIES_MESSAGE_BYTES } from './limits.ts'
import { ENTRIES_HEAD_BYTES } from './messages.ts'

/** About a megabyte. */
const MAX_ENTRIES = 2_048

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
    const batches = encodeAll(entries)
    if (entries === this.#last) this.#lastBatches = batches
    return batches
  }
}

/** With tasks of a usual length and no chains, entries come to a third or half of what is claimed for them. */
const SLACKS = [3, 2]

function encodeAll(entries: readonly Entry[]): readonly Bytes[] {
  const maxBytes = MAX_ENTRIES_MESSAGE_BYTES - ENTRIES_HEAD_BYTES
  for (const slack of SLACKS) {
    const few = Array.from(inBatches(entries, slack * maxBytes), encodeBatch)
    if (few.every(({ length }) => length <= maxBytes)) return few
  }
  return Array.from(inBatches(entries, maxBytes), encodeBatch)
}
