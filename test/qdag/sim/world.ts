/**
 * Honest devices, hostile ones and the roads between them, all made from one seed: the same seed is the same history, to the
 * last message. It offers what may happen to them; `faults.ts` decides what does.
 */
import type { Ledger, LedgerOptions } from '../../../client/qdag/ledger.ts'
import type { Replica, ReplicaOptions, ReplicaOutput } from '../../../client/qdag/replica.ts'
import type { Bytes } from '../../../protocol/bytes.ts'
import { Agenda } from '../../sim/agenda.ts'
import { Random } from '../../sim/random.ts'
import type { EntryGossip, EntryGossipHost } from '../../../client/qdag/entry-gossip.ts'
import { Application } from './application.ts'
import { Clock } from './clock.ts'
import { bytesOf } from './crypto.ts'
import { Device, type DeviceTraits } from './device.ts'
import type { Disk } from './disk.ts'
import { Judge } from './judge.ts'
import { Roads } from './roads.ts'
import type { Session } from './session.ts'
import type { Vault } from './vault.ts'
import { Whispers } from './whispers.ts'
import { Rogue } from './hostile/rogue.ts'
import type { Vice } from './hostile/vice.ts'
import { slandering } from './hostile/slander.ts'
import { someVices } from './hostile/vices.ts'

/** What a peer is made of: the real parts, or ones that lack something. */
export interface Parts {
  makeLedger(options: LedgerOptions): Ledger
  makeReplica(ledger: Ledger, output: ReplicaOutput, options: ReplicaOptions): Replica
  makeGossip(host: EntryGossipHost): EntryGossip
  makeSession(device: Device, name: string): Session
  makeVault(session: Session): Vault
  makeDisk(random: Random): Disk
}

export interface WorldTraits {
  readonly honest: number
  readonly rogues: number
  /** How many others a device is connected with, about. */
  readonly degree: number
  /** Of having a mesh. */
  readonly meshChance: number
  readonly areClocksRight: boolean
  /** Of all applications together. */
  readonly maxClaims: number
  /** Entries a second that a device makes, at most. */
  readonly pace: number
}

const CROWD = 50
/** With a mesh: many, of whom each is linked to few. */
const MESH_MEMBERS = [16, 25] as const
const MESH_DEGREE = 4
/** In every other network, some clients have none. */
const MESH_CHANCES = [1, 0.8]

export function traitsOf(random: Random): WorldTraits {
  const size = random.fraction()
  const honest = Math.floor(
    size < 0.75 ? random.between(3, 8) : size < 0.96 ? random.between(8, 18) : random.between(18, CROWD + 1),
  )
  return {
    honest,
    rogues: random.chance(0.35) ? 0 : Math.min(1 + random.below(3), Math.ceil(honest / 3)),
    meshChance: 0,
    degree: Math.min(honest - 1, random.pick([2, 3, 4, 8])),
    areClocksRight: random.chance(0.3),
    // What a crowd says grows with its square.
    maxClaims: Math.floor(random.magnitude(60, 1_000) / Math.max(1, honest / 6)),
    pace: random.magnitude(0.5, 25) / honest,
  }
}

/** The same for a network most of whose members have a mesh. */
function meshTraitsOf(random: Random): WorldTraits {
  const traits = traitsOf(random)
  const honest = Math.floor(random.between(...MESH_MEMBERS))
  return {
    ...traits,
    honest,
    rogues: Math.min(2, traits.rogues),
    meshChance: random.pick(MESH_CHANCES),
    degree: MESH_DEGREE,
    maxClaims: Math.floor(random.magnitude(30, 200)),
    pace: random.magnitude(0.5, 10) / honest,
  }
}

export interface WorldOptions {
  readonly parts: Parts
  readonly trace?: ((line: string) => void) | undefined
  /** Most have a mesh, so that what is new is said to everybody. */
  readonly hasMesh?: boolean | undefined
}

export class World {
  readonly agenda = new Agenda()
  /** For how things are, and what devices do. */
  readonly random: Random
  /** For what happens to them: it should hardly depend on what they do. */
  readonly fate: Random
  readonly parts: Parts
  readonly traits: WorldTraits
  readonly networkId: Bytes
  readonly trace: ((line: string) => void) | undefined
  readonly judge: Judge
  readonly roads: Roads
  readonly whispers: Whispers | undefined
  readonly application: Application
  /** The honest ones. */
  readonly devices: Device[] = []
  readonly rogues: Rogue[] = []
  /** Nothing more is added to what there is to agree on. */
  isQuiet = false
  readonly #byName = new Map<string, Device>()
  #deviceCount = 0
  readonly #mends = new Set<() => void>()
  #isStirred = false
  #failure: { readonly error: unknown } | undefined

  constructor(seed: number, { parts, trace, hasMesh = false }: WorldOptions) {
    this.random = new Random(seed)
    this.fate = new Random(this.random.below(2 ** 32))
    this.parts = parts
    this.trace = trace && ((line) => trace(`${(this.agenda.nowMs / 1_000).toFixed(3)} ${line}`))
    this.traits = hasMesh ? meshTraitsOf(this.random) : traitsOf(this.random)
    this.networkId = bytesOf(`network ${seed}`)
    this.judge = new Judge(this.networkId)
    this.roads = new Roads(this.agenda, new Random(this.random.below(2 ** 32)))
    if (hasMesh) this.whispers = new Whispers(this, new Random(this.random.below(2 ** 32)))
    this.application = new Application(this, this.traits.maxClaims)
    for (let i = 0; i < this.traits.honest; i++) this.join()
    for (let i = 0; i < this.traits.rogues; i++) this.#someRogue()
  }

  /** A new honest device comes into the network. */
  join(): Device {
    const { random, devices } = this
    const sibling = random.chance(0.25) && devices.length > 0 ? random.pick(devices) : undefined
    const isTab = sibling !== undefined && random.chance(0.4)
    const device = new Device(`d${this.#deviceCount++}`, this, this.#deviceTraits(), {
      clock: isTab ? sibling.clock : this.#someClock(),
      contributor: sibling?.contributor ?? bytesOf(`contributor ${this.#deviceCount}`),
      disk: isTab ? sibling.disk : this.parts.makeDisk(random),
    })
    this.judge.trust(device.contributor)
    this.#settle(device)
    devices.push(device)
    this.#byName.set(device.name, device)
    device.start()
    this.application.keepContributing(device)
    return device
  }

  addRogue(vices: readonly Vice[], victims: readonly Device[], clock = this.#someClock()): Rogue {
    const { random, roads, parts } = this
    const rogue = new Rogue(`r${this.#deviceCount++}`, this, this.#deviceTraits(), vices, {
      clock,
      contributor: bytesOf(`rogue ${this.#deviceCount}`),
      disk: parts.makeDisk(random),
    })
    for (const victim of victims) roads.add(rogue, victim)
    this.rogues.push(rogue)
    this.#byName.set(rogue.name, rogue)
    rogue.start()
    return rogue
  }

  /** Whom a name belongs to that a session is known by. */
  deviceOf(peer: string): Device | undefined {
    return this.#byName.get(peer.slice(0, peer.indexOf('.')))
  }

  // ---- what is to be put right ------------------------------------------------------------------------------------

  /** Something goes wrong that `mend` puts right: after this time, or earlier when all is to become quiet. */
  mendAfter(ms: number, mend: () => void): void {
    const once = (): void => {
      if (this.#mends.delete(once)) mend()
    }
    this.#mends.add(once)
    this.agenda.after(ms, once)
  }

  /** Everything is put right, everybody is there. */
  mend(): void {
    for (const mend of this.#mends) mend()
    for (const device of this.devices) device.start()
  }

  // ---- time --------------------------------------------------------------------------------------------------------

  /** Lets time pass until it is so; looked at once in a while. False when it is not within this time. */
  async until(isSo: () => boolean, withinMs: number, everyMs = 500): Promise<boolean> {
    const endMs = this.agenda.nowMs + withinMs
    while (!isSo()) {
      if (this.agenda.nowMs >= endMs) return false
      await this.pass(Math.min(everyMs, endMs - this.agenda.nowMs))
    }
    return true
  }

  async pass(ms: number): Promise<void> {
    let isOver = false
    this.agenda.after(ms, () => (isOver = true))
    for (;;) {
      if (this.#isStirred) await this.#calm()
      if (this.#failure) throw this.#failure.error
      if (isOver || !this.agenda.step()) return
    }
  }

  /** Promises are under way: before anything else happens, they go on as far as they can. */
  stir(): void {
    this.#isStirred = true
  }

  /** Something went wrong where nobody waits for it. */
  fail(error: unknown): void {
    this.#failure ??= { error }
  }

  async #calm(): Promise<void> {
    this.#isStirred = false
    await new Promise((resolve) => void setImmediate(resolve))
  }

  // ---- how it is made ----------------------------------------------------------------------------------------------

  #someClock(): Clock {
    return new Clock(this.random, this.traits.areClocksRight)
  }

  #deviceTraits(): DeviceTraits {
    const { random, traits } = this
    return {
      verifier: { threads: 1 + random.below(4), msPerEntry: random.magnitude(0.05, 5) },
      timerGrainMs: random.chance(0.1) ? 1_000 : 1,
      readMs: random.magnitude(0.1, 50),
      writeMs: random.magnitude(0.5, 100),
      hasMesh: this.whispers !== undefined && random.chance(this.traits.meshChance),
      entriesPerSecond: random.magnitude(traits.pace / 5, traits.pace * 3),
    }
  }

  /** Connected with one of those before it, so that all are connected with each other somehow, and with some more. */
  #settle(device: Device): void {
    const { random, devices, roads, traits } = this
    const others = random.shuffled(devices).slice(0, Math.max(1, Math.ceil(traits.degree / 2)))
    for (const other of others) roads.add(device, other)
    if (others.length > 0 && random.chance(0.05)) roads.add(device, random.pick(others))
  }

  #someRogue(): void {
    const { random, devices } = this
    const vices = someVices(random)
    if (this.whispers) vices.push(slandering())
    this.addRogue(vices, random.shuffled(devices).slice(0, random.pick([1, 2, devices.length])))
  }
}
