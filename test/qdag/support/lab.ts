/**
 * Replicas in memory: links that keep order, verifiers and logs that answer when it is their turn, and a clock that stands
 * still until nothing else is left to do. Whose turn it is, is left to chance or goes in order.
 */
import { sha256 } from '../../../client/node/ledger/sha256.ts'
import type { SyncState } from '../../../client/qdag/api.ts'
import type { Entry, EntryBody } from '../../../client/qdag/entry.ts'
import { Ledger, type LedgerOptions } from '../../../client/qdag/ledger.ts'
import {
  Replica,
  type Misbehaviour,
  type ReplicaOptions,
  type ReplicaOutput,
  type Time,
} from '../../../client/qdag/replica.ts'
import { decodeMessage, type Kind } from '../../../client/qdag/sync/messages.ts'
import type { Bytes } from '../../../protocol/bytes.ts'
import { Random } from '../../sim/random.ts'
import { Contributor, isGenuine, NETWORK_ID, START_MS } from './growing.ts'

type Task = () => void

export interface LabOptions {
  readonly seed?: number
  /** Whoever has something to do is drawn; otherwise everything goes in the order in which it came up. */
  readonly isShuffled?: boolean
  /** Instead of the real parts. */
  readonly makeLedger?: (options: LedgerOptions) => Ledger
  readonly makeReplica?: (ledger: Ledger, output: ReplicaOutput, options: ReplicaOptions) => Replica
}

export class Lab {
  readonly random: Random
  readonly nodes: LabNode[] = []
  readonly links = new Set<LabLink>()
  readonly options: LabOptions
  nowMs = 0
  /** What waits, each queue in its order. */
  readonly #queues = new Set<Task[]>()

  constructor(options: LabOptions = {}) {
    this.options = options
    this.random = new Random(options.seed ?? 1)
  }

  node(name: string, options: NodeOptions = {}): LabNode {
    const node = new LabNode(this, name, options)
    this.nodes.push(node)
    return node
  }

  link(one: LabEnd, other: LabEnd): LabLink {
    const link = new LabLink(this, one, other)
    this.links.add(link)
    link.open()
    return link
  }

  /** A queue whose tasks are done in order, one now and then. */
  queue(): Task[] {
    const queue: Task[] = []
    this.#queues.add(queue)
    return queue
  }

  drop(queue: Task[]): void {
    this.#queues.delete(queue)
  }

  /** Does what there is to do, and lets this much time pass. */
  run(ms = 0): void {
    const untilMs = this.nowMs + ms
    for (;;) {
      while (this.step());
      const atMs = Math.min(...this.nodes.map(({ wakeAtMs }) => wakeAtMs))
      if (atMs > untilMs) break
      this.nowMs = Math.max(this.nowMs, atMs)
      for (const node of this.nodes) if (node.wakeAtMs <= this.nowMs) node.tick()
    }
    this.nowMs = untilMs
  }

  /** Does one thing; false when there is none. */
  step(): boolean {
    const waiting = [...this.#queues].filter((queue) => queue.length > 0)
    for (const node of this.nodes) if (node.wakeAtMs <= this.nowMs) waiting.push([() => node.tick()])
    const [first] = waiting
    const chosen = this.options.isShuffled && first ? this.random.pick(waiting) : first
    chosen?.shift()?.()
    return chosen !== undefined
  }
}

/** Whoever is at one end of a link: a replica, or somebody who plays one. */
export interface LabEnd {
  readonly name: string
  up(peer: string, send: (bytes: Bytes) => void): void
  down(peer: string): void
  message(peer: string, bytes: Bytes): void
  sent(peer: string): void
}

export interface Sent {
  readonly atMs: number
  readonly from: string
  readonly kind: Kind | undefined
  readonly bytes: Bytes
}

export class LabLink {
  readonly #lab: Lab
  readonly #ends: readonly [LabEnd, LabEnd]
  #queues: Task[][] = []
  isOpen = false
  /** All that was ever sent. */
  readonly sent: Sent[] = []

  constructor(lab: Lab, one: LabEnd, other: LabEnd) {
    this.#lab = lab
    this.#ends = [one, other]
  }

  open(): void {
    const [one, other] = this.#ends
    this.isOpen = true
    this.#queues = [this.#lab.queue(), this.#lab.queue()]
    this.#begin(one, other, this.#queues[0] ?? [])
    this.#begin(other, one, this.#queues[1] ?? [])
  }

  /** What is under way is lost. */
  cut(): void {
    if (!this.isOpen) return
    this.isOpen = false
    for (const queue of this.#queues) this.#lab.drop(queue)
    const [one, other] = this.#ends
    one.down(other.name)
    other.down(one.name)
  }

  bytesOf(...kinds: readonly Kind[]): number {
    return this.sent.reduce((sum, { kind, bytes }) => sum + (kind && kinds.includes(kind) ? bytes.length : 0), 0)
  }
  /** Everything besides messages with entries. */
  get metadataBytes(): number {
    const allBytes = this.sent.reduce((sum, { bytes }) => sum + bytes.length, 0)
    return allBytes - this.bytesOf('qdag_sync_response', 'qdag_entries')
  }

  #begin(from: LabEnd, to: LabEnd, queue: Task[]): void {
    from.up(to.name, (bytes) => {
      this.sent.push({ atMs: this.#lab.nowMs, from: from.name, kind: decodeMessage(bytes)?.kind, bytes })
      queue.push(() => {
        from.sent(to.name)
        to.message(from.name, bytes)
      })
    })
  }
}

export interface NodeOptions {
  readonly clockOffsetMs?: number
}

export class LabNode implements LabEnd, ReplicaOutput {
  readonly name: string
  readonly ledger: Ledger
  readonly replica: Replica
  readonly log: Entry[] = []
  readonly misbehaviours: { readonly peer: string; readonly reason: Misbehaviour }[] = []
  readonly states: { readonly peer: string; readonly state: SyncState }[] = []
  wakeAtMs = Infinity
  verifiedEntries = 0
  readonly #lab: Lab
  readonly #contributor: Contributor
  readonly #sends = new Map<string, (bytes: Bytes) => void>()
  readonly #verifier: Task[]
  readonly #reader: Task[]
  readonly #turns: Task[]
  #isBusy = false
  clockOffsetMs: number

  constructor(lab: Lab, name: string, { clockOffsetMs = 0 }: NodeOptions) {
    this.#lab = lab
    this.name = name
    this.clockOffsetMs = clockOffsetMs
    this.#contributor = new Contributor(name)
    this.#verifier = lab.queue()
    this.#reader = lab.queue()
    this.#turns = lab.queue()
    const {
      makeLedger = (options) => new Ledger(options),
      makeReplica = (ledger, output, options) => new Replica(ledger, output, options),
    } = lab.options
    const random = () => lab.random.fraction()
    this.ledger = makeLedger({ networkId: NETWORK_ID, sha256 })
    this.replica = makeReplica(this.ledger, this, { networkId: NETWORK_ID, sha256, random })
  }

  get time(): Time {
    return { nowMs: this.#lab.nowMs, wallMs: START_MS + this.#lab.nowMs + this.clockOffsetMs }
  }

  /** Has these, as if from its log. */
  load(entries: readonly Entry[]): this {
    for (const entry of entries) {
      const verdict = this.ledger.add(entry, '', entry.tsMs)
      if (verdict.kind !== 'added') throw new Error(`an entry that was to be loaded is ${JSON.stringify(verdict)}`)
      this.log.push(...verdict.solid)
    }
    return this
  }

  /** Makes an entry of its own on what it has. */
  contribute(body: Partial<EntryBody> = {}): Entry {
    const { random } = this.#lab
    const tips = this.ledger.tips()
    const drawn = [0, 1].map(() => this.log[tips[random.below(tips.length + 1)] ?? -1])
    const entry = this.#contributor.write(
      drawn.filter((tip) => tip !== undefined),
      body,
    )
    this.own(entry)
    return entry
  }

  own(entry: Entry): void {
    this.#event(() => this.replica.own(entry, this.time))
  }

  tick(): void {
    this.wakeAtMs = Infinity
    this.#event(() => this.replica.tick(this.time))
  }

  // ---- a link's end ------------------------------------------------------------------------------------------------

  up(peer: string, send: (bytes: Bytes) => void): void {
    this.#sends.set(peer, send)
    this.#event(() => this.replica.peerUp(peer, this.time))
  }
  down(peer: string): void {
    this.#sends.delete(peer)
    this.#event(() => this.replica.peerDown(peer, this.time))
  }
  message(peer: string, bytes: Bytes): void {
    this.#event(() => this.replica.message(peer, bytes, this.time))
  }
  sent(peer: string): void {
    this.#event(() => this.replica.sent(peer, this.time))
  }

  // ---- what the replica asks for -----------------------------------------------------------------------------------

  send(peer: string, bytes: Bytes): void {
    this.#sends.get(peer)?.(bytes)
  }
  verify(ticket: number, entries: readonly Entry[]): void {
    this.verifiedEntries += entries.length
    this.#verifier.push(() => this.#event(() => this.replica.verified(ticket, entries.map(isGenuine), this.time)))
  }
  read(ticket: number, indexes: readonly number[]): void {
    const entries = indexes.map((index) => this.log[index]).filter((entry) => entry !== undefined)
    this.#reader.push(() => this.#event(() => this.replica.readDone(ticket, entries, this.time)))
  }
  batchEnd(): number {
    return Infinity
  }
  solid(entries: readonly Entry[], firstIndex: number): void {
    if (firstIndex !== this.log.length)
      throw new Error(`entries from ${firstIndex}, and the log has ${this.log.length}`)
    this.log.push(...entries)
  }
  misbehaved(peer: string, reason: Misbehaviour): void {
    this.misbehaviours.push({ peer, reason })
  }
  sync(peer: string, state: SyncState): void {
    this.states.push({ peer, state })
  }
  giveWay(): void {
    this.#turns.push(() => this.#event(() => this.replica.goOn(this.time)))
  }
  wake(atMs: number): void {
    this.wakeAtMs = Math.min(this.wakeAtMs, atMs)
  }

  #event(act: () => unknown): void {
    if (this.#isBusy) throw new Error('the replica was called while it was at work')
    this.#isBusy = true
    act()
    this.#isBusy = false
  }
}
