/**
 * Two links with two paths between them, in a world without clocks and sockets: a list of steps says who posts what,
 * which frame arrives next, which comes twice, when a link moves between the paths. So a failing run is a list to read.
 */
import * as fc from 'fast-check'
import { DIRECT_WINDOW_BYTES, Link, RELAY_WINDOW_BYTES, type LinkOutput } from '../../client/peer/link.ts'
import type { Data } from '../../client/api.ts'
import { utf8, type Bytes } from '../../protocol/bytes.ts'
import { decodeFrame, encodeFrame, type Frame } from '../../protocol/frame.ts'
import { MAX_FRAME_BYTES, MAX_FRAME_PAYLOAD_BYTES } from '../../protocol/limits.ts'

export type Side = 'left' | 'right'
export type PathName = 'relay' | 'direct'

export type Step =
  | { readonly do: 'post'; readonly side: Side; readonly message: Data }
  /** The frame at this fraction of those under way to `side` arrives: 0 is the oldest, so anything else is disorder. */
  | { readonly do: 'arrive'; readonly side: Side; readonly path: PathName; readonly at: number }
  | { readonly do: 'arrive-twice'; readonly side: Side; readonly path: PathName; readonly at: number }
  | { readonly do: 'move-up'; readonly side: Side }
  /** The direct path dies for both: what was under way on it is lost, and both are told. */
  | { readonly do: 'move-down' }
  /** The relay loses what is under way and says nothing: only the back-stop helps. */
  | { readonly do: 'lose-relay' }
  | { readonly do: 'wait'; readonly ms: number }

export type MakeLink = (incarnation: number, output: LinkOutput) => Link

export const makeLink: MakeLink = (incarnation, output) => new Link(incarnation, output)

/** Credit that a link gives at most; its promise of memory. */
const CREDIT_KIB = 1_024
const WINDOW_BYTES: Record<PathName, number> = { relay: RELAY_WINDOW_BYTES, direct: DIRECT_WINDOW_BYTES }
/** A path refuses more than this many frames: back-pressure, as of a socket or a channel that is full. */
const PATH_FRAMES = 48
/** Every round moves a frame or a timer of each side; no run needs a tenth of this. */
const SETTLE_ROUNDS = 100_000

class End {
  readonly link: Link
  path: PathName = 'relay'
  /** Under way to this end. */
  readonly incoming: Record<PathName, Bytes[]> = { relay: [], direct: [] }
  readonly posted: Data[] = []
  readonly heard: Data[] = []
  readonly accepted: number[] = []
  /** Data frames by sequence number that are out on this end's path and not acknowledged. */
  readonly outstanding = new Map<number, number>()
  readonly #world: TwoLinks

  constructor(world: TwoLinks, incarnation: number, make: MakeLink) {
    this.#world = world
    this.link = make(incarnation, {
      send: (frame) => this.#send(frame),
      acknowledge: () => this.#put(this.link.frame('ack', new Uint8Array(0))),
      deliver: (data) => this.heard.push(data),
      accepted: (message) => this.accepted.push(message),
    })
  }

  #send(frame: Frame): boolean {
    if (this.#world.other(this).incoming[this.path].length >= PATH_FRAMES) return false
    this.outstanding.set(frame.seq, frame.payload.length)
    this.#put(frame)
    return true
  }

  #put(frame: Frame): void {
    const bytes = encodeFrame(frame)
    if (bytes.length > MAX_FRAME_BYTES) throw new Error(`a frame of ${bytes.length} bytes`)
    if (frame.creditKiB > CREDIT_KIB) throw new Error(`a credit of ${frame.creditKiB} KiB`)
    this.#world.other(this).incoming[this.path].push(bytes)
  }
}

export class TwoLinks {
  readonly left: End
  readonly right: End
  #nowMs = 0

  constructor(make: MakeLink = makeLink) {
    this.left = new End(this, 1, make)
    this.right = new End(this, 2, make)
  }

  other(end: End): End {
    return end === this.left ? this.right : this.left
  }

  run(steps: readonly Step[]): this {
    for (const step of steps) this.step(step)
    return this
  }

  step(step: Step): void {
    switch (step.do) {
      case 'post':
        return this.#post(this[step.side], step.message)
      case 'arrive':
      case 'arrive-twice':
        return this.#arrive(this[step.side], step.path, step.at, step.do === 'arrive-twice')
      case 'move-up':
        this[step.side].path = 'direct'
        this[step.side].link.windowBytes = WINDOW_BYTES.direct
        return this[step.side].link.pump()
      case 'move-down':
        for (const end of [this.left, this.right]) end.incoming.direct.length = 0
        for (const end of [this.left, this.right]) this.#moveDown(end)
        return
      case 'lose-relay':
        for (const end of [this.left, this.right]) end.incoming.relay.length = 0
        return
      case 'wait':
        this.#nowMs += step.ms
        return this.#tick()
    }
  }

  /** Lets everything arrive and all timers run until nobody has anything left to do. */
  settle(): this {
    for (let round = 0; round < SETTLE_ROUNDS; round++) {
      for (const end of [this.left, this.right]) {
        for (const path of ['relay', 'direct'] as const) this.#arrive(end, path, 0, false)
        end.link.pump()
      }
      if (this.#isQuiet()) {
        const dueMs = Math.min(this.left.link.deadlineMs(), this.right.link.deadlineMs())
        if (dueMs === Number.POSITIVE_INFINITY) return this
        this.#nowMs = Math.max(this.#nowMs, dueMs)
        this.#tick()
      }
    }
    throw new Error('the links never come to rest')
  }

  /** Every message once, in order, as it was; every acceptance once, in order. */
  check(): void {
    for (const [from, to] of [
      [this.left, this.right],
      [this.right, this.left],
    ] as const) {
      if (to.heard.length !== from.posted.length) {
        throw new Error(`${from.posted.length} messages were posted and ${to.heard.length} heard`)
      }
      for (const [i, message] of from.posted.entries()) {
        if (!isSame(message, to.heard[i])) throw new Error(`message ${i} is not what was posted`)
        if (from.accepted[i] !== i) throw new Error(`message ${i} was accepted as number ${from.accepted[i]}`)
      }
      if (from.accepted.length !== from.posted.length) throw new Error('a message was accepted twice')
    }
  }

  #post(end: End, message: Data): void {
    const isText = typeof message === 'string'
    end.link.post(end.posted.length, isText ? utf8(message) : message, isText, this.#nowMs)
    end.posted.push(message)
    this.#checkWindow(end)
  }

  #arrive(end: End, path: PathName, at: number, twice: boolean): void {
    const queue = end.incoming[path]
    const index = Math.min(queue.length - 1, Math.floor(at * queue.length))
    const bytes = queue[index]
    if (!bytes) return
    if (!twice) queue.splice(index, 1)
    const frame = decodeFrame(bytes)
    if (!frame) throw new Error('a link sent what is no frame')
    for (const seq of end.outstanding.keys()) if (seq < frame.ack) end.outstanding.delete(seq)
    if (!end.link.receive(frame, this.#nowMs)) throw new Error('an honest frame was refused')
    this.#checkWindow(end)
  }

  #moveDown(end: End): void {
    end.path = 'relay'
    end.outstanding.clear()
    end.link.windowBytes = WINDOW_BYTES.relay
    end.link.resend(this.#nowMs)
  }

  #tick(): void {
    for (const end of [this.left, this.right]) end.link.tick(this.#nowMs)
  }

  #isQuiet(): boolean {
    return [this.left, this.right].every(({ incoming }) => incoming.relay.length + incoming.direct.length === 0)
  }

  /** Nobody has more unacknowledged bytes out on its path than the window and one frame. */
  #checkWindow(end: End): void {
    let bytes = 0
    for (const length of end.outstanding.values()) bytes += length
    const allowed = WINDOW_BYTES[end.path] + MAX_FRAME_PAYLOAD_BYTES
    if (bytes > allowed) throw new Error(`${bytes} bytes are out, ${allowed} may be`)
  }
}

function isSame(a: Data, b: Data | undefined): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b
  return b !== undefined && Buffer.compare(a, b) === 0
}

// ---- what may happen -----------------------------------------------------------------------------------------------

/** Never repeats itself, so that a fragment in the wrong place shows. */
const PATTERN = Uint8Array.from({ length: 201_000 }, (_, i) => Math.imul(i, 0x9e3779b1) >>> 24)
const side = fc.constantFrom<Side>('left', 'right')
const path = fc.constantFrom<PathName>('relay', 'direct')
/** Empty, small, around the ends of frames, and of several frames. */
const length = fc.oneof(
  fc.constantFrom(0, 1, MAX_FRAME_PAYLOAD_BYTES - 1, MAX_FRAME_PAYLOAD_BYTES, MAX_FRAME_PAYLOAD_BYTES + 1),
  fc.nat(200),
  fc.nat(200_000),
)
const bytes = fc.tuple(length, fc.nat(255)).map(([size, from]) => PATTERN.slice(from, from + size))
const message: fc.Arbitrary<Data> = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 40 }), bytes)

/** Any interleaving. With `isLossy`, the relay may also lose what it carries. */
export function stepLists({ isLossy = false } = {}): fc.Arbitrary<Step[]> {
  const at = fc.double({ min: 0, max: 1, noNaN: true })
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('post' as const), side, message }) },
    { weight: 14, arbitrary: fc.record({ do: fc.constant('arrive' as const), side, path, at }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('arrive-twice' as const), side, path, at }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('move-up' as const), side }) },
    { weight: 1, arbitrary: fc.constant({ do: 'move-down' as const }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.nat(3_000) }) },
    { weight: isLossy ? 1 : 0, arbitrary: fc.constant({ do: 'lose-relay' as const }) },
  )
  return fc.array(step, { maxLength: 120, size: 'max' })
}
