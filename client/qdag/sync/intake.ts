/**
 * From a message with entries to the ledger. Peers take turns; few batches are verified at a time, and none is even decoded
 * before its turn, so that what a peer sends costs no more than the window it was given. Batches end in the order in which
 * they began, whoever sent them: what an entry builds on may be in another's.
 */
import { compareBytes, type Bytes } from '../../../protocol/bytes.ts'
import type { Sha256 } from '../api.ts'
import { decodeBatch } from '../batch.ts'
import type { Entry } from '../entry.ts'
import type { Growth, Ledger } from '../ledger.ts'
import type { Misbehaviour } from './misbehaviour.ts'
import type { Pace } from './pace.ts'
import type { Arrival, Underway } from './underway.ts'

/** Enough for every core of a small machine; each is up to a thousand entries, and a megabyte. */
const MAX_TICKETS = 4
const MAX_SENDER_TICKETS = 2

/** What a peer has sent, in its order. */
export type Item =
  | {
      readonly kind: 'entries'
      readonly batch: Bytes
      /** Of the message. */
      readonly byteLength: number
      /** The peer waits for nothing else. */
      readonly isLast: boolean
      /** Without one, they are news. */
      readonly answer: Answer | undefined
    }
  | { readonly kind: 'qdag_digest'; readonly tipDigest: Bytes }

/** To a comparison, if it still goes on. */
export interface Answer {
  readonly comparison: object | undefined
  readonly isLast: boolean
  readonly hasMore: boolean
}

export interface Sender {
  readonly id: string
  readonly pace: Pace
  /** What waits for its turn. */
  readonly inbox: Item[]
  /** Batches of it that are being verified, or wait for others before them. */
  batches: number
}

export interface IntakeHost<S extends Sender> {
  readonly ledger: Ledger
  readonly underway: Underway
  readonly sha256: Sha256
  /** The clock on the wall, as far as peers are right. */
  readonly correctedWallMs: number
  /** Verifies entries; gives the ticket that `verified` is called with. */
  readonly verify: (entries: readonly Entry[]) => number
  readonly misbehaved: (sender: S, reason: Misbehaviour) => void
  /** The ledger keeps this entry of the sender's until it can be part of it; these are not here that it builds on. */
  readonly waits: (sender: S, entry: Entry, missing: readonly Bytes[]) => void
  /** The sender has this entry, and so has the ledger. */
  readonly has: (sender: S, id: Bytes) => void
  /** Entries have become part of the ledger. */
  readonly grown: (sender: S, growth: Growth, item: Item) => void
  /** All of it has been dealt with. So many entries were new. */
  readonly dealtWith: (sender: S, item: Item, fresh: number) => void
}

interface Load<S extends Sender> {
  readonly sender: S
  readonly item: Item
  readonly arrivals: readonly Arrival[]
  isVerified: boolean
}

export class Intake<S extends Sender> {
  readonly #host: IntakeHost<S>
  /** Who has something in the inbox, by whose turn it is. */
  readonly #turns = new Set<S>()
  /** In the order in which they began. */
  readonly #line: Load<S>[] = []
  readonly #tickets = new Map<number, { readonly load: Load<S>; readonly arrivals: readonly Arrival[] }>()

  constructor(host: IntakeHost<S>) {
    this.#host = host
  }

  /** Something is in the sender's inbox. */
  add(sender: S, item: Item): void {
    sender.inbox.push(item)
    this.#turns.add(sender)
  }

  /** What waits is dropped. What has begun goes on: good entries are good whoever sent them. */
  forget(sender: S): void {
    sender.inbox.length = 0
    this.#turns.delete(sender)
  }

  /** The verifier has answered. */
  verified(ticket: number, results: readonly boolean[]): void {
    const verified = this.#tickets.get(ticket)
    if (!verified) return
    this.#tickets.delete(ticket)
    verified.arrivals.forEach((arrival, i) => (arrival.isGenuine = results[i] === true))
    verified.load.isVerified = true
  }

  /** Ends what can end, and begins what may begin. */
  pump(nowMs: number): void {
    for (;;) {
      this.#endVerified()
      const sender = this.#nextSender(nowMs)
      const item = sender?.inbox.shift()
      if (!sender || !item) return
      // To the end of the line.
      this.#turns.delete(sender)
      if (sender.inbox.length > 0) this.#turns.add(sender)
      this.#begin(sender, item, nowMs)
    }
  }

  /** When somebody may send news again. */
  nextMs(nowMs: number): number {
    if (this.#tickets.size >= MAX_TICKETS) return Infinity
    const times = Array.from(this.#turns, (sender) =>
      this.#isBusy(sender) ? Infinity : this.#readyAtMs(sender, nowMs),
    )
    return Math.min(Infinity, ...times)
  }

  #nextSender(nowMs: number): S | undefined {
    if (this.#tickets.size >= MAX_TICKETS) return undefined
    for (const sender of this.#turns) {
      if (!this.#isBusy(sender) && this.#readyAtMs(sender, nowMs) <= nowMs) return sender
    }
    return undefined
  }

  #isBusy(sender: S): boolean {
    return sender.batches >= MAX_SENDER_TICKETS
  }

  #readyAtMs({ inbox: [item], pace }: S, nowMs: number): number {
    return item?.kind === 'entries' ? pace.entries.readyAtMs(nowMs) : nowMs
  }

  #begin(sender: S, item: Item, nowMs: number): void {
    const { sha256, misbehaved, verify } = this.#host
    const isEmpty = item.kind === 'qdag_digest' || item.batch.length === 0
    const entries = isEmpty ? [] : decodeBatch(item.batch, sha256)
    if (!entries) return misbehaved(sender, 'malformed')
    const arrivals: Arrival[] = []
    const unverified: Arrival[] = []
    for (const entry of entries) {
      const arrival = this.#arrivalOf(entry, sender, unverified)
      if (arrival) arrivals.push(arrival)
    }
    // Whoever answers sends what is not here, or little else.
    const isAnswer = item.kind === 'entries' && item.answer !== undefined
    sender.pace.entries.take(isAnswer ? entries.length - arrivals.length : entries.length, nowMs)
    const load = { sender, item, arrivals, isVerified: unverified.length === 0 }
    sender.batches++
    this.#line.push(load)
    if (load.isVerified) return
    this.#tickets.set(verify(unverified.map(({ entry }) => entry)), { load, arrivals: unverified })
  }

  /** What has to become of an entry; nothing for one that is here. */
  #arrivalOf(entry: Entry, sender: S, unverified: Arrival[]): Arrival | undefined {
    const { ledger, underway, has } = this.#host
    if (ledger.indexOf(entry.id) >= 0) {
      has(sender, entry.id)
      return undefined
    }
    const earlier = underway.find(entry.id)
    if (earlier?.isHeld && ledger.knows(entry.id)) {
      earlier.sources.add(sender)
      return undefined
    }
    // The id does not cover the signature: another one has to be verified, too.
    if (earlier && !earlier.isHeld && compareBytes(earlier.entry.signature, entry.signature) === 0) {
      earlier.sources.add(sender)
      return earlier
    }
    const arrival = underway.begin(entry, sender)
    unverified.push(arrival)
    return arrival
  }

  #endVerified(): void {
    for (let first = this.#line[0]; first?.isVerified; first = this.#line[0]) {
      this.#line.shift()
      this.#end(first)
    }
  }

  #end({ sender, item, arrivals }: Load<S>): void {
    const { ledger, underway, waits, grown, dealtWith, misbehaved } = this.#host
    sender.batches--
    const solid: Entry[] = []
    const confirmed: number[] = []
    const forked: number[] = []
    let fault: Misbehaviour | undefined
    for (const arrival of arrivals) {
      if (!arrival.isGenuine) fault ??= 'invalid-signature'
      const verdict = fault ? undefined : ledger.add(arrival.entry, sender.id, this.#host.correctedWallMs)
      if (verdict?.kind === 'rejected') fault = 'invalid-entry'
      if (verdict?.kind === 'added') {
        solid.push(...verdict.solid)
        confirmed.push(...verdict.confirmed)
        forked.push(...verdict.forked)
      }
      arrival.isHeld = verdict?.kind === 'orphan' || verdict?.kind === 'parked'
      if (arrival.isHeld) waits(sender, arrival.entry, verdict?.kind === 'orphan' ? verdict.missing : [])
      // What is solid is ended when it is told to others.
      if (!arrival.isHeld && verdict?.kind !== 'added') underway.drop(arrival)
    }
    if (solid.length > 0) grown(sender, { solid, confirmed, forked }, item)
    if (fault) misbehaved(sender, fault)
    else dealtWith(sender, item, solid.length)
  }
}
