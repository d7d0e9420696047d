/**
 * What an honest device's application does: tasks of its own, now and then one that it or another device of the same
 * contributor has claimed already, or that somebody else has.
 */
import type { Bytes } from '../../../protocol/bytes.ts'
import { bytesOf } from './crypto.ts'
import type { Claim } from './author.ts'
import type { Device } from './device.ts'
import { keyOf } from './reference.ts'
import type { World } from './world.ts'

const AGAIN_CHANCE = 0.15
const OTHERS_CHANCE = 0.05
const RECEIPT_CHANCE = 0.2

export class Application {
  /** While false, nobody makes new entries. */
  isOn = true
  /** How many claims were made. */
  claims = 0
  readonly #world: World
  readonly #maxClaims: number
  readonly #tasks: string[] = []
  readonly #tasksOf = new Map<string, string[]>()

  constructor(world: World, maxClaims: number) {
    this.#world = world
    this.#maxClaims = maxClaims
  }

  /** Makes this device contribute at its pace, as long as it is there. */
  keepContributing(device: Device): void {
    const { agenda, random } = this.#world
    agenda.after((random.between(0, 2) * 1_000) / device.traits.entriesPerSecond, () => {
      this.contribute(device, random.chance(0.05) ? 1 + random.below(20) : 1)
      this.keepContributing(device)
    })
  }

  contribute(device: Device, count: number): void {
    if (this.isOn && this.claims < this.#maxClaims) this.contributeAnyway(device, count)
  }

  contributeAnyway(device: Device, count: number): void {
    if (!device.session) return
    this.claims += count
    device.session.author.write(Array.from({ length: count }, () => this.#claim(device)))
  }

  #claim(device: Device): Claim {
    const { random, devices } = this.#world
    return {
      taskId: this.#task(device),
      computeUnits: Math.floor(random.magnitude(1, 100_000)) - 1,
      requester: random.chance(RECEIPT_CHANCE) ? this.#requester(device, random.pick(devices)) : undefined,
    }
  }

  #task({ contributor }: Device): string {
    const { random } = this.#world
    const key = keyOf(contributor)
    const own = this.#tasksOf.get(key) ?? []
    this.#tasksOf.set(key, own)
    if (random.chance(AGAIN_CHANCE) && own.length > 0) return random.pick(own)
    if (random.chance(OTHERS_CHANCE) && this.#tasks.length > 0) return random.pick(this.#tasks)
    const task = `task ${this.#tasks.length}`
    this.#tasks.push(task)
    own.push(task)
    return task
  }

  /** Nobody's word counts for their own work. */
  #requester(device: Device, other: Device): Bytes {
    return other.contributor === device.contributor ? bytesOf('a requester') : other.contributor
  }
}
