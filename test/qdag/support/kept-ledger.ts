/**
 * A client's ledger over a store, without peers: what they say is told by the test. Signs nothing and verifies nothing.
 * Runs in browsers, too.
 */
import type { EdgeNetError } from '../../../client/errors.ts'
import type { Sha256 } from '../../../client/qdag/api.ts'
import type { Entry } from '../../../client/qdag/entry.ts'
import { Ledger } from '../../../client/qdag/ledger.ts'
import { mapKeyOf } from '../../../client/qdag/map-key.ts'
import { EntryLog } from '../../../client/qdag/log.ts'
import type { LoadReport } from '../../../client/qdag/log-loading.ts'
import { OwnEntries } from '../../../client/qdag/own-entries.ts'
import type { LedgerStore } from '../../../client/qdag/store.ts'
import { compareBytes, type Bytes } from '../../../protocol/bytes.ts'
import { fakeEntry, filled, NETWORK_ID } from './fake-entries.ts'

export interface KeptLedgerOptions {
  readonly store: LedgerStore
  readonly sha256: Sha256
  readonly contributor?: Bytes
  /** Calls it at some time; by default never. */
  readonly after?: (delayMs: number, act: () => void) => unknown
  readonly sleep?: (ms: number) => Promise<unknown>
}

export class KeptLedger {
  readonly store: LedgerStore
  readonly ledger: Ledger
  readonly log: EntryLog
  readonly own: OwnEntries
  readonly contributor: Bytes
  readonly errors: EdgeNetError[] = []
  report: LoadReport = { entries: 0, damagedSegments: 0, lostEntries: 0 }
  readonly #sha256: Sha256

  private constructor({ store, sha256, contributor = filled(32, 200), after, sleep }: KeptLedgerOptions) {
    this.store = store
    this.contributor = contributor
    this.#sha256 = sha256
    const ledger = new Ledger({ networkId: NETWORK_ID, sha256 })
    this.ledger = ledger
    this.log = new EntryLog({
      store,
      sha256,
      indexOf: (id) => ledger.indexOf(id),
      found: (entries) => this.hear(entries),
      after: after ?? (() => undefined),
      onError: (error) => this.errors.push(error),
    })
    this.own = new OwnEntries({
      store,
      contributor,
      sha256,
      isSolid: (id) => ledger.indexOf(id) >= 0,
      isStored: (id) => ledger.indexOf(id) >= 0 && ledger.indexOf(id) < this.log.storedLength,
      adopt: (entries) => this.hear(entries),
      sleep: sleep ?? (async () => undefined),
    })
  }

  /** Loaded, and the keeper as soon as nobody else is. */
  static async open(options: KeptLedgerOptions): Promise<KeptLedger> {
    const kept = new KeptLedger(options)
    kept.report = await kept.log.load((entries) => kept.#load(entries))
    await kept.own.load()
    void kept.log.keep()
    // Whoever can be the keeper at once is.
    await new Promise((resolve) => setTimeout(resolve))
    return kept
  }

  get ids(): string[] {
    return Array.from({ length: this.ledger.size }, (_, i) => mapKeyOf(this.ledger.idOf(i)))
  }

  /** Entries that have come from somewhere. */
  hear(entries: readonly Entry[]): void {
    for (const entry of entries) {
      const verdict = this.ledger.add(entry, 'somebody', entry.tsMs)
      if (verdict.kind === 'added') this.log.append(verdict.solid)
    }
  }

  contribute(taskId = 'task'): Promise<Entry> {
    return this.own.write(async ({ writer, seq, prev, prevTsMs }) => {
      const tips = this.ledger.tips().map((index) => this.ledger.idOf(index))
      const parent = tips.find((id) => !prev || compareBytes(id, prev) !== 0) ?? prev ?? NETWORK_ID
      const index = this.ledger.indexOf(parent)
      const tsMs = Math.max(prevTsMs, index < 0 ? 0 : this.ledger.tsOf(index)) + 1
      return fakeEntry(
        { contributor: this.contributor, writer, seq, prev, parents: [parent], tsMs, taskId },
        this.#sha256,
      )
    })
  }

  /** Everything in the log, read back. */
  async read(): Promise<string[]> {
    const ids: string[] = []
    const indexes = Array.from({ length: this.log.length }, (_, i) => i)
    for await (const entries of this.log.read(indexes)) ids.push(...entries.map(({ id }) => mapKeyOf(id)))
    return ids
  }

  async close(): Promise<void> {
    await this.log.close()
    await this.store.close()
  }

  #load(entries: readonly Entry[]): number {
    const refused = entries.findIndex((entry) => this.ledger.add(entry, 'store', entry.tsMs).kind !== 'added')
    return refused < 0 ? entries.length : refused
  }
}
