/**
 * The room and the sockets to it, as far as a link can tell: frames pass in the order of each socket, those for a peer
 * without a socket are dropped, and what the room says about it comes late or not at all.
 */
import type { Frame } from '../../protocol/frame.ts'
import type { Agenda } from './agenda.ts'
import { OrderedPipe, type PipeTraits } from './pipes.ts'
import type { Random } from './random.ts'

export type Side = 0 | 1
export const SIDES: readonly Side[] = [0, 1]
export const otherSide = (side: Side): Side => (side === 0 ? 1 : 0)

/** `joined`: the peer has a new socket. `away`: a frame for it was dropped. `limited`: frames were, and bulk should pause. */
export type Notice = 'joined' | 'away' | 'limited'

export interface RoomTraits {
  readonly pipe: PipeTraits
  /** How probable it is that a notice is sent at all, and how late it may be. */
  readonly noticeChance: number
  readonly noticeDelayMs: number
  /** Small rooms say who came back; in large ones nobody does. */
  readonly tellsJoins: boolean
  /** The carrier repeats a frame, or lets others overtake it: several carriers side by side do. */
  readonly repeatChance: number
  readonly overtakeChance: number
}

/** What the room calls at a client. */
export interface Member {
  relayFrame(socket: Socket, frame: Frame): void
  notice(socket: Socket, notice: Notice): void
  relayWritable(socket: Socket): void
}

/** Envelope header, seal and frame header. */
const ENVELOPE_BYTES = 62
const NOTICE_BYTES = 60

export class Socket {
  readonly owner: Side
  readonly up: OrderedPipe<Frame>
  readonly down: OrderedPipe<Frame | Notice>
  /** As the client knows. */
  isOpen = true
  /** Neither end hears anything of the other, and neither is told. */
  isHalfDead = false

  constructor(owner: Side, up: OrderedPipe<Frame>, down: OrderedPipe<Frame | Notice>) {
    this.owner = owner
    this.up = up
    this.down = down
  }

  /** The network below is gone: what is under way stays where it is, for ever or until `revive`. */
  halfDie(): void {
    this.isHalfDead = true
    this.up.freeze()
    this.down.freeze()
  }

  revive(): void {
    this.isHalfDead = false
    this.up.thaw()
    this.down.thaw()
  }
}

export class Room {
  readonly #agenda: Agenda
  readonly #random: Random
  readonly #traits: RoomTraits
  readonly #members: readonly [Member, Member]
  readonly #sockets: [Socket | undefined, Socket | undefined] = [undefined, undefined]
  /** Until when bulk of a side is dropped. */
  readonly #limitedUntilMs: [number, number] = [0, 0]
  /** Says nothing about anybody. */
  isSilent = false

  constructor(agenda: Agenda, random: Random, traits: RoomTraits, members: readonly [Member, Member]) {
    this.#agenda = agenda
    this.#random = random
    this.#traits = traits
    this.#members = members
  }

  /** A member's new socket. It takes the place of its former one. */
  open(side: Side): Socket {
    const member = this.#members[side]
    const { pipe } = this.#traits
    const socket: Socket = new Socket(
      side,
      new OrderedPipe(
        this.#agenda,
        pipe,
        (frame) => this.#arrived(socket, frame),
        () => member.relayWritable(socket),
      ),
      new OrderedPipe(
        this.#agenda,
        pipe,
        (item) => (typeof item === 'string' ? member.notice(socket, item) : member.relayFrame(socket, item)),
        () => {},
      ),
    )
    this.#sockets[side]?.down.cut()
    this.#sockets[side] = socket
    if (this.#traits.tellsJoins) this.#tell(otherSide(side), 'joined', 1)
    return socket
  }

  /** The room learns that a socket is gone. */
  forget(socket: Socket): void {
    socket.down.cut()
    if (this.#sockets[socket.owner] === socket) this.#sockets[socket.owner] = undefined
  }

  /** The socket that the room sends to. */
  socketOf(side: Side): Socket | undefined {
    return this.#sockets[side]
  }

  /** Everything in flight is lost, and so is every socket. */
  restart(): void {
    for (const side of SIDES) {
      const socket = this.#sockets[side]
      socket?.up.cut()
      if (socket) this.forget(socket)
    }
  }

  /** Drops a side's bulk for a while, and says so, perhaps. */
  limit(side: Side, forMs: number): void {
    this.#limitedUntilMs[side] = this.#agenda.nowMs + forMs
  }

  /** Says what is not so. */
  lie(to: Side, notice: Notice): void {
    this.#tell(to, notice, 1)
  }

  #arrived(socket: Socket, frame: Frame): void {
    const to = otherSide(socket.owner)
    if (this.#agenda.nowMs < this.#limitedUntilMs[socket.owner] && frame.type === 'data') {
      return this.#tell(socket.owner, 'limited')
    }
    const target = this.#sockets[to]
    if (!target) return this.#tell(socket.owner, 'away')
    const { repeatChance, overtakeChance } = this.#traits
    const bytes = frame.payload.length + ENVELOPE_BYTES
    const isOvertaken = this.#random.chance(overtakeChance)
    if (!isOvertaken) target.down.put(frame, bytes)
    if (isOvertaken || this.#random.chance(repeatChance)) {
      this.#agenda.after(this.#random.between(0, 200), () => this.#sockets[to]?.down.put(frame, bytes))
    }
  }

  #tell(side: Side, notice: Notice, chance = this.#traits.noticeChance): void {
    if (this.isSilent || !this.#random.chance(chance)) return
    const isLate = this.#random.chance(0.2)
    if (!isLate) return this.#sockets[side]?.down.put(notice, NOTICE_BYTES)
    const delayMs = this.#random.between(0, this.#traits.noticeDelayMs)
    this.#agenda.after(delayMs, () => this.#sockets[side]?.down.put(notice, NOTICE_BYTES))
  }
}
