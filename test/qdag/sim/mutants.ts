/** Peers that lack one of their duties. Made from outside: the real parts know nothing of them. */
import type { Entry } from '../../../client/qdag/entry.ts'
import { Ledger, type Growth, type LedgerOptions, type Verdict } from '../../../client/qdag/ledger.ts'
import { Replica, type ReplicaOptions, type ReplicaOutput, type Time } from '../../../client/qdag/replica.ts'
import type { MemoryPlace } from '../../../client/qdag/stores/memory-store.ts'
import type { OwnRecord } from '../../../client/qdag/store.ts'
import { decodeMessage, encodeMessage, type Kind } from '../../../client/qdag/sync/messages.ts'
import type { Bytes } from '../../../protocol/bytes.ts'
import { Disk, DiskStore } from './disk.ts'
import { REAL_PARTS } from './parts.ts'
import { keyOf } from './reference.ts'
import { Session } from './session.ts'
import { Vault } from './vault.ts'
import type { Parts } from './world.ts'

// ---- replicas --------------------------------------------------------------------------------------------------------

/** Takes everybody's word that they have the same. */
class SkippingTheDigestCheck extends Replica {
  readonly #ledger: Ledger

  constructor(ledger: Ledger, output: ReplicaOutput, options: ReplicaOptions) {
    super(ledger, output, options)
    this.#ledger = ledger
  }

  override message(peer: string, bytes: Bytes, time: Time): void {
    const message = decodeMessage(bytes)
    const tipDigest = this.#ledger.tipDigest()
    if (message?.kind === 'qdag_digest')
      return super.message(peer, encodeMessage(message.kind, { ...message, tipDigest }), time)
    super.message(peer, bytes, time)
  }
}

/** Never says one kind of message. */
function without(kind: Kind): Partial<Parts> {
  return {
    makeReplica: (ledger, output, options) => {
      const send = (peer: string, bytes: Bytes): void => {
        if (decodeMessage(bytes)?.kind !== kind) return output.send(peer, bytes)
      }
      return new Replica(ledger, changed(output, { send }), options)
    },
  }
}

function changed(output: ReplicaOutput, changes: Partial<ReplicaOutput>): ReplicaOutput {
  return {
    send: (...args) => output.send(...args),
    verify: (...args) => output.verify(...args),
    read: (...args) => output.read(...args),
    batchEnd: (...args) => output.batchEnd(...args),
    solid: (...args) => output.solid(...args),
    misbehaved: (...args) => output.misbehaved(...args),
    sync: (...args) => output.sync(...args),
    giveWay: () => output.giveWay(),
    wake: (...args) => output.wake(...args),
    ...changes,
  }
}

// ---- ledgers ---------------------------------------------------------------------------------------------------------

/** Finds one entry too few that others lack. */
class PushingOneTooFew extends Ledger {
  override notIn(past: readonly number[]): number[] {
    return super.notIn(past).slice(0, -1)
  }
}

/** What goes into the ledger is not what came from outside. */
abstract class Altering extends Ledger {
  readonly #originals = new Map<string, Entry>()

  protected abstract altered(entry: Entry): Entry

  override add(entry: Entry, from: string, nowMs: number): Verdict {
    this.#originals.set(keyOf(entry.id), entry)
    return restored(super.add(this.altered(entry), from, nowMs), this.#originals)
  }
  override ripen(nowMs: number): Growth {
    return restored(super.ripen(nowMs), this.#originals)
  }
}

/** Credits what was claimed first. */
class CreditingTheFirstClaim extends Altering {
  readonly #claims = new Map<string, number>()

  protected override altered(entry: Entry): Entry {
    const task = keyOf(entry.contributor) + entry.taskId
    const computeUnits = this.#claims.get(task) ?? entry.computeUnits
    this.#claims.set(task, computeUnits)
    return { ...entry, computeUnits }
  }
}

/** Takes an entry for one that nothing was written before. */
class DroppingPrev extends Altering {
  protected override altered(entry: Entry): Entry {
    return { ...entry, prev: undefined, seq: 0, writer: entry.id.slice(0, 16) }
  }
}

/** What the outside is to see in the place of what was changed. */
function restored<T extends object>(result: T, originals: ReadonlyMap<string, Entry>): T {
  if (!('solid' in result)) return result
  return { ...result, solid: (result.solid as Entry[]).map((entry) => originals.get(keyOf(entry.id)) ?? entry) }
}

/** Rejects what is ahead of its clock, for good. */
class JudgingByTheClock extends Ledger {
  readonly #rejected = new Set<string>()

  override add(entry: Entry, from: string, nowMs: number): Verdict {
    const key = keyOf(entry.id)
    if (entry.tsMs > nowMs + 120_000) this.#rejected.add(key)
    return this.#rejected.has(key) ? { kind: 'known' } : super.add(entry, from, nowMs)
  }
}

// ---- shells ----------------------------------------------------------------------------------------------------------

/** Takes every signature for genuine. */
class SkippingVerification extends Session {
  override verify(ticket: number, entries: readonly Entry[]): void {
    this.later(1, () =>
      this.event(() =>
        this.replica.verified(
          ticket,
          entries.map(() => true),
          this.time,
        ),
      ),
    )
  }
}

/** Has own entries out before they are kept. */
class SendingBeforeKeeping extends Vault {
  protected override makeStore(disk: Disk): DiskStore {
    return new HastyStore(disk, this)
  }
}

class HastyStore extends DiskStore {
  #lastWrite: Promise<void> = Promise.resolve()

  override async lastOwn(writer: Bytes): Promise<OwnRecord | undefined> {
    await this.#lastWrite
    return super.lastOwn(writer)
  }
  override async writeOwn(contributor: Bytes, record: OwnRecord): Promise<void> {
    const last = await this.lastOwn(record.writer)
    const write = super.writeOwn(contributor, record)
    // A number that another tab has used is refused as ever.
    if (last && last.seq >= record.seq) return write
    this.#lastWrite = write
  }
}

/** Goes on under the same name when everything that was written under it is lost. */
class KeepingTheWriter extends Disk {
  protected override makePlace(before: MemoryPlace | undefined, isLost: boolean): MemoryPlace {
    const place = super.makePlace(before, isLost)
    for (const [contributor, writer] of before?.writers ?? []) place.writers.set(contributor, writer)
    return place
  }
}

export const MUTANTS: readonly (readonly [name: string, parts: Partial<Parts>])[] = [
  ['skips the digest check', { makeReplica: (...args) => new SkippingTheDigestCheck(...args) }],
  ['never fetches what orphans lack', without('qdag_fetch')],
  ['tells nobody what is new', without('qdag_entries')],
  ['does not say which of the tips it knows', without('qdag_known')],
  ['does not say that it has taken what came', without('qdag_taken')],
  ['pushes one entry too few', ledgers(PushingOneTooFew)],
  ['credits the first claim instead of the least', ledgers(CreditingTheFirstClaim)],
  ['takes prev for no edge', ledgers(DroppingPrev)],
  ['rejects by the clock', ledgers(JudgingByTheClock)],
  ['skips verification', { makeSession: (device, name) => new SkippingVerification(device, name) }],
  ['sends own entries before they are kept', { makeVault: (session) => new SendingBeforeKeeping(session) }],
  ['keeps the writer when its store is lost', { makeDisk: (random) => new KeepingTheWriter(random) }],
]

function ledgers(Mutant: new (options: LedgerOptions) => Ledger): Partial<Parts> {
  return { makeLedger: (options) => new Mutant(options) }
}

export const mutated = (changes: Partial<Parts>): Parts => ({ ...REAL_PARTS, ...changes })
