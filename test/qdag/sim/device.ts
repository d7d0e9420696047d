/** A machine, or a tab on one, with a disk and a clock, on which one session after the other runs. */
import type { Bytes } from '../../../protocol/bytes.ts'
import type { Clock } from './clock.ts'
import type { LinkEnd } from './connection.ts'
import type { Crash, Disk } from './disk.ts'
import type { Session } from './session.ts'
import type { VerifierTraits } from './verifier.ts'
import type { World } from './world.ts'

export interface DeviceTraits {
  readonly verifier: VerifierTraits
  /** Timers come at multiples of this: 1, or 1,000 in a page in the background. */
  readonly timerGrainMs: number
  readonly readMs: number
  readonly writeMs: number
  /** It says what is new to everybody, and hears what others say so. */
  readonly hasMesh: boolean
  /** Entries that its application makes, of its own accord. */
  readonly entriesPerSecond: number
}

/** What a device has, and may have in common with others. */
export interface Belongings {
  readonly clock: Clock
  /** The key that its entries are signed with. Several devices may have the same. */
  readonly contributor: Bytes
  /** Several devices with one disk are tabs of one browser. */
  readonly disk: Disk
}

export class Device {
  readonly name: string
  readonly world: World
  readonly traits: DeviceTraits
  readonly clock: Clock
  readonly contributor: Bytes
  readonly disk: Disk
  readonly isHonest: boolean = true
  session: Session | undefined
  /** Multiplies how long writing takes: a busy disk. */
  diskSlowness = 1
  #sessions = 0

  constructor(name: string, world: World, traits: DeviceTraits, { clock, contributor, disk }: Belongings) {
    this.name = name
    this.world = world
    this.traits = traits
    this.clock = clock
    this.contributor = contributor
    this.disk = disk
  }

  start(): void {
    this.session ??= this.world.parts.makeSession(this, `${this.name}.${++this.#sessions}`)
  }

  leave(): void {
    this.#end(true)
  }

  /** Nothing says goodbye. With the machine, all tabs on it are gone. */
  crash(kind: Crash): void {
    const { agenda, devices, judge } = this.world
    const all: readonly Device[] = kind === 'process' ? [this] : devices.filter(({ disk }) => disk === this.disk)
    for (const device of all) device.#end(false)
    if (kind === 'process') return
    this.disk.crash(kind, agenda.nowMs)
    if (kind === 'loss') judge.forgotten(this.disk)
  }

  /** A message of the session's leaves. */
  say(end: LinkEnd, message: Bytes): void {
    end.send(message)
  }

  /** Whether the session's replica is to hear a message. */
  hears(_end: LinkEnd, _message: Bytes): boolean {
    return true
  }

  #end(isClean: boolean): void {
    const { session, world } = this
    if (!session) return
    world.trace?.(`${session.name} ${isClean ? 'leaves' : 'crashes'}`)
    this.session = undefined
    session.end(isClean)
    world.roads.ended(session, isClean)
  }
}
