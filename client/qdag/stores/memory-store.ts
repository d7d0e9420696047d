/** A ledger that lives as long as the program: for tests, and where nothing can be kept. */
import type { Bytes } from '../../../protocol/bytes.ts'
import { WRITER_BYTES } from '../entry-limits.ts'
import { mapKeyOf } from '../map-key.ts'
import { storeFailed } from '../store-failure.ts'
import type { LedgerStore, OwnRecord } from '../store.ts'
import { Turns } from './turns.ts'

/** What several stores of one program may share, as tabs share a database. */
export class MemoryPlace {
  readonly newWriter: () => Bytes
  readonly writers = new Map<string, Bytes>()
  readonly segments: Bytes[] = []
  /** Of each writer, by number. */
  readonly own = new Map<string, OwnRecord[]>()
  readonly turns = new Turns()
  /** The keeper, and behind it those who wait to become it. */
  readonly keepers: { readonly store: MemoryStore; readonly grant: (isKeeper: boolean) => void }[] = []

  /** @param newWriter by chance, unless a simulation wants to be repeated */
  constructor(newWriter: () => Bytes = () => crypto.getRandomValues(new Uint8Array(WRITER_BYTES))) {
    this.newWriter = newWriter
  }
}

export class MemoryStore implements LedgerStore {
  readonly #place: MemoryPlace
  #isClosed = false

  constructor(place: MemoryPlace = new MemoryPlace()) {
    this.#place = place
  }

  async writer(contributor: Bytes): Promise<Bytes> {
    return this.#open().writers.get(mapKeyOf(contributor)) ?? this.renewWriter(contributor)
  }

  async renewWriter(contributor: Bytes): Promise<Bytes> {
    const { newWriter, writers } = this.#open()
    const writer = newWriter()
    writers.set(mapKeyOf(contributor), writer)
    return writer
  }

  async segmentCount(): Promise<number> {
    return this.#open().segments.length
  }

  async readSegment(number: number): Promise<Bytes | undefined> {
    return this.#open().segments[number]
  }

  async writeSegments(from: number, written: readonly Bytes[]): Promise<void> {
    const { segments } = this.#open()
    if (from > segments.length) throw storeFailed('gone', `Segment ${segments.length} is missing.`)
    segments.splice(from, segments.length - from, ...written)
  }

  async lastOwn(writer: Bytes): Promise<OwnRecord | undefined> {
    return this.#open().own.get(mapKeyOf(writer))?.at(-1)
  }

  async allOwn(): Promise<readonly OwnRecord[]> {
    return [...this.#open().own.values()].flat()
  }

  async writeOwn(contributor: Bytes, record: OwnRecord): Promise<void> {
    const { own, writers } = this.#open()
    const key = mapKeyOf(record.writer)
    const writer = writers.get(mapKeyOf(contributor))
    if (!writer || mapKeyOf(writer) !== key) throw storeFailed('number-taken', 'There is another writer now.')
    const records = own.get(key) ?? []
    // Numbers are mostly given in order: what comes before is found at the end.
    const before = records.findLastIndex(({ seq }) => seq <= record.seq)
    if (records[before]?.seq === record.seq) throw storeFailed('number-taken', `There is an own entry ${record.seq}.`)
    records.splice(before + 1, 0, record)
    own.set(key, records)
  }

  async forgetOwn(writer: Bytes, below: number): Promise<void> {
    const records = this.#open().own.get(mapKeyOf(writer)) ?? []
    const kept = records.findIndex(({ seq }) => seq >= below)
    records.splice(0, kept < 0 ? records.length - 1 : kept)
  }

  async exclusively<T>(act: () => Promise<T>): Promise<T> {
    return this.#open().turns.take(act)
  }

  async becomeKeeper(): Promise<boolean> {
    if (this.#isClosed) return false
    const { keepers } = this.#place
    return new Promise((resolve) => {
      keepers.push({ store: this, grant: resolve })
      keepers[0]?.grant(true)
    })
  }

  resign(): void {
    const { keepers } = this.#place
    const at = keepers.findIndex(({ store }) => store === this)
    if (at < 0) return
    // One that is the keeper has been told so, and hears no more.
    keepers.splice(at, 1)[0]?.grant(false)
    keepers[0]?.grant(true)
  }

  async close(): Promise<void> {
    this.resign()
    this.#isClosed = true
  }

  #open(): MemoryPlace {
    if (this.#isClosed) throw storeFailed('closed', 'This store is closed.')
    return this.#place
  }
}
