/**
 * The shell around the replica: it has the clock, the timer, the verifier and the log, and knows nothing of networks. What
 * the replica asks for is done here, one thing after the other, and what comes of it goes back in as an event.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { nowMs } from '../clock.ts'
import { EdgeNetError } from '../errors.ts'
import type { Identity } from '../identity/identity.ts'
import { Timers, type Timer } from '../timers.ts'
import type { LedgerGossip, Sha256, SyncState } from './api.ts'
import { ENTRIES_TOPIC, EntryGossip } from './entry-gossip.ts'
import type { Entry } from './entry.ts'
import { areGenuine } from './genuine.ts'
import { Ledger, type Verdict } from './ledger.ts'
import { EntryLog } from './log.ts'
import { OwnEntries } from './own-entries.ts'
import { Replica, type FromLog, type Misbehaviour, type ReplicaOutput, type Time } from './replica.ts'
import { othersHadTheirTurn } from './others-turn.ts'
import { storeFailed } from './store-failure.ts'
import type { LedgerStore } from './store.ts'
import type { LedgerTerms } from './terms.ts'
import type { Verifier } from './verifier.ts'

export interface ShellOptions {
  readonly networkId: Bytes
  /** Without one, nothing can be contributed. */
  readonly identity: Identity | undefined
  readonly store: LedgerStore
  readonly verifier: Verifier
  readonly sha256: Sha256
  readonly terms: LedgerTerms
  /** Asked for its chain when a first entry is written. */
  readonly membership: { readonly chainBytes: Bytes } | undefined
}

export interface ShellEvents {
  /** These have become part of the ledger, with the indexes from `firstIndex` on. */
  solid(entries: readonly Entry[], firstIndex: number, confirmed: readonly number[], forked: readonly number[]): void
  sync(peer: string, state: SyncState): void
  failed(error: EdgeNetError): void
}

/** Takes a message to a peer. Resolves when the link has taken it over. */
export type Carry = (peer: string, bytes: Bytes) => Promise<unknown>

const NOBODY: Carry = () => Promise.reject(new Error('the ledger is not attached to a network'))
const IN_THE_STORE = ''

export class LedgerShell {
  readonly ledger: Ledger
  readonly replica: Replica
  readonly log: EntryLog
  readonly own: OwnEntries | undefined
  readonly #options: ShellOptions
  readonly #events: ShellEvents
  readonly #timers = new Timers()
  /** Who is there, each with a mark of its own: what was sent to an earlier link counts for that one only. */
  readonly #links = new Map<string, symbol>()
  #carry: Carry = NOBODY
  #reach: LedgerGossip | undefined
  #gossip: EntryGossip | undefined
  #stopTaking: (() => void) | undefined
  #timer: Timer | undefined
  #timerAtMs = Infinity
  #isClosed = false

  constructor(options: ShellOptions, events: ShellEvents) {
    const { networkId, identity, store, sha256, terms } = options
    const { confirmations, minGapMs } = terms
    this.#options = options
    this.#events = events
    this.ledger = new Ledger({
      networkId,
      sha256,
      salt: Math.floor(random() * Number.MAX_SAFE_INTEGER),
      ...(confirmations !== undefined && { confirmations }),
      ...(minGapMs !== undefined && { minGapMs }),
    })
    this.replica = new Replica(this.ledger, this.#output(), {
      networkId,
      sha256,
      random,
      hears: (peer) => this.#reach?.reaches(peer as PeerId) ?? false,
    })
    this.log = new EntryLog({
      store,
      sha256,
      indexOf: (id) => this.ledger.indexOf(id),
      found: (entries) => this.#found(entries),
      after: (delayMs, act) => this.#timers.after(delayMs, act),
      onError: (error) => this.#events.failed(error),
    })
    this.own =
      identity &&
      new OwnEntries({
        store,
        contributor: identity.publicKey,
        sha256,
        isSolid: (id) => this.ledger.indexOf(id) >= 0,
        isStored: (id) => isWithin(this.ledger.indexOf(id), this.log.storedLength),
        adopt: (entries) => this.#found(entries),
        sleep: (ms) => new Promise((resolve) => this.#timers.after(ms, () => resolve(undefined))),
      })
  }

  /** Reads what is kept. Called once, before anything else. */
  async load(): Promise<void> {
    const { damagedSegments, lostEntries } = await this.log.load((entries) => this.#loaded(entries))
    await this.own?.load()
    this.resume()
    if (damagedSegments === 0) return
    const message = `${damagedSegments} segments of the kept ledger were damaged; ${lostEntries} entries or more are lost here.`
    this.#events.failed(storeFailed('damaged', message))
  }

  /** Takes over the writing of the store. Nobody waits for it: another tab may keep the store for hours. */
  resume(): void {
    if (!this.#isClosed) this.log.keep().catch((error: unknown) => this.#failed(error))
  }

  /** Says what waits to be said. */
  flush(): void {
    this.#gossip?.flush()
  }

  suspend(): void {
    this.flush()
    if (!this.#isClosed) this.log.suspend().catch((error: unknown) => this.#failed(error))
  }

  /** The clock as it is, and the wall clock as far as peers agree with it. */
  get wallMs(): number {
    return Date.now() + this.replica.clockOffsetMs
  }

  /** Takes entries whose signatures hold: imported ones. */
  take(entry: Entry): Verdict {
    return this.replica.own(entry, time())
  }

  // ---- peers -------------------------------------------------------------------------------------------------------

  /** From now on messages go this way, and own entries go to everybody by gossip, if there is any. */
  connect(carry: Carry, reach: LedgerGossip | undefined): void {
    this.#carry = carry
    this.#reach = reach
    if (!reach) return
    const gossip = new EntryGossip({
      gossip: reach,
      sha256: this.#options.sha256,
      ledger: this.ledger,
      nowMs,
      after: (delayMs, act) => this.#timers.after(delayMs, act),
      areGenuine: (entries) => this.#areGenuine(entries),
      mayBring: (peer, count) => this.replica.mayBring(peer, count, time()),
      take: (entry, bringer) => this.replica.gossiped(entry, bringer, time()),
      isUnsaid: (id) => this.replica.isUnsaid(id, time()),
      said: (id) => this.replica.said(id),
    })
    this.#gossip = gossip
    this.#stopTaking = reach.take(ENTRIES_TOPIC, (payload, from) => gossip.judge(payload, from))
  }

  /** Says an own entry, which is kept safely, to everybody. */
  say(entry: Entry): void {
    this.#gossip?.say(entry)
  }

  peerUp(peer: string): void {
    if (this.#isClosed || this.#links.has(peer)) return
    this.#links.set(peer, Symbol(peer))
    this.replica.peerUp(peer, time())
  }

  peerDown(peer: string): void {
    if (!this.#links.delete(peer)) return
    this.replica.peerDown(peer, time())
  }

  message(peer: string, bytes: Bytes): void {
    if (!this.#isClosed && this.#links.has(peer)) this.replica.message(peer, bytes, time())
  }

  /** Ends all syncs and writes out what is not kept yet. Never rejects. */
  async close(): Promise<void> {
    this.#gossip?.close()
    // Others need what neighbours say, and neighbours blame whoever swallows it.
    this.#stopTaking?.()
    for (const peer of this.#links.keys()) this.peerDown(peer)
    await this.log.close().catch((error: unknown) => this.#failed(error))
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#timers.clear()
    this.#options.verifier.close()
    await this.#options.store.close()
  }

  // ---- what the replica asks for -----------------------------------------------------------------------------------

  #output(): ReplicaOutput {
    return {
      send: (peer, bytes) => void this.#send(peer, bytes),
      verify: (ticket, entries) => void this.#verify(ticket, entries),
      read: (ticket, indexes, maxBatchBytes) => void this.#read(ticket, indexes, maxBatchBytes),
      batchEnd: (index) => this.log.batchEnd(index),
      solid: (entries, firstIndex, confirmed, forked) => {
        this.log.append(entries)
        this.#later(() => {
          this.own?.seen(entries).catch((error: unknown) => this.#failed(error))
          this.#events.solid(entries, firstIndex, confirmed, forked)
        })
      },
      misbehaved: (peer, reason) => this.#later(() => this.#misbehaved(peer, reason)),
      sync: (peer, state) =>
        this.#later(() => {
          // What an own entry builds on may have come by now.
          if (state === 'live') this.own?.settle()
          this.#events.sync(peer, state)
        }),
      giveWay: () => void this.#giveWay(),
      wake: (atMs) => this.#wake(atMs),
    }
  }

  /** Whoever is told may do anything, and the replica is not to be called before it has returned. */
  #later(act: () => void): void {
    queueMicrotask(() => {
      if (!this.#isClosed) act()
    })
  }

  async #send(peer: string, bytes: Bytes): Promise<void> {
    const link = this.#links.get(peer)
    try {
      await this.#carry(peer, bytes)
    } catch {
      // The link is over: whoever says so to us ends the sync with this peer.
      return
    }
    if (!this.#isClosed && this.#links.get(peer) === link) this.replica.sent(peer, time())
  }

  async #verify(ticket: number, entries: readonly Entry[]): Promise<void> {
    const genuine = await this.#areGenuine(entries)
    if (!this.#isClosed) this.replica.verified(ticket, genuine, time())
  }

  #areGenuine(entries: readonly Entry[]): Promise<boolean[]> {
    const { networkId, verifier, terms } = this.#options
    return areGenuine(entries, { networkId, verifier, members: terms.members })
  }

  async #read(ticket: number, indexes: readonly number[], maxBatchBytes: number): Promise<void> {
    let read: FromLog = []
    try {
      read = await this.log.readAll(indexes, maxBatchBytes)
    } catch (error) {
      this.#failed(error)
    }
    if (!this.#isClosed) this.replica.readDone(ticket, read, time())
  }

  #misbehaved(peer: string, reason: Misbehaviour): void {
    const message = `Peer ${peer} sent what no honest peer sends to a ledger (${reason}).`
    const hint =
      'It was dropped, and its ledger is not listened to for a while; messages go on. Its client is faulty or hostile.'
    this.#events.failed(new EdgeNetError('peer-misbehaved', reason, message, hint))
  }

  async #giveWay(): Promise<void> {
    await othersHadTheirTurn()
    if (!this.#isClosed) this.replica.goOn(time())
  }

  #wake(atMs: number): void {
    if (this.#isClosed || atMs >= this.#timerAtMs) return
    clearTimeout(this.#timer)
    this.#timerAtMs = atMs
    const tick = () => {
      // A later call may have set another one.
      if (this.#isClosed || this.#timerAtMs !== atMs) return
      this.#timerAtMs = Infinity
      this.replica.tick(time())
    }
    const delayMs = atMs - nowMs()
    if (delayMs <= 0) queueMicrotask(tick)
    else this.#timer = setTimeout(tick, delayMs)
  }

  // ---- what is kept ------------------------------------------------------------------------------------------------

  /** Returns how many of them the ledger took: it takes them all, unless what is kept is damaged. */
  #loaded(entries: readonly Entry[]): number {
    const refused = entries.findIndex((entry) => {
      const verdict = this.ledger.add(entry, IN_THE_STORE, Math.max(Date.now(), entry.tsMs))
      return verdict.kind !== 'added'
    })
    return refused < 0 ? entries.length : refused
  }

  /** Own entries, and what another client of the same store has written: checked before they were kept. */
  #found(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (this.ledger.knows(entry.id)) continue
      const { nowMs: atMs, wallMs } = time()
      // Whoever has written it says it to everybody.
      this.replica.own(entry, { nowMs: atMs, wallMs: Math.max(wallMs, entry.tsMs) }, true)
    }
  }

  #failed(error: unknown): void {
    if (this.#isClosed) return
    const known = error instanceof EdgeNetError
    this.#events.failed(known ? error : storeFailed('failed', 'The ledger could not be read or written.', error))
  }
}

function isWithin(index: number, length: number): boolean {
  return index >= 0 && index < length
}

function time(): Time {
  return { nowMs: nowMs(), wallMs: Date.now() }
}

/** At least 0, below 1, and not to be foreseen. */
export function random(): number {
  const [value = 0] = crypto.getRandomValues(new Uint32Array(1))
  return value / 2 ** 32
}
