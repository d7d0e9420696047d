/**
 * Holds every honest session to what is promised, on every event: nothing enters a ledger that is not signed or whose
 * ancestors are not there, no number of an honest writer is used twice, no honest peer is accused, everything that is
 * bounded stays within its bound. At the end, see `agreement.ts`.
 */
import type { Entry } from '../../../client/qdag/entry.ts'
import { entryChecks } from '../../../client/qdag/verifier.ts'
import type { Bytes } from '../../../protocol/bytes.ts'
import { isSigned } from './crypto.ts'
import type { Disk } from './disk.ts'
import { edgesOf, keyOf } from './reference.ts'
import type { Session } from './session.ts'

/** What one session may hold at a time. */
const BOUNDS = {
  /** Four batches. */
  'entries at the verifier': 4_096,
  /** One for each peer. */
  reads: 56,
  'orphans and parked entries': 4_096,
  /** A few batches; then the replica waits until the link has taken some. */
  'bytes for a link': 524_288,
}
type Bounded = keyof typeof BOUNDS

interface Promised {
  readonly disk: Disk
  readonly entry: Entry
}

export class Judge {
  /** Every entry that has become solid with an honest peer. */
  readonly entries = new Map<string, Entry>()
  /** Own entries of honest devices that were told to be kept. */
  readonly promises = new Map<string, Promised>()
  /** How often somebody was accused of what. */
  readonly accusations = new Map<string, number>()
  /** The most that any session held. */
  readonly largest = new Map<Bounded, number>()
  #events = 0
  readonly #networkId: Bytes
  readonly #root: string
  readonly #honestContributors = new Set<string>()
  /** Which entry has a number of an honest writer. */
  readonly #numbers = new Map<string, string>()
  readonly #solid = new Map<Session, Set<string>>()
  /** Signatures that are known to hold, by id. */
  readonly #signed = new Map<string, string>()

  constructor(networkId: Bytes) {
    this.#networkId = networkId
    this.#root = keyOf(networkId)
  }

  trust(contributor: Bytes): void {
    this.#honestContributors.add(keyOf(contributor))
  }

  isHonest(entry: Entry): boolean {
    return this.#honestContributors.has(keyOf(entry.contributor))
  }

  keysOf(session: Session): ReadonlySet<string> {
    return this.#solid.get(session) ?? new Set()
  }

  began(session: Session): void {
    if (session.device.isHonest) this.#solid.set(session, new Set())
  }

  ended(session: Session): void {
    this.#solid.delete(session)
  }

  solid(session: Session, entries: readonly Entry[]): void {
    const solid = this.#solid.get(session)
    if (!solid) return
    for (const entry of entries) {
      const key = keyOf(entry.id)
      if (solid.has(key)) throw new Error(`${session.name} takes an entry twice`)
      for (const edge of edgesOf(entry, this.#root)) {
        if (!solid.has(edge)) throw new Error(`${session.name} takes an entry without its ancestors`)
      }
      this.#checkSigned(session, entry, key)
      this.#number(entry, key)
      solid.add(key)
      this.entries.set(key, entry)
    }
  }

  promised(session: Session, entry: Entry): void {
    const key = keyOf(entry.id)
    if (!session.device.isHonest) return
    this.#number(entry, key)
    this.promises.set(key, { disk: session.device.disk, entry })
  }

  /** The disk is lost, and all that it promised. */
  forgotten(lost: Disk): void {
    for (const [key, { disk }] of this.promises) if (disk === lost) this.promises.delete(key)
  }

  accused(session: Session, peer: string, reason: string): void {
    if (!session.device.isHonest) return
    if (session.device.world.deviceOf(peer)?.isHonest) throw new Error(`${session.name} accuses ${peer}: ${reason}`)
    this.accusations.set(reason, (this.accusations.get(reason) ?? 0) + 1)
  }

  afterEvent(session: Session): void {
    if (!session.device.isHonest) return
    this.#events++
    this.#hold(session, 'entries at the verifier', session.verifier.pendingEntries)
    this.#hold(session, 'reads', session.vault.readsPending)
    for (const { queuedBytes } of session.links.values()) this.#hold(session, 'bytes for a link', queuedBytes)
    // It takes a digest.
    if (this.#events % 16 > 0) return
    const { orphans, parked } = session.ledger.statistics()
    this.#hold(session, 'orphans and parked entries', orphans + parked)
  }

  #hold({ name }: Session, what: Bounded, value: number): void {
    if (value > BOUNDS[what]) throw new Error(`${name}: ${value} ${what}, at most ${BOUNDS[what]} are allowed`)
    if (value > (this.largest.get(what) ?? 0)) this.largest.set(what, value)
  }

  #checkSigned(session: Session, entry: Entry, key: string): void {
    const signature = keyOf(entry.signature)
    if (this.#signed.get(key) === signature) return
    if (!entryChecks(entry, this.#networkId).every(isSigned)) {
      throw new Error(`${session.name} takes an entry that is not signed`)
    }
    this.#signed.set(key, signature)
  }

  #number(entry: Entry, key: string): void {
    if (!this.isHonest(entry)) return
    const place = `${keyOf(entry.contributor)}${keyOf(entry.writer)}${entry.seq}`
    const other = this.#numbers.get(place)
    if (other !== undefined && other !== key) throw new Error(`an honest writer has used number ${entry.seq} twice`)
    this.#numbers.set(place, key)
  }
}
