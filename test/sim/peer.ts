/**
 * One side: the real link in a shell as thin as the real one, with an event loop that may stand still. Everything that
 * happens to the link comes through `event`.
 */
import { BigMessageSlots } from '../../client/peer/big-message-slots.ts'
import type { Link, LinkOptions, LinkOutput, PathKind } from '../../client/peer/link.ts'
import type { Data } from '../../client/api.ts'
import { textOf, utf8 } from '../../protocol/bytes.ts'
import { FLAG_HELD, FLAG_TEXT, type Frame } from '../../protocol/frame.ts'
import type { Agenda } from './agenda.ts'
import type { Application, Manner } from './application.ts'
import type { Connection, ConnectionEnd } from './connection.ts'
import { EventLoop } from './event-loop.ts'
import type { FrameWatch } from './frame-watch.ts'
import type { Random } from './random.ts'
import type { Member, Notice, Side, Socket } from './room.ts'

export type MakeLink = (incarnation: number, output: LinkOutput, options: LinkOptions) => Link

export interface PeerTraits {
  /** Timers come at multiples of this: 1, or up to 1,000 in a page in the background. */
  readonly timerGrainMs: number
  /** Each side's clock has its own zero. */
  readonly clockOffsetMs: number
  readonly stalledMs: number
  /** What this side offers over the relay, where all who send to it share the room's memory. */
  readonly relayCreditBytes: number
  /** Time between two messages that a slow application takes. */
  readonly slowMs: number
  /** How probable it is that a message is answered at once, from within its delivery. */
  readonly answerChance: number
}

/** What a peer asks of the world. */
export interface Surroundings {
  readonly agenda: Agenda
  readonly random: Random
  /** Something should be done for a direct path. */
  seekDirect(): void
  /** It sends new data this way now. */
  moved(side: Side, path: PathKind | undefined): void
  ended(side: Side, reason: 'left' | 'lost'): void
  /** For people who look for the reason of a failure. */
  readonly trace: ((line: string) => void) | undefined
}

const ENVELOPE_BYTES = 62

export class Peer implements Member, ConnectionEnd {
  readonly side: Side
  readonly link: Link
  readonly application: Application
  readonly watch: FrameWatch
  readonly traits: PeerTraits
  readonly loop: EventLoop
  /** Shared with this side's links to others. */
  readonly slots = new BigMessageSlots()
  socket: Socket | undefined
  connection: Connection | undefined
  isClosed = false
  /** How the link ended by itself. */
  ended: 'left' | 'lost' | undefined
  datagrams = 0
  /** How often something happened to its paths that is a reason to send again. */
  causes = 0
  #peerIsAway = false
  #pausedUntilMs = 0
  readonly #surroundings: Surroundings
  #depth = 0

  constructor(
    side: Side,
    surroundings: Surroundings,
    application: Application,
    watch: FrameWatch,
    traits: PeerTraits,
    makeLink: MakeLink,
  ) {
    this.side = side
    this.#surroundings = surroundings
    this.application = application
    this.watch = watch
    this.traits = traits
    this.loop = new EventLoop(surroundings.agenda, surroundings.random, traits.timerGrainMs, {
      dueMs: () => (this.isOver ? Infinity : this.link.deadlineMs() - traits.clockOffsetMs),
      tick: () => this.link.tick(this.nowMs),
    })
    const output: LinkOutput = {
      send: (path, frame) => this.#send(path, frame),
      deliver: (channel, data) => this.#deliver(channel, data),
      datagram: (frame) => this.#datagram(frame),
      accepted: (id) => this.#alive(() => application.accepted(id)),
      delivered: (id) => this.#alive(() => application.delivered(id)),
      moved: (path) => this.#alive(() => surroundings.moved(side, path)),
      measured: () => {},
      directDoubtful: () => surroundings.seekDirect(),
      directDead: () => this.connection?.close(side),
      ended: (reason) => {
        this.ended = reason
        surroundings.ended(side, reason)
      },
    }
    this.link = makeLink(side + 1, output, { stalledMs: traits.stalledMs, slots: this.slots })
    this.link.relayCreditBytes = traits.relayCreditBytes
  }

  get nowMs(): number {
    return this.#surroundings.agenda.nowMs + this.traits.clockOffsetMs
  }

  get isOver(): boolean {
    return this.isClosed || this.ended !== undefined
  }

  /** Something happens to this side, now or when its event loop runs again. */
  event(action: () => void): void {
    this.loop.run(action)
  }

  // ---- the application ---------------------------------------------------------------------------------------------

  post(bytes: number, channel: number): void {
    if (this.isOver) return
    const { message, content, isText } = this.application.write(bytes, channel)
    this.link.post(message.id, channel, content, isText, this.nowMs)
  }

  cancelSome(): void {
    const message = this.application.someWaiting()
    if (message && !this.isOver && this.link.cancel(message.id)) this.application.cancelled(message)
  }

  postDatagram(number: number): void {
    if (!this.isOver) this.link.datagram(utf8(`datagram ${number}`), true, this.nowMs)
  }

  setManner(manner: Manner): void {
    this.application.manner = manner
    if (manner === 'eager') this.link.drain(this.nowMs)
    if (manner === 'pulling') this.#pull()
    if (manner === 'slow') this.#takeSlowly()
  }

  #takeSlowly(): void {
    if (this.application.manner !== 'slow' || this.isOver) return
    this.link.drain(this.nowMs)
    this.#surroundings.agenda.after(this.traits.slowMs, () => this.event(() => this.#takeSlowly()))
  }

  #pull(): void {
    if (this.application.manner !== 'pulling' || this.isOver) return
    for (let i = 0; i < 3; i++) {
      this.application.isAsking = true
      const data = this.link.take(this.nowMs)
      this.application.isAsking = false
      if (data !== undefined) this.application.take(0, data)
    }
    this.#surroundings.agenda.after(this.traits.slowMs, () => this.event(() => this.#pull()))
  }

  #deliver(channel: number, data: Data): boolean {
    const { application } = this
    if (this.isOver) throw new Error('a message was delivered after the end')
    if (channel === 0 && !application.wants(this.nowMs, this.traits.slowMs)) return false
    application.take(channel, data)
    // Handlers send: the link is called from within itself.
    if (this.#depth > 0 || !this.#surroundings.random.chance(this.traits.answerChance)) return true
    this.#depth++
    this.post(40, 0)
    this.#depth--
    return true
  }

  #datagram({ payload, flags }: Frame): void {
    // It may come late, twice or never, but as it was.
    const text = flags & FLAG_TEXT && textOf(payload)
    if (!text || !/^datagram \d+$/.test(text)) throw new Error('a datagram has changed')
    this.datagrams++
  }

  // ---- the relay ---------------------------------------------------------------------------------------------------

  socketOpened(socket: Socket, peerIsThere: boolean): void {
    this.causes++
    this.socket = socket
    this.#peerIsAway = !peerIsThere
    if (this.isOver) return
    if (peerIsThere) this.link.relayUp(this.nowMs)
    else this.link.relayDown(this.nowMs)
  }

  socketClosed(): void {
    if (!this.socket) return
    this.causes++
    this.socket.isOpen = false
    this.socket = undefined
    if (!this.isOver) this.link.relayDown(this.nowMs)
  }

  relayFrame(socket: Socket, frame: Frame): void {
    this.event(() => {
      if (socket !== this.socket) return
      this.#peerIsAway = false
      this.#receive(frame, 'relay')
    })
  }

  notice(socket: Socket, notice: Notice): void {
    this.event(() => {
      if (socket !== this.socket || this.isOver) return
      this.causes++
      if (notice === 'limited') {
        this.#pausedUntilMs = this.nowMs + 500
        this.#surroundings.agenda.after(500, () => this.event(() => !this.isOver && this.link.pump(this.nowMs)))
        return
      }
      this.#peerIsAway = notice === 'away'
      if (this.#peerIsAway) this.link.relayDown(this.nowMs)
      else this.link.relayUp(this.nowMs)
    })
  }

  relayWritable(socket: Socket): void {
    this.event(() => {
      if (socket === this.socket && !this.isOver) this.link.pump(this.nowMs)
    })
  }

  // ---- the direct path ---------------------------------------------------------------------------------------------

  /** Both sides have proved themselves on this connection, as far as this side knows. */
  directOpened(connection: Connection): void {
    const before = this.connection
    if (connection.isOpen[this.side] || connection.isClosed[this.side] || this.isOver) return
    this.causes++
    connection.isOpen[this.side] = true
    this.connection = connection
    this.link.directOpened(this.nowMs)
    before?.close(this.side)
  }

  directFrame(connection: Connection, frame: Frame): void {
    this.event(() => {
      // A frame says that the other side has proved our key: the path is open.
      this.directOpened(connection)
      if (connection.isOpen[this.side] && !connection.isClosed[this.side]) this.#receive(frame, 'direct')
    })
  }

  directWritable(connection: Connection): void {
    this.event(() => {
      if (connection === this.connection && !this.isOver) this.link.pump(this.nowMs)
    })
  }

  directClosed(connection: Connection): void {
    this.event(() => {
      if (connection !== this.connection) return
      this.causes++
      this.connection = undefined
      if (!this.isOver) this.link.directClosed(this.nowMs)
      this.#surroundings.seekDirect()
    })
  }

  // ---- the link ----------------------------------------------------------------------------------------------------

  /** Says goodbye, and closes when what is on its way has had time to leave. */
  bye(): void {
    if (!this.isOver) this.link.bye()
  }

  close(): number[] {
    this.isClosed = true
    this.link.close()
    return this.link.unconfirmed()
  }

  #receive(frame: Frame, path: PathKind): void {
    if (this.isOver) return
    this.#surroundings.trace?.(`${this.side} <- ${path} ${describe(frame)}`)
    // The other side asks for what it may have lost.
    if (frame.type === 'resume') this.causes++
    this.watch.heard(frame)
    if (!this.link.receive(frame, path, this.nowMs)) throw new Error(`an honest ${frame.type} frame was refused`)
  }

  #send(path: PathKind, frame: Frame): boolean {
    if (this.isOver) throw new Error(`a ${frame.type} frame was sent after the end`)
    if (path === 'direct') {
      if (!this.connection?.send(this.side, frame)) return false
    } else {
      const { socket } = this
      if (!socket) return false
      if (frame.type === 'data' && (this.nowMs < this.#pausedUntilMs || socket.up.isFull)) return false
      socket.up.put(frame, frame.payload.length + ENVELOPE_BYTES)
    }
    this.#surroundings.trace?.(`${this.side} -> ${path} ${describe(frame)}`)
    this.watch.sent(path, frame)
    return true
  }

  #alive(action: () => void): void {
    if (this.isClosed) throw new Error('the link says something after it was closed')
    action()
  }
}

function describe({ type, seq, ack, flags, creditKiB, payload }: Frame): string {
  const what = type === 'data' || type === 'bye' ? `${type} ${seq}` : type
  return `${what}, ack ${ack}${flags & FLAG_HELD ? ' (held)' : ''}, ${payload.length} bytes, credit ${creditKiB} KiB`
}
