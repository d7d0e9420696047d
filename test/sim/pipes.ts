/** One direction of something that carries frames: in order and reliable like TCP and SCTP, or lossy like datagrams. */
import type { Agenda } from './agenda.ts'
import type { Random } from './random.ts'

export interface PipeTraits {
  readonly latencyMs: number
  readonly bytesPerMs: number
  /** A sender that waits for room is told to go on below half of it. */
  readonly highWaterBytes: number
}

interface Underway<T> {
  readonly item: T
  readonly bytes: number
  /** When it leaves the sender's memory; then the latency begins. */
  readonly leavesAtMs: number
}

/** Carries everything in order, once, until it is cut. A frozen pipe keeps what it has and goes on when it thaws. */
export class OrderedPipe<T> {
  readonly #agenda: Agenda
  readonly #traits: PipeTraits
  readonly #arrive: (item: T) => void
  readonly #writable: () => void
  #queue: Underway<T>[] = []
  #busyUntilMs = 0
  #lastArrivalMs = 0
  #bufferedBytes = 0
  #isFrozen = false
  #isCut = false
  #someoneWaits = false
  /** Counts what must forget its plans when the pipe freezes. */
  #generation = 0

  constructor(agenda: Agenda, traits: PipeTraits, arrive: (item: T) => void, writable: () => void) {
    this.#agenda = agenda
    this.#traits = traits
    this.#arrive = arrive
    this.#writable = writable
  }

  /** Takes no more bulk now; `writable` is called when it does. */
  get isFull(): boolean {
    const { highWaterBytes, bytesPerMs } = this.#traits
    const waitingBytes = this.#isFrozen
      ? this.#bufferedBytes
      : Math.max(0, this.#busyUntilMs - this.#agenda.nowMs) * bytesPerMs
    if (waitingBytes < highWaterBytes) return false
    if (!this.#someoneWaits && !this.#isFrozen) {
      this.#someoneWaits = true
      this.#agenda.after((waitingBytes - highWaterBytes / 2) / bytesPerMs, () => this.#tellWritable())
    }
    this.#someoneWaits = true
    return true
  }

  put(item: T, bytes: number): void {
    if (this.#isCut) return
    const { nowMs } = this.#agenda
    this.#busyUntilMs = Math.max(nowMs, this.#busyUntilMs) + bytes / this.#traits.bytesPerMs
    const underway = { item, bytes, leavesAtMs: this.#busyUntilMs }
    this.#queue.push(underway)
    this.#bufferedBytes += bytes
    if (!this.#isFrozen) this.#plan(underway)
  }

  freeze(): void {
    this.#isFrozen = true
    this.#generation++
  }

  /** What was kept arrives now, as the protocol below sends it again. */
  thaw(): void {
    if (!this.#isFrozen || this.#isCut) return
    this.#isFrozen = false
    this.#busyUntilMs = this.#agenda.nowMs
    for (const [i, { item, bytes }] of this.#queue.entries()) {
      this.#busyUntilMs += bytes / this.#traits.bytesPerMs
      const underway = { item, bytes, leavesAtMs: this.#busyUntilMs }
      this.#queue[i] = underway
      this.#plan(underway)
    }
    if (this.#someoneWaits) this.#agenda.after(0, () => this.#tellWritable())
  }

  /** Loses what is under way, and carries on. */
  lose(): void {
    this.#generation++
    this.#queue = []
    this.#bufferedBytes = 0
    this.#busyUntilMs = 0
  }

  /** For good. */
  cut(): void {
    this.lose()
    this.#isCut = true
  }

  #plan({ leavesAtMs }: Underway<T>): void {
    const generation = this.#generation
    // Latency may change; order does not.
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, leavesAtMs + this.#traits.latencyMs)
    this.#agenda.at(this.#lastArrivalMs, () => {
      if (generation !== this.#generation) return
      const first = this.#queue.shift()
      if (!first) return
      this.#bufferedBytes -= first.bytes
      this.#arrive(first.item)
    })
  }

  #tellWritable(): void {
    if (!this.#someoneWaits || this.#isFrozen || this.#isCut) return
    this.#someoneWaits = false
    this.#writable()
  }
}

/** Carries each item by itself: late, overtaken, twice, or never. */
export class LossyPipe<T> {
  readonly #agenda: Agenda
  readonly #random: Random
  readonly #traits: PipeTraits
  readonly #arrive: (item: T) => void
  loss: number
  isCut = false

  constructor(agenda: Agenda, random: Random, traits: PipeTraits, loss: number, arrive: (item: T) => void) {
    this.#agenda = agenda
    this.#random = random
    this.#traits = traits
    this.loss = loss
    this.#arrive = arrive
  }

  put(item: T): void {
    if (this.isCut || this.#random.chance(this.loss)) return
    const jitterMs = this.#random.chance(0.1) ? this.#random.between(0, 20) : 0
    this.#agenda.after(this.#traits.latencyMs + jitterMs, () => {
      // What was on its way when the path broke is lost too.
      if (!this.isCut && this.loss < 1) this.#arrive(item)
    })
  }
}
