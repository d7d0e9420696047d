/**
 * A ledger together with everybody it is shared with: a pure state machine. What peers say, what was verified and read,
 * own entries and the time go in; messages, work for the verifier and for the log, and what has become part of the ledger
 * come out.
 *
 * Invariants: nothing enters the ledger unverified; entries enter parents first; what a peer makes us hold is bounded; two
 * replicas that stay connected, and are quiet for a while, have the same entries.
 */
import type { Bytes } from '../../protocol/bytes.ts'
import type { SyncState } from './api.ts'
import type { Entry } from './entry.ts'
import type { Growth, Ledger, Verdict } from './ledger.ts'
import { ClockOffset } from './sync/clock-offset.ts'
import { Fetch, type FetchHost } from './sync/fetch.ts'
import { Intake, type IntakeHost, type Item } from './sync/intake.ts'
import { MAX_ENTRIES_MESSAGE_BYTES } from './sync/limits.ts'
import { ENTRIES_HEAD_BYTES } from './sync/messages.ts'
import type { Misbehaviour } from './sync/misbehaviour.ts'
import { Muted } from './sync/muted.ts'
import { EVERYBODY, News, type NewsHost } from './sync/news.ts'
import type { FromLog, ReplicaOptions, ReplicaOutput, Time } from './sync/output.ts'
import { SyncPeer, type PeerHost } from './sync/peer.ts'
import { Recent } from './sync/recent.ts'
import { Slots } from './sync/slots.ts'
import { Underway, type Arrival } from './sync/underway.ts'

export type { Misbehaviour } from './sync/misbehaviour.ts'
export type { FromLog, ReplicaOptions, ReplicaOutput, Time } from './sync/output.ts'

/** How often it is looked for entries whose time has come. */
const RIPEN_MS = 1_000
/** How often what is said to everybody may have us compare: what strangers say builds on nothing if they like. */
const LACKS_MUCH_MS = 10_000
/** To whom own entries are attributed while they wait, and those that were said to everybody. No peer is called so. */
const OURSELVES = ''
const GOSSIP = 'gossip'

type PartsHost = PeerHost & IntakeHost<SyncPeer> & FetchHost & NewsHost

export class Replica {
  readonly #ledger: Ledger
  readonly #output: ReplicaOutput
  readonly #host: PartsHost
  readonly #peers = new Map<string, SyncPeer>()
  readonly #muted = new Muted()
  readonly #underway: Underway
  readonly #intake: Intake<SyncPeer>
  readonly #fetch: Fetch
  readonly #slots = new Slots()
  readonly #clock = new ClockOffset()
  readonly #recent = new Recent()
  readonly #news: News
  /** Who waits for what is being read. */
  readonly #reads = new Map<number, SyncPeer>()
  #ticket = 0
  #time: Time = { nowMs: 0, wallMs: 0 }
  #ripenAtMs = Infinity
  /** When it may be compared again because much is missing of what was said to everybody. */
  #lacksMuchAtMs = -Infinity
  /** There is more to do, in a turn that the shell gives. */
  #isGivingWay = false
  /** For when the shell was asked to wake us. */
  #wakeAtMs = Infinity

  constructor(ledger: Ledger, output: ReplicaOutput, options: ReplicaOptions) {
    this.#ledger = ledger
    this.#output = output
    this.#underway = new Underway(ledger, options.networkId)
    this.#host = this.#makeHost(options)
    this.#intake = new Intake(this.#host)
    this.#fetch = new Fetch(this.#host)
    this.#news = new News(this.#host)
  }

  /** What is to be added to the clock on the wall, as far as peers are right: for the times of own entries. */
  get clockOffsetMs(): number {
    return this.#clock.offsetMs
  }

  get syncs(): ReadonlyMap<string, SyncState> {
    return new Map(Array.from(this.#peers.values(), (peer) => [peer.id, peer.state]))
  }

  // ---- events ------------------------------------------------------------------------------------------------------

  /** There is a link to this peer. Afterwards its messages count, in the order in which it sent them. */
  peerUp(id: string, time: Time): void {
    if (this.#peers.has(id)) this.peerDown(id, time)
    this.#begin(time)
    const peer = new SyncPeer(id, this.#host)
    this.#peers.set(id, peer)
    const mutedUntilMs = this.#muted.untilMs(id, time.nowMs)
    if (mutedUntilMs === undefined) peer.session.ask(time.nowMs)
    else peer.mutedUntilMs = mutedUntilMs
    this.#settle(false)
  }

  /** The link is over: everything about it is forgotten. */
  peerDown(id: string, time: Time): void {
    const peer = this.#peers.get(id)
    if (!peer) return
    this.#begin(time)
    this.#silence(peer)
    this.#clock.forget(peer)
    this.#peers.delete(id)
    this.#tellState(peer, 'ended')
    this.#settle(false)
  }

  message(id: string, bytes: Bytes, time: Time): void {
    const peer = this.#peers.get(id)
    if (!peer || peer.isMuted) return
    this.#begin(time)
    peer.receive(bytes)
    this.#settle(false)
  }

  /** The link has taken the oldest message that was sent to this peer and not yet taken. */
  sent(id: string, time: Time): void {
    this.#begin(time)
    this.#peers.get(id)?.sent()
    this.#settle(false)
  }

  verified(ticket: number, results: readonly boolean[], time: Time): void {
    this.#begin(time)
    this.#intake.verified(ticket, results)
    this.#settle(false)
  }

  /** The entries that were asked for, in order; fewer when the log cannot give them. */
  readDone(ticket: number, read: FromLog, time: Time): void {
    const peer = this.#reads.get(ticket)
    if (!peer) return
    this.#begin(time)
    this.#reads.delete(ticket)
    peer.delivery.readDone(read)
    this.#settle(false)
  }

  /**
   * An entry whose signatures the shell vouches for: one's own, which is kept already, or an imported one.
   *
   * @param isSaid it is said to everybody, too
   */
  own(entry: Entry, time: Time, isSaid = false): Verdict {
    return this.#take(entry, OURSELVES, time, isSaid)
  }

  /**
   * An entry that was said to everybody, and whose signatures hold. What waits of these is bounded as what waits of one peer.
   *
   * @param bringer the neighbour that passed it on, and is asked first for what it builds on
   */
  gossiped(entry: Entry, bringer: string, time: Time): Verdict {
    return this.#take(entry, GOSSIP, time, true, bringer)
  }

  /** The entry is part of the ledger, by a peer, and gossip may still bring it. */
  isUnsaid(id: Bytes, { nowMs }: Time): boolean {
    return this.#news.isUnsaid(this.#ledger.indexOf(id), nowMs)
  }

  /** Gossip has brought it now. */
  said(id: Bytes): void {
    this.#news.said(this.#ledger.indexOf(id))
  }

  /**
   * Whether so many entries may be looked at now that nobody asked for and this peer brings; if so, they are counted. One that is
   * not listened to may pass on what others have said: nobody else brings it once it has.
   */
  mayBring(id: string, count: number, { nowMs }: Time): boolean {
    return this.#peers.get(id)?.pace.entries.tryTake(count, nowMs) ?? false
  }

  #take(entry: Entry, from: string, time: Time, isSaid: boolean, bringer?: string): Verdict {
    this.#begin(time)
    const verdict = this.#ledger.add(entry, from, this.#correctedWallMs)
    if (verdict.kind === 'added') {
      if (isSaid) this.#arrived(entry, EVERYBODY)
      this.#grown(verdict)
    }
    if (verdict.kind === 'orphan' || verdict.kind === 'parked') {
      // What had to wait for its time has not been passed on.
      this.#arrived(entry, isSaid && verdict.kind === 'orphan' ? EVERYBODY : this).isHeld = true
      this.#waits(entry, verdict.kind === 'orphan' ? verdict.missing : [], from, bringer)
    }
    this.#settle(false)
    return verdict
  }

  /** Vouched for. A peer may have sent it as well, and its signatures may be under way: whoever has it is remembered. */
  #arrived(entry: Entry, source: object): Arrival {
    const earlier = this.#underway.find(entry.id)
    const arrival = this.#underway.begin(entry, source)
    for (const other of earlier?.sources ?? []) arrival.sources.add(other)
    return arrival
  }

  tick(time: Time): void {
    this.#begin(time)
    const { nowMs } = time
    this.#wakeAtMs = Infinity
    for (const peer of this.#peers.values()) {
      if (!peer.isMuted) peer.session.tick(nowMs)
      else if (nowMs >= peer.mutedUntilMs) this.#unmute(peer)
    }
    if (nowMs >= this.#ripenAtMs) this.#ripen()
    this.#settle(true)
  }

  /** Others had their turn since `giveWay`. */
  goOn(time: Time): void {
    this.#begin(time)
    this.#isGivingWay = false
    this.#settle(false)
  }

  /** What peers said of the time does not hold any more when our own clock was set, or one stood still while we slept. */
  #begin(time: Time): void {
    this.#time = time
    if (this.#clock.hasJumped(time)) for (const { session } of this.#peers.values()) session.askIfQuiet(time.nowMs)
  }

  // ---- who is listened to ------------------------------------------------------------------------------------------

  #misbehaved(peer: SyncPeer, reason: Misbehaviour): void {
    this.#muted.add(peer.id, this.#time.nowMs)
    if (peer.isMuted) return
    // Until it comes again.
    peer.mutedUntilMs = Infinity
    this.#silence(peer)
    this.#output.misbehaved(peer.id, reason)
  }

  #unmute(peer: SyncPeer): void {
    peer.mutedUntilMs = -Infinity
    peer.session.ask(this.#time.nowMs)
  }

  /** Nothing of it counts any more but what is being verified. */
  #silence(peer: SyncPeer): void {
    peer.session.end()
    this.#intake.forget(peer)
    this.#ledger.forget(peer.id)
  }

  // ---- what comes of it --------------------------------------------------------------------------------------------

  /** Entries have become part of the ledger: the shell hears of it first, and then peers. */
  #grown(growth: Growth, from?: SyncPeer, item?: Item, count?: number): void {
    const { solid, confirmed, forked } = growth
    this.#output.solid(solid, this.#ledger.size - solid.length, confirmed, forked)
    for (const { id } of solid) this.#fetch.end(id)
    this.#news.spread(growth, from, item, count)
    this.#refused(growth)
  }

  /** Honest peers send nothing that breaks a rule, whenever that shows. */
  #refused({ rejected }: Growth): void {
    for (const { entry, from } of rejected) {
      this.#underway.end(entry.id)
      const sender = this.#peers.get(from)
      if (sender) this.#misbehaved(sender, 'invalid-entry')
    }
  }

  /** The ledger keeps an entry until it can be part of it. */
  #waits({ id }: Entry, missing: readonly Bytes[], from: string, bringer?: string): void {
    this.#fetch.end(id)
    this.#fetch.begin(missing, from, this.#time.nowMs, bringer)
  }

  #lacksMuch(id: string): void {
    const { nowMs } = this.#time
    if (id !== GOSSIP) return void this.#peers.get(id)?.session.askIfQuiet(nowMs)
    if (nowMs < this.#lacksMuchAtMs) return
    // Anybody may have it.
    const others = this.#host.livePeers()
    const chosen = others[Math.floor(this.#host.random() * others.length)] ?? ''
    if (this.#peers.get(chosen)?.session.askIfQuiet(nowMs)) this.#lacksMuchAtMs = nowMs + LACKS_MUCH_MS
  }

  #ripen(): void {
    const growth = this.#ledger.ripen(this.#correctedWallMs)
    this.#underway.sweep(this.#time.nowMs)
    if (growth.solid.length > 0) this.#grown(growth)
    else this.#refused(growth)
    this.#ripenAtMs = Infinity
  }

  /** Does all that can be done now, and asks to be woken for the rest. */
  #settle(isTurnOver: boolean): void {
    const { nowMs } = this.#time
    if (!this.#isGivingWay && this.#intake.pump(nowMs)) this.#giveWay()
    this.#fetch.tick(nowMs)
    this.#slots.tick(nowMs)
    if (this.#underway.size > 0) this.#ripenAtMs = Math.min(this.#ripenAtMs, nowMs + RIPEN_MS)
    for (const peer of this.#peers.values()) {
      peer.delivery.tick(nowMs)
      peer.delivery.pump(isTurnOver)
      this.#tellState(peer, peer.state)
    }
    this.#wake()
  }

  #giveWay(): void {
    this.#isGivingWay = true
    this.#output.giveWay()
  }

  #tellState(peer: SyncPeer, state: SyncState): void {
    if (peer.toldState === state) return
    peer.toldState = state
    this.#output.sync(peer.id, state)
  }

  #wake(): void {
    const { nowMs } = this.#time
    const intakeMs = this.#isGivingWay ? Infinity : this.#intake.nextMs(nowMs)
    let atMs = Math.min(this.#ripenAtMs, intakeMs, this.#fetch.nextMs(), this.#slots.nextMs())
    for (const { isMuted, mutedUntilMs, session, delivery } of this.#peers.values()) {
      const tellMs = delivery.canTell ? nowMs : delivery.nextMs()
      atMs = Math.min(atMs, isMuted ? mutedUntilMs : session.nextMs(), tellMs)
    }
    if (atMs >= this.#wakeAtMs) return
    this.#wakeAtMs = atMs
    this.#output.wake(atMs)
  }

  /** As far as peers are right. */
  get #correctedWallMs(): number {
    return this.#time.wallMs + this.#clock.offsetMs
  }

  // ---- what the parts ask for --------------------------------------------------------------------------------------

  #makeHost({ networkId, sha256, random, turnEntries, hears = () => false }: ReplicaOptions): PartsHost {
    const time = () => this.#time
    const correctedWallMs = () => this.#correctedWallMs
    return {
      networkId,
      sha256,
      random,
      turnEntries,
      hears,
      ledger: this.#ledger,
      underway: this.#underway,
      slots: this.#slots,
      recent: this.#recent,
      peers: this.#peers,
      get nowMs() {
        return time().nowMs
      },
      get wallMs() {
        return time().wallMs
      },
      get correctedWallMs() {
        return correctedWallMs()
      },
      send: (peer, bytes) => this.#output.send(peer.id, bytes),
      read: (peer, indexes) => this.#recent.read(indexes) ?? this.#read(peer, indexes),
      batchEnd: (index) => this.#output.batchEnd(index),
      encode: (entries) => this.#recent.encode(entries),
      enqueue: (peer, item) => this.#intake.add(peer, item),
      clockSeen: (peer, wallMs) => this.#clock.seen(peer, wallMs - this.#time.wallMs),
      verify: (entries) => this.#verify(entries),
      misbehaved: (peer, reason) => this.#misbehaved(peer, reason),
      waits: (peer, entry, missing) => this.#waits(entry, missing, peer.id),
      has: (peer, id) => peer.delivery.forget(this.#ledger.indexOf(id)),
      grown: (peer, growth, item, count) => this.#grown(growth, peer, item, count),
      dealtWith: (peer, item, fresh) => this.#dealtWith(peer, item, fresh),
      livePeers: () => [...this.#peers.values()].filter(({ state }) => state === 'live').map(({ id }) => id),
      isMissing: (id) => this.#ledger.isMissing(id),
      isUnderway: (id) => this.#underway.find(id) !== undefined,
      fetch: (id, ids) => this.#peers.get(id)?.fetch(ids),
      lacksMuch: (id) => this.#lacksMuch(id),
    }
  }

  #read(peer: SyncPeer, indexes: readonly number[]): undefined {
    const ticket = this.#ticket++
    this.#reads.set(ticket, peer)
    this.#output.read(ticket, indexes, MAX_ENTRIES_MESSAGE_BYTES - ENTRIES_HEAD_BYTES)
  }

  #verify(entries: readonly Entry[]): number {
    const ticket = this.#ticket++
    this.#output.verify(ticket, entries)
    return ticket
  }

  #dealtWith(peer: SyncPeer, item: Item, fresh: number): void {
    if (this.#peers.get(peer.id) === peer && !peer.isMuted) peer.dealtWith(item, fresh)
  }
}
