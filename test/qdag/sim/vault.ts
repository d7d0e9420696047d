/** What a session keeps: the real log and the real own entries over the device's disk. Here alone there are promises. */
import { decodeEntry, type Entry } from '../../../client/qdag/entry.ts'
import { EntryLog } from '../../../client/qdag/log.ts'
import { OwnEntries } from '../../../client/qdag/own-entries.ts'
import type { FromLog } from '../../../client/qdag/replica.ts'
import { isStoreFailure } from '../../../client/qdag/store-failure.ts'
import type { OwnRecord } from '../../../client/qdag/store.ts'
import { sha256 } from './crypto.ts'
import { DiskStore, type Disk, type DiskUser } from './disk.ts'
import type { Session } from './session.ts'

export class Vault implements DiskUser {
  readonly log: EntryLog
  readonly ownEntries: OwnEntries
  /** What the disk has kept is loaded. */
  isReady = false
  readsPending = 0
  protected readonly session: Session
  readonly #store: DiskStore

  constructor(session: Session) {
    const { device, ledger } = session
    const store = this.makeStore(device.disk)
    this.session = session
    this.#store = store
    const adopt = (entries: readonly Entry[]): void => session.adopt(entries)
    this.log = new EntryLog({
      store,
      sha256,
      indexOf: (id) => ledger.indexOf(id),
      found: adopt,
      after: (delayMs, act) => session.later(delayMs, () => this.async(act)),
      onError: (error) => this.#failed(error),
    })
    this.ownEntries = new OwnEntries({
      store,
      contributor: device.contributor,
      sha256,
      isSolid: (id) => ledger.indexOf(id) >= 0,
      isStored: (id) => ledger.indexOf(id) >= 0 && ledger.indexOf(id) < this.log.storedLength,
      adopt,
      sleep: (ms) => this.wait(ms),
    })
    this.async(() => this.#load())
  }

  protected makeStore(disk: Disk): DiskStore {
    return new DiskStore(disk, this)
  }

  /** Does something in which promises take part. */
  async(act: () => unknown): void {
    const { world } = this.session.device
    world.stir()
    void Promise.resolve(act()).catch((error: unknown) => this.#failed(error))
  }

  /** These have become part of the ledger. */
  append(entries: readonly Entry[]): void {
    this.async(() => this.log.append(entries))
    if (this.isReady) this.async(() => this.ownEntries.seen(entries))
  }

  /** What an own entry builds on may have come by now. */
  settle(): void {
    if (this.ownEntries.unsettledCount > 0) this.session.later(0, () => this.ownEntries.settle())
  }

  read(indexes: readonly number[], maxBatchBytes: number, answer: (read: FromLog) => void): void {
    const { device, random } = this.session
    this.readsPending++
    this.async(async () => {
      await this.wait(device.traits.readMs * random.between(0.5, 2))
      const read = await this.log.readAll(indexes, maxBatchBytes)
      this.readsPending--
      if (!device.disk.isUnreadable) return answer(read)
      const count = random.below(indexes.length + 1)
      answer(read instanceof Uint8Array ? [] : read.slice(0, count))
    })
  }

  /** @param isClean everything that there is gets written down */
  close(isClean: boolean): void {
    if (isClean) void this.log.flush().catch(() => undefined)
    this.#store.die(isClean)
    this.session.device.world.stir()
  }

  // ---- the disk's user ---------------------------------------------------------------------------------------------

  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.session.later(ms, () => this.async(resolve))
    })
  }

  nowMs(): number {
    return this.session.device.world.agenda.nowMs
  }

  accessMs(): number {
    const { device, random } = this.session
    return device.traits.writeMs * device.diskSlowness * random.between(0.5, 2)
  }

  kept({ bytes }: OwnRecord): void {
    const entry = decodeEntry(bytes, sha256)
    if (entry) this.session.device.world.judge.promised(this.session, entry)
  }

  #failed(error: unknown): void {
    if (!this.session.isOver && !isStoreFailure(error, 'no-space')) this.session.device.world.fail(error)
  }

  async #load(): Promise<void> {
    const { device, ledger } = this.session
    const { judge } = device.world
    await this.log.load((entries) => {
      const refused = entries.findIndex((entry) => ledger.add(entry, 'log', Infinity).kind !== 'added')
      const taken = refused < 0 ? entries.length : refused
      judge.solid(this.session, entries.slice(0, taken))
      return taken
    })
    await this.ownEntries.load()
    this.isReady = true
    this.async(() => this.log.keep())
    this.session.begin()
  }
}
