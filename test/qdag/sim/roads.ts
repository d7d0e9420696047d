/** Who is connected with whom: roads on which connections come up again and again, unless a partition blocks them. */
import { decodeMessage } from '../../../client/qdag/sync/messages.ts'
import type { Bytes } from '../../../protocol/bytes.ts'
import type { Agenda } from '../../sim/agenda.ts'
import type { PipeTraits } from '../../sim/pipes.ts'
import type { Random } from '../../sim/random.ts'
import { Connection } from './connection.ts'
import type { Device } from './device.ts'
import type { Session } from './session.ts'

/** Whoever is told nothing takes a silent link for dead after this time. */
const SILENCE_MS = 30_000
const RECONNECT_MS = [100, 15_000] as const
const PROMPT_MS = 50

export class Road {
  readonly devices: readonly [Device, Device]
  readonly traits: PipeTraits
  /** Behind the names of those who are connected more than once. */
  readonly suffix: string
  connection: Connection | undefined
  sessions: readonly [Session, Session] | undefined
  /** By how many partitions. */
  blocks = 0
  isSeeking = false

  constructor(devices: readonly [Device, Device], traits: PipeTraits, suffix: string) {
    this.devices = devices
    this.traits = traits
    this.suffix = suffix
  }

  get isOpen(): boolean {
    return this.connection?.ends.every(({ isUp, isOver }) => isUp && !isOver) ?? false
  }

  get isHonest(): boolean {
    return this.devices.every(({ isHonest }) => isHonest)
  }
}

export class Roads {
  readonly all: Road[] = []
  readonly #agenda: Agenda
  readonly #random: Random
  /** How many connections there were. */
  connections = 0
  /** What honest devices have said to each other. */
  honestBytes = 0
  /** What hostile ones have said. */
  hostileBytes = 0
  /** How many messages of which kind honest devices have said. */
  readonly kinds = new Map<string, number>()

  constructor(agenda: Agenda, random: Random) {
    this.#agenda = agenda
    this.#random = random
  }

  saidByHonest(message: Bytes, isToHonest: boolean): void {
    const kind = decodeMessage(message)?.kind ?? 'nothing'
    this.kinds.set(kind, (this.kinds.get(kind) ?? 0) + 1)
    if (isToHonest) this.honestBytes += message.length
  }

  add(a: Device, b: Device): Road {
    const random = this.#random
    const count = this.between(a, b).length
    const traits: PipeTraits = {
      latencyMs: random.magnitude(1, 300),
      bytesPerMs: random.magnitude(30, 20_000),
      highWaterBytes: 65_536,
    }
    const road = new Road([a, b], traits, count === 0 ? '' : `~${count + 1}`)
    this.all.push(road)
    this.#seek(road)
    return road
  }

  between(a: Device, b: Device): Road[] {
    return this.all.filter(({ devices }) => devices.includes(a) && devices.includes(b))
  }

  of(device: Device): Road[] {
    return this.all.filter(({ devices }) => devices.includes(device))
  }

  remove(road: Road): void {
    this.cut(road)
    this.all.splice(this.all.indexOf(road), 1)
  }

  ready({ device }: Session): void {
    for (const road of this.of(device)) this.#seek(road)
  }

  /** A session is over. Those at the other ends learn it at once, or when they miss it. */
  ended(session: Session, isClean: boolean): void {
    for (const road of this.all) {
      const side = road.sessions?.indexOf(session) ?? -1
      if (side < 0) continue
      const latestMs = isClean ? PROMPT_MS : SILENCE_MS
      this.cut(road, side === 0 ? [0, this.#random.between(0, latestMs)] : [this.#random.between(0, latestMs), 0])
    }
  }

  cut(road: Road, noticedAfterMs?: readonly [number, number], againAfterMs?: number): void {
    const { connection } = road
    const noticed = () => this.#random.between(0, this.#random.chance(0.5) ? PROMPT_MS : SILENCE_MS)
    connection?.cut(noticedAfterMs ?? [noticed(), noticed()])
    road.connection = undefined
    road.sessions = undefined
    this.#seek(road, againAfterMs)
  }

  block(road: Road): void {
    road.blocks++
    this.cut(road)
  }

  unblock(road: Road): void {
    road.blocks--
    this.#seek(road)
  }

  #seek(road: Road, afterMs = this.#random.magnitude(...RECONNECT_MS)): void {
    if (road.isSeeking) return
    road.isSeeking = true
    this.#agenda.after(afterMs, () => {
      road.isSeeking = false
      this.#connect(road)
    })
  }

  /** Whoever cannot be connected now is when a device starts, or when a partition ends. */
  #connect(road: Road): void {
    const [a, b] = road.devices.map(({ session }) => session)
    if (road.connection || road.blocks > 0 || !a?.isReady || !b?.isReady || !this.all.includes(road)) return
    const names = [a.name + road.suffix, b.name + road.suffix] as const
    const { latencyMs } = road.traits
    const knownAfterMs = [0, latencyMs * this.#random.between(0.2, 1)] as const
    const isFirst = this.#random.chance(0.5)
    this.connections++
    road.sessions = [a, b]
    road.connection = new Connection(
      this.#agenda,
      road.traits,
      [a, b],
      names,
      isFirst ? knownAfterMs : [knownAfterMs[1], knownAfterMs[0]],
    )
  }
}
