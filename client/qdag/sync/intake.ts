/**
 * From a message with entries to the ledger. Peers take turns; few batches are verified at a time, and none is even decoded
 * before its turn, so that what a peer sends costs no more than the window it was given. Batches end in the order in which
 * they began, whoever sent them: what an entry builds on may be in another's. A batch is decoded and taken in by parts, so
 * that a page goes on moving.
 */
import { compareBytes, type Bytes } from '../../../protocol/bytes.ts'
import type { Sha256 } from '../api.ts'
import { BatchDecoder } from '../batch.ts'
import type { Entry } from '../entry.ts'
import type { Growth, Ledger, Verdict } from '../ledger.ts'
import type { Misbehaviour } from './misbehaviour.ts'
import type { Pace } from './pace.ts'
import type { Arrival, Underway } from './underway.ts'

/** Enough for every core of a small machine; each is up to a thousand entries, and a megabyte. */
const MAX_TICKETS = 4
const MAX_SENDER_TICKETS = 2
/** Decoded, or taken in, in one turn: some two milliseconds in a browser on a desktop, and ten on a slow phone. */
const TURN_ENTRIES = 256

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
  /** How many entries are worked on in one turn. */
  readonly turnEntries?: number | undefined
  /** The clock on the wall, as far as peers are right. */
  readonly correctedWallMs: number
  /** Verifies entries; gives the ticket that `verified` is called with. */
  readonly verify: (entries: readonly Entry[]) => number
  readonly misbehaved: (sender: S, reason: Misbehaviour) => void
  /** The ledger keeps this entry of the sender's until it can be part of it; these are not here that it builds on. */
  readonly waits: (sender: S, entry: Entry, missing: readonly Bytes[]) => void
  /** The sender has this entry, and so has the ledger. */
  readonly has: (sender: S, id: Bytes) => void
  /** Some of an item's entries, of which there were `count` to take in, have become part of the ledger. */
  readonly grown: (sender: S, growth: Growth, item: Item, count: number) => void
  /** All of it has been dealt with. So many entries were new. */
  readonly dealtWith: (sender: S, item: Item, fresh: number) => void
}

interface Load<S extends Sender> {
  readonly sender: S
  readonly item: Item
  readonly arrivals: readonly Arrival[]
  isVerified: boolean
  /** Arrivals before this one have been dealt with. */
  at: number
  /** How many entries have become part of the ledger by that. */
  fresh: number
  /** What was wrong with one of them; those behind it are dropped. */
  fault: Misbehaviour | undefined
}

/** What several entries have brought. */
class Sum {
  readonly solid: Entry[] = []
  readonly confirmed: number[] = []
  readonly forked: number[] = []
  readonly rejected: { readonly entry: Entry; readonly from: string }[] = []

  /** Not by spreading: what waited for an entry may be very many. */
  add({ solid, confirmed, forked, rejected }: Growth): void {
    for (const entry of solid) this.solid.push(entry)
    for (const index of confirmed) this.confirmed.push(index)
    for (const index of forked) this.forked.push(index)
    for (const one of rejected) this.rejected.push(one)
  }
}

/** A batch that is being decoded. */
interface Opened<S extends Sender> {
  readonly sender: S
  readonly item: Item
  readonly decoder: BatchDecoder
}

export class Intake<S extends Sender> {
  readonly #host: IntakeHost<S>
  /** Who has something in the inbox, by whose turn it is. */
  readonly #turns = new Set<S>()
  /** In the order in which they began. */
  readonly #line: Load<S>[] = []
  readonly #tickets = new Map<number, { readonly load: Load<S>; readonly arrivals: readonly Arrival[] }>()
  #opened: Opened<S> | undefined
  /** How many entries may yet be worked on in this turn. */
  #left = 0

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
    if (this.#opened?.sender === sender) this.#opened = undefined
  }

  /** The verifier has answered. */
  verified(ticket: number, results: readonly boolean[]): void {
    const verified = this.#tickets.get(ticket)
    if (!verified) return
    this.#tickets.delete(ticket)
    verified.arrivals.forEach((arrival, i) => (arrival.isGenuine = results[i] === true))
    verified.load.isVerified = true
  }

  /** Ends what can end, and begins what may begin. True when it stopped because this has been enough for one turn. */
  pump(nowMs: number): boolean {
    this.#left = this.#host.turnEntries ?? TURN_ENTRIES
    for (;;) {
      this.#endVerified()
      if (this.#left <= 0) return true
      if (!this.#opened && !this.#openNext(nowMs)) return false
      this.#decode(nowMs)
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

  /** Opens what is next; false when that has to wait. */
  #openNext(nowMs: number): boolean {
    const sender = this.#nextSender(nowMs)
    const item = sender?.inbox.shift()
    if (!sender || !item) return false
    // To the end of the line.
    this.#turns.delete(sender)
    if (sender.inbox.length > 0) this.#turns.add(sender)
    if (item.kind === 'qdag_digest' || item.batch.length === 0) {
      this.#begin(sender, item, [], nowMs)
      return true
    }
    const decoder = BatchDecoder.begin(item.batch, this.#host.sha256)
    if (decoder) this.#opened = { sender, item, decoder }
    else this.#host.misbehaved(sender, 'malformed')
    return true
  }

  /** Goes on with the batch that is open, if there is one. */
  #decode(nowMs: number): void {
    const opened = this.#opened
    if (!opened) return
    const { sender, item, decoder } = opened
    const before = decoder.entries.length
    const isFit = decoder.take(this.#left)
    this.#left -= decoder.entries.length - before
    if (isFit && !decoder.isDone) return
    this.#opened = undefined
    if (isFit) this.#begin(sender, item, decoder.entries, nowMs)
    else this.#host.misbehaved(sender, 'malformed')
  }

  #begin(sender: S, item: Item, entries: readonly Entry[], nowMs: number): void {
    const arrivals: Arrival[] = []
    const unverified: Arrival[] = []
    for (const entry of entries) {
      const arrival = this.#arrivalOf(entry, sender, unverified)
      if (arrival) arrivals.push(arrival)
    }
    // Whoever answers sends what is not here, or little else.
    const isAnswer = item.kind === 'entries' && item.answer !== undefined
    sender.pace.entries.take(isAnswer ? entries.length - arrivals.length : entries.length, nowMs)
    const isVerified = unverified.length === 0
    const load: Load<S> = { sender, item, arrivals, isVerified, at: 0, fresh: 0, fault: undefined }
    sender.batches++
    this.#line.push(load)
    if (isVerified) return
    this.#tickets.set(this.#host.verify(unverified.map(({ entry }) => entry)), { load, arrivals: unverified })
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
    for (let first = this.#line[0]; first?.isVerified && this.#left > 0; first = this.#line[0]) {
      this.#takeIn(first)
      if (first.at < first.arrivals.length) return
      this.#line.shift()
      this.#end(first)
    }
  }

  /** As many of its arrivals as there is time for in this turn. */
  #takeIn(load: Load<S>): void {
    const { sender, item, arrivals } = load
    const part = arrivals.slice(load.at, load.at + this.#left)
    load.at += part.length
    this.#left -= part.length
    const growth = new Sum()
    for (const arrival of part) {
      const verdict = this.#verdictOn(arrival, load)
      if (verdict?.kind !== 'added') continue
      growth.add(verdict)
    }
    load.fresh += growth.solid.length
    if (growth.solid.length > 0) this.#host.grown(sender, growth, item, arrivals.length)
  }

  #verdictOn(arrival: Arrival, load: Load<S>): Verdict | undefined {
    const { ledger, underway, waits, correctedWallMs } = this.#host
    const { sender } = load
    if (!arrival.isGenuine) load.fault ??= 'invalid-signature'
    const verdict = load.fault ? undefined : ledger.add(arrival.entry, sender.id, correctedWallMs)
    if (verdict?.kind === 'rejected') load.fault = 'invalid-entry'
    arrival.isHeld = verdict?.kind === 'orphan' || verdict?.kind === 'parked'
    if (arrival.isHeld) waits(sender, arrival.entry, verdict?.kind === 'orphan' ? verdict.missing : [])
    // What is solid is ended when it is told to others.
    if (!arrival.isHeld && verdict?.kind !== 'added') underway.drop(arrival)
    return verdict
  }

  #end({ sender, item, fresh, fault }: Load<S>): void {
    sender.batches--
    if (fault) this.#host.misbehaved(sender, fault)
    else this.#host.dealtWith(sender, item, fresh)
  }
}
