/**
 * One running client of a device: the real replica, ledger, log and own entries in a shell as thin as the real one. It ends
 * in a crash or a goodbye, and the device's next session begins with what the disk has kept.
 */
import type { SyncState } from '../../../client/qdag/api.ts'
import type { EntryGossip } from '../../../client/qdag/entry-gossip.ts'
import type { Entry } from '../../../client/qdag/entry.ts'
import type { Ledger, Verdict } from '../../../client/qdag/ledger.ts'
import type { FromLog, Misbehaviour, Replica, ReplicaOutput, Time } from '../../../client/qdag/replica.ts'
import type { Bytes } from '../../../protocol/bytes.ts'
import type { Agenda } from '../../sim/agenda.ts'
import { EventLoop, type Ticking } from '../../sim/event-loop.ts'
import { Random } from '../../sim/random.ts'
import { Author } from './author.ts'
import type { LinkEnd, Owner } from './connection.ts'
import { sha256 } from './crypto.ts'
import type { Device } from './device.ts'
import type { Vault } from './vault.ts'
import { Verifier } from './verifier.ts'
import type { Whisper } from './whispers.ts'

/** How many entries are worked on at once: histories have few, and would never be interrupted otherwise. */
const TURNS = [1, 3, 16, 256]

export class Session implements Owner, ReplicaOutput, Ticking {
  readonly name: string
  readonly device: Device
  readonly ledger: Ledger
  readonly replica: Replica
  readonly gossip: EntryGossip | undefined
  readonly author: Author
  readonly vault: Vault
  readonly verifier: Verifier
  readonly loop: EventLoop
  readonly random: Random
  /** By the names by which it knows its peers. */
  readonly links = new Map<string, LinkEnd>()
  isOver = false
  #wakeAtMs = Infinity
  /** The replica is at work: nothing may call it now. */
  #isBusy = false

  constructor(device: Device, name: string) {
    const { world, traits } = device
    const { parts, networkId } = world
    this.device = device
    this.name = name
    this.verifier = new Verifier(world.agenda, networkId, traits.verifier)
    this.random = new Random(world.random.below(2 ** 32))
    this.loop = new EventLoop(world.agenda, this.random, traits.timerGrainMs, this)
    this.ledger = parts.makeLedger({ networkId, sha256, salt: this.random.below(2 ** 32) })
    const random = (): number => this.random.fraction()
    // By no draw, so that a seed stays the same history.
    const turnEntries = TURNS[(networkId[0] ?? 0) % TURNS.length] ?? 1
    const hears = (peer: string): boolean => this.isHearing(peer)
    this.replica = parts.makeReplica(this.ledger, this, { networkId, sha256, random, turnEntries, hears })
    this.gossip = this.#makeGossip()
    this.author = new Author(this)
    world.judge.began(this)
    this.vault = parts.makeVault(this)
  }

  /** The disk has been read: now there is something to tell others. */
  get isReady(): boolean {
    return this.vault.isReady
  }

  get agenda(): Agenda {
    return this.device.world.agenda
  }
  get networkId(): Bytes {
    return this.device.world.networkId
  }
  get time(): Time {
    const { nowMs } = this.agenda
    const { clock } = this.device
    return { nowMs: clock.monotonicMs(nowMs), wallMs: clock.wallMs(nowMs) }
  }
  get correctedWallMs(): number {
    return this.time.wallMs + this.replica.clockOffsetMs
  }

  /** Something happens to the replica, now or when the event loop runs again. */
  event(action: () => void): void {
    if (this.isOver) return
    this.loop.run(() => {
      if (this.isOver) return
      if (this.#isBusy) throw new Error('the replica is called while it is at work')
      this.#isBusy = true
      action()
      this.#isBusy = false
      this.device.world.judge.afterEvent(this)
    })
  }

  later(afterMs: number, action: () => void): void {
    this.agenda.after(afterMs, () => {
      if (!this.isOver) this.loop.run(action)
    })
  }

  begin(): void {
    this.device.world.roads.ready(this)
    this.author.writeNext()
  }

  end(isClean: boolean): void {
    if (isClean) this.gossip?.close()
    this.isOver = true
    this.vault.close(isClean)
    this.device.world.judge.ended(this)
  }

  /** Own entries, and what another session of the same disk has written: whatever the clock says. */
  adopt(entries: readonly Entry[]): void {
    for (const entry of entries) {
      this.event(() => {
        if (this.ledger.knows(entry.id)) return
        const { nowMs, wallMs } = this.time
        this.replica.own(entry, { nowMs, wallMs: Math.max(wallMs, entry.tsMs) }, true)
      })
    }
  }

  /** Entries from a file. */
  take(entries: readonly Entry[]): void {
    for (const entry of entries) this.event(() => this.replica.own(entry, this.time))
  }

  // ---- what is said to everybody -----------------------------------------------------------------------------------

  /** The peer hears what is said to everybody, and so does this one. */
  isHearing(peer: string): boolean {
    const { world, traits } = this.device
    return traits.hasMesh && world.deviceOf(peer)?.traits.hasMesh === true
  }

  hearWhisper(whisper: Whisper, from: string): void {
    this.loop.run(() => {
      if (!this.isOver) this.vault.async(() => this.#judge(whisper, from))
    })
  }

  async #judge(whisper: Whisper, from: string): Promise<void> {
    const { world } = this.device
    const judgement = await this.gossip?.judge(whisper.payload, from)
    if (this.isOver) return
    this.#trace(`${from} passes on ${whisper.payload.length} bytes: ${judgement}`)
    if (judgement === 'accept') world.whispers?.spread(this, whisper)
    if (judgement === 'reject') world.judge.accused(this, from, 'gossip')
  }

  #makeGossip(): EntryGossip | undefined {
    const { world, traits } = this.device
    const { whispers } = world
    if (!whispers || !traits.hasMesh) return undefined
    return world.parts.makeGossip({
      gossip: { publish: (_topic, payload) => whispers.say(this, payload) },
      sha256,
      ledger: this.ledger,
      nowMs: () => this.time.nowMs,
      after: (delayMs, act) => this.later(delayMs, act),
      areGenuine: (entries) =>
        new Promise((resolve) => {
          this.verifier.verify(entries, (results) => this.event(() => this.vault.async(() => resolve(results))))
        }),
      mayBring: (peer, count) => this.replica.mayBring(peer, count, this.time),
      take: (entry, bringer) => this.#take(entry, bringer),
      isUnsaid: (id) => this.replica.isUnsaid(id, this.time),
      said: (id) => this.replica.said(id),
    })
  }

  #take(entry: Entry, bringer: string): Verdict {
    let verdict: Verdict = { kind: 'known' }
    this.event(() => (verdict = this.replica.gossiped(entry, bringer, this.time)))
    return verdict
  }

  // ---- links -------------------------------------------------------------------------------------------------------

  linkUp(end: LinkEnd): void {
    this.event(() => {
      const before = this.links.get(end.peer)
      // A link that has been replaced is over, whether that has been noticed or not.
      if (before) this.#lose(before)
      this.#trace(`${end.peer} up`)
      this.links.set(end.peer, end)
      this.replica.peerUp(end.peer, this.time)
    })
  }

  linkDown(end: LinkEnd): void {
    this.event(() => {
      if (this.links.get(end.peer) === end) this.#lose(end)
    })
  }

  heard(end: LinkEnd, message: Bytes): void {
    this.event(() => {
      if (this.links.get(end.peer) === end && this.device.hears(end, message))
        this.replica.message(end.peer, message, this.time)
    })
  }

  said({ peer }: LinkEnd, message: Bytes): void {
    const { world, isHonest } = this.device
    if (isHonest && this.isHearing(peer)) world.whispers?.pushed(message)
    if (isHonest) world.roads.saidByHonest(message, world.deviceOf(peer)?.isHonest ?? false)
    else world.roads.hostileBytes += message.length
  }

  taken(end: LinkEnd): void {
    this.agenda.after(0, () =>
      this.event(() => {
        if (this.links.get(end.peer) === end) this.replica.sent(end.peer, this.time)
      }),
    )
  }

  // ---- what the replica asks for -----------------------------------------------------------------------------------

  send(peer: string, bytes: Bytes): void {
    this.#trace(`to ${peer}: ${bytes[0]}, ${bytes.length} bytes`)
    const end = this.links.get(peer)
    if (end) this.device.say(end, bytes)
    // It has not heard yet that the link is over.
  }

  verify(ticket: number, entries: readonly Entry[]): void {
    this.verifier.verify(entries, (results) => {
      this.event(() => this.replica.verified(ticket, results, this.time))
    })
  }

  read(ticket: number, indexes: readonly number[], maxBatchBytes: number): void {
    const answer = (read: FromLog): void => this.event(() => this.replica.readDone(ticket, read, this.time))
    this.vault.read(indexes, maxBatchBytes, answer)
  }

  batchEnd(index: number): number {
    return this.vault.log.batchEnd(index)
  }

  solid(entries: readonly Entry[], firstIndex: number): void {
    const { length } = this.vault.log
    if (firstIndex !== length) throw new Error(`entries at ${firstIndex}, though the log ends at ${length}`)
    this.device.world.judge.solid(this, entries)
    this.vault.append(entries)
  }

  misbehaved(peer: string, reason: Misbehaviour): void {
    this.#trace(`${peer} misbehaved: ${reason}`)
    this.device.world.judge.accused(this, peer, reason)
  }

  sync(peer: string, state: SyncState): void {
    this.#trace(`${peer} is ${state}`)
    if (state === 'live') this.vault.settle()
  }

  giveWay(): void {
    this.agenda.after(0, () => this.event(() => this.replica.goOn(this.time)))
  }

  wake(atMs: number): void {
    this.#wakeAtMs = Math.min(this.#wakeAtMs, this.device.clock.simulatedMs(atMs))
  }

  // ---- time --------------------------------------------------------------------------------------------------------

  dueMs(): number {
    return this.isOver ? Infinity : this.#wakeAtMs
  }

  tick(): void {
    this.#wakeAtMs = Infinity
    this.event(() => this.replica.tick(this.time))
  }

  #lose(end: LinkEnd): void {
    this.#trace(`${end.peer} down`)
    this.links.delete(end.peer)
    end.close()
    this.replica.peerDown(end.peer, this.time)
  }

  #trace(line: string): void {
    this.device.world.trace?.(`${this.name}: ${line}`)
  }
}
