/**
 * Numbers own entries and keeps them safe. One number used twice is a fork, for ever and for everybody to see, and comes
 * about as soon as an entry is forgotten that a peer has. So an entry is kept before anybody gets it, numbers are given one
 * at a time over all tabs and processes that share a store, and in doubt there is a new writer, who begins at 0.
 */
import { compareBytes, type Bytes } from '../../protocol/bytes.ts'
import type { Sha256 } from './api.ts'
import { decodeEntry, encodeEntry, type Entry } from './entry.ts'
import { SEQ_LIMIT } from './entry-limits.ts'
import { mapKeyOf } from './map-key.ts'
import { isStoreFailure } from './store-failure.ts'
import type { LedgerStore, OwnRecord } from './store.ts'

export interface OwnEntriesOptions {
  readonly store: LedgerStore
  /** The own identity key. */
  readonly contributor: Bytes
  readonly sha256: Sha256
  /** Whether an entry is part of the ledger. */
  readonly isSolid: (id: Bytes) => boolean
  /** Whether it is in a segment of the store, as far as we know: see `EntryLog.storedLength`. */
  readonly isStored: (id: Bytes) => boolean
  /**
   * Brings own entries into the ledger and to peers, as far as they are not there; in the order of their times, which is
   * that of what builds on what. Some may have come from another tab, and some of these may build on what is not here yet.
   */
  readonly adopt: (entries: readonly Entry[]) => void
  readonly sleep: (ms: number) => Promise<unknown>
}

/** What the next entry has to have. */
export interface NextOwn {
  readonly writer: Bytes
  readonly seq: number
  readonly prev: Bytes | undefined
  /** Time of the entry before, or 0. */
  readonly prevTsMs: number
}

/**
 * How long an entry waits for the one before, which another tab has made and which builds on what is still on its way here.
 * That takes a round trip or two; after this it has got lost, and a new writer is begun.
 */
const SOLID_WAIT_MS = 1_000
const SOLID_LOOK_MS = 20
/** So many own entries stay apart even when segments have them, in case these are damaged: a few hundred kilobytes. */
const KEPT_OWN = 1_024
/** Another tab may have taken the number since we looked; twice only where a store cannot exclude others. */
const MAX_TRIES = 5

/** The writer, and his last entry if there is one. */
interface Known {
  readonly writer: Bytes
  readonly last?: Pick<Entry, 'id' | 'seq' | 'tsMs'> | undefined
}

export class OwnEntries {
  readonly #options: OwnEntriesOptions
  /** As far as we know: other tabs may be further. */
  #known: Known | undefined
  /** Kept, but not part of the ledger yet. */
  #unsettled: Entry[] = []

  constructor(options: OwnEntriesOptions) {
    this.#options = options
  }

  /** How many own entries are kept and not part of the ledger yet: see {@link settle}. */
  get unsettledCount(): number {
    return this.#unsettled.length
  }

  /** Brings own entries back that the log has lost. Called once, after the log was loaded and before peers are heard. */
  async load(): Promise<void> {
    const { store, contributor } = this.#options
    const writer = await store.writer(contributor)
    const last = await store.lastOwn(writer)
    this.#known = { writer, last: last && this.#entryOf(last) }
    await this.#handOver()
    try {
      await this.#forgetOld(writer)
    } catch (error) {
      // Only room is at stake: the next one to open the store makes it, and nobody's start fails for it.
      if (!isStoreFailure(error, 'busy')) throw error
    }
  }

  /** Hands over again what is not part of the ledger yet: to be called when peers may have brought what it builds on. */
  settle(): void {
    const { isSolid, adopt } = this.#options
    if (this.#unsettled.length === 0) return
    adopt(this.#unsettled)
    this.#unsettled = this.#unsettled.filter(({ id }) => !isSolid(id))
  }

  /**
   * Makes the next own entry, keeps it, and brings it into the ledger.
   *
   * @param make builds and signs it; its parents are part of the ledger
   * @throws EdgeNetError `ledger-failed` when it could not be kept; then nobody has got it
   */
  write(make: (next: NextOwn) => Promise<Entry>): Promise<Entry> {
    const { store, contributor, adopt } = this.#options
    return store.exclusively(async () => {
      for (let tries = 1; ; tries++) {
        // What we know is mostly right. If it is not, the store does not take the entry.
        const next = (tries === 1 && this.#nextKnown()) || (await this.#nextInStore())
        const entry = await make(next)
        try {
          await store.writeOwn(contributor, { writer: next.writer, seq: next.seq, bytes: encodeEntry(entry) })
        } catch (error) {
          if (isStoreFailure(error, 'number-taken') && tries < MAX_TRIES) continue
          throw error
        }
        this.#known = { writer: next.writer, last: entry }
        // Inside, so that the next one finds it in the ledger.
        adopt([entry])
        // It is kept, whatever comes of this: the next one to open the store makes room.
        if (entry.seq % KEPT_OWN === KEPT_OWN - 1) await this.#forgetOld(next.writer).catch(() => undefined)
        return entry
      }
    })
  }

  /**
   * Entries have become part of the ledger, from wherever. If one of them is by our writer and this store does not know it,
   * there is a copy of it somewhere: then this one goes on as a new writer.
   */
  async seen(entries: readonly Entry[]): Promise<void> {
    const { store, contributor } = this.#options
    const news = entries
      .filter((entry) => this.#isNews(entry))
      .toSorted((a, b) => a.seq - b.seq)
      .at(-1)
    if (!news) return
    await store.exclusively(async () => {
      const writer = await store.writer(contributor)
      const last = await store.lastOwn(news.writer)
      const ours = last && this.#entryOf(last)
      // A smaller number than ours is no reason: whoever has the copy sees ours, and gets a new writer there.
      const isKnown = ours && (news.seq < ours.seq || isSame(ours.id, news.id))
      if (isKnown) this.#known = { writer: news.writer, last: ours }
      else if (isSame(writer, news.writer)) await this.#renewWriter()
    })
  }

  #isNews({ contributor, writer, seq, id }: Entry): boolean {
    const known = this.#known
    if (!known || !isSame(writer, known.writer) || !isSame(contributor, this.#options.contributor)) return false
    return !known.last || seq > known.last.seq || (seq === known.last.seq && !isSame(id, known.last.id))
  }

  #nextKnown(): NextOwn | undefined {
    const { writer, last } = this.#known ?? {}
    return writer && last && last.seq + 1 < SEQ_LIMIT && this.#options.isSolid(last.id)
      ? after(writer, last)
      : undefined
  }

  async #nextInStore(): Promise<NextOwn> {
    const { store, contributor } = this.#options
    const writer = await store.writer(contributor)
    const record = await store.lastOwn(writer)
    if (!record) return after(writer)
    const last = this.#entryOf(record)
    const isUsable = last && last.seq + 1 < SEQ_LIMIT && (await this.#becomesSolid(last))
    return isUsable ? after(writer, last) : after(await this.#renewWriter())
  }

  async #renewWriter(): Promise<Bytes> {
    const { store, contributor } = this.#options
    const writer = await store.renewWriter(contributor)
    this.#known = { writer }
    return writer
  }

  /** Another tab may have made it just now, or its parents were lost in a crash. */
  async #becomesSolid({ id }: Entry): Promise<boolean> {
    const { isSolid, sleep } = this.#options
    if (isSolid(id)) return true
    await this.#handOver()
    for (let waitedMs = 0; !isSolid(id) && waitedMs < SOLID_WAIT_MS; waitedMs += SOLID_LOOK_MS)
      await sleep(SOLID_LOOK_MS)
    return isSolid(id)
  }

  /** Everything that is kept and not part of the ledger, of former writers, too. */
  async #handOver(): Promise<void> {
    const { store, isSolid } = this.#options
    const entries = (await store.allOwn()).flatMap((record) => this.#entryOf(record) ?? [])
    // Writers build on each other, and what comes too early waits in a room that is soon full.
    this.#unsettled = entries.filter(({ id }) => !isSolid(id)).toSorted((a, b) => a.tsMs - b.tsMs)
    this.settle()
  }

  /** An entry has all before it among its ancestors: when it is in a segment, they are in segments, too. */
  async #forgetOld(current: Bytes): Promise<void> {
    const { store, isStored } = this.#options
    const stored = new Map<string, { readonly writer: Bytes; readonly lowest: number; readonly seq: number }>()
    for (const record of await store.allOwn()) {
      const { writer, seq } = record
      const entry = this.#entryOf(record)
      const key = mapKeyOf(writer)
      if (entry && isStored(entry.id)) stored.set(key, { writer, lowest: stored.get(key)?.lowest ?? seq, seq })
    }
    for (const { writer, lowest, seq } of stored.values()) {
      const below = isSame(writer, current) ? seq - KEPT_OWN : seq
      if (below > lowest) await store.forgetOwn(writer, below)
    }
  }

  /** What is kept, if it is whole and ours. */
  #entryOf({ writer, seq, bytes }: OwnRecord): Entry | undefined {
    const { sha256, contributor } = this.#options
    const entry = decodeEntry(bytes, sha256)
    const isOurs = entry?.seq === seq && isSame(entry.writer, writer) && isSame(entry.contributor, contributor)
    return isOurs ? entry : undefined
  }
}

function after(writer: Bytes, last?: Pick<Entry, 'id' | 'seq' | 'tsMs'>): NextOwn {
  return { writer, seq: last ? last.seq + 1 : 0, prev: last?.id, prevTsMs: last?.tsMs ?? 0 }
}

function isSame(a: Bytes, b: Bytes): boolean {
  return compareBytes(a, b) === 0
}
