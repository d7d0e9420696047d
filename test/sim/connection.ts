/** One WebRTC connection with its two channels, as far as a link can tell. */
import type { Frame } from '../../protocol/frame.ts'
import type { Agenda } from './agenda.ts'
import { LossyPipe, OrderedPipe, type PipeTraits } from './pipes.ts'
import type { Random } from './random.ts'
import { otherSide, type Side } from './room.ts'

export interface ConnectionTraits {
  readonly pipe: PipeTraits
  /** Of pings, pongs, acknowledgements and datagrams. */
  readonly probeLoss: number
}

/** What a connection calls at its ends. */
export interface ConnectionEnd {
  directFrame(connection: Connection, frame: Frame): void
  directWritable(connection: Connection): void
  directClosed(connection: Connection): void
}

const HEADERS_BYTES = 80

export class Connection {
  readonly #agenda: Agenda
  readonly #random: Random
  readonly #traits: ConnectionTraits
  readonly #ends: readonly [ConnectionEnd, ConnectionEnd]
  /** By the side that sends. */
  readonly #frames: readonly [OrderedPipe<Frame>, OrderedPipe<Frame>]
  readonly #probes: readonly [LossyPipe<Frame>, LossyPipe<Frame>]
  /** As each side knows. */
  readonly isOpen: [boolean, boolean] = [false, false]
  readonly isClosed: [boolean, boolean] = [false, false]
  /** Nothing that this side sends arrives. */
  readonly isBlack: [boolean, boolean] = [false, false]

  constructor(agenda: Agenda, random: Random, traits: ConnectionTraits, ends: readonly [ConnectionEnd, ConnectionEnd]) {
    this.#agenda = agenda
    this.#random = random
    this.#traits = traits
    this.#ends = ends
    const { pipe, probeLoss } = traits
    const frames = (from: Side) =>
      new OrderedPipe<Frame>(
        agenda,
        pipe,
        (frame) => this.#arrived(otherSide(from), frame),
        () => ends[from].directWritable(this),
      )
    const probes = (from: Side) =>
      new LossyPipe<Frame>(agenda, random, pipe, probeLoss, (frame) => this.#arrived(otherSide(from), frame))
    this.#frames = [frames(0), frames(1)]
    this.#probes = [probes(0), probes(1)]
  }

  /** Sends as the real shell does: what may be lost goes beside the data. */
  send(from: Side, frame: Frame): boolean {
    if (!this.isOpen[from] || this.isClosed[from]) return false
    const { type } = frame
    if (type === 'data' && this.#frames[from].isFull) return false
    if (type !== 'data' && type !== 'bye') this.#probes[from].put(frame)
    else this.#frames[from].put(frame, frame.payload.length + HEADERS_BYTES)
    return true
  }

  /** What this side sends does not arrive, and nobody is told: the reliable channel keeps it and tries again. */
  blacken(from: Side): void {
    this.isBlack[from] = true
    this.#frames[from].freeze()
    this.#probes[from].loss = 1
  }

  /** The path is good again. SCTP needs a while to notice. */
  clear(from: Side, backOffMs: number): void {
    if (!this.isBlack[from]) return
    this.isBlack[from] = false
    this.#probes[from].loss = this.#traits.probeLoss
    this.#agenda.after(backOffMs, () => {
      if (!this.isBlack[from]) this.#frames[from].thaw()
    })
  }

  /** Only what goes beside the data is lost. */
  loseProbes(from: Side, loss: number): void {
    if (!this.isBlack[from]) this.#probes[from].loss = loss
  }

  restoreProbes(from: Side): void {
    this.loseProbes(from, this.#traits.probeLoss)
  }

  /** One side closes it, or its engine gives up. The other one hears of it, if the path still carries that. */
  close(by: Side): void {
    if (this.isClosed[by]) return
    this.isClosed[by] = true
    const other = otherSide(by)
    // Of what is under way some arrives before the end does; what is in this side's memory does not leave it.
    const isHeard = !this.isBlack[by] && !this.isClosed[other]
    const delayMs = this.#random.between(0, 1.5 * this.#traits.pipe.latencyMs)
    this.#agenda.after(delayMs, () => {
      this.#frames[by].cut()
      this.#probes[by].isCut = true
      if (!isHeard || this.isClosed[other]) return
      this.isClosed[other] = true
      this.#frames[other].cut()
      this.#probes[other].isCut = true
      this.#ends[other].directClosed(this)
    })
    this.#ends[by].directClosed(this)
  }

  #arrived(at: Side, frame: Frame): void {
    if (!this.isClosed[at]) this.#ends[at].directFrame(this, frame)
  }
}
