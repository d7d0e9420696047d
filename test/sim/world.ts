/**
 * Two peers, a room and at most one connection between them, all made from one seed: the same seed is the same history,
 * to the last frame. It offers what may happen to them; `episodes.ts` decides what does.
 */
import type { PathKind } from '../../client/peer/link.ts'
import { Agenda } from './agenda.ts'
import { Application } from './application.ts'
import { Connection, type ConnectionTraits } from './connection.ts'
import { FrameWatch } from './frame-watch.ts'
import { type MakeLink, Peer, type PeerTraits, type Surroundings } from './peer.ts'
import { Random } from './random.ts'
import { otherSide, Room, type RoomTraits, SIDES, type Side } from './room.ts'

export interface Traffic {
  readonly perSecond: number
  /** Message sizes are up to this, most of them far below. */
  readonly maxBytes: number
  readonly channelShare: number
  readonly cancelShare: number
  /** Posts more only while fewer messages are unconfirmed. */
  readonly maxUnconfirmed: number
}

export interface WorldTraits {
  readonly room: RoomTraits
  readonly connection: ConnectionTraits
  readonly peers: readonly [PeerTraits, PeerTraits]
  readonly traffic: readonly [Traffic, Traffic]
  /** How long an attempt at a direct path takes. */
  readonly attemptMs: number
}

/** The default, and the most that can be chosen. */
const STALLED_MS = [60_000, 300_000]

export function traitsOf(random: Random): WorldTraits {
  const relayMs = random.magnitude(2, 80)
  // A direct path much slower than the relay is avoided on purpose: not the subject here.
  const directMs = Math.min(random.magnitude(0.3, 80), 2 * relayMs)
  const hasBigMessages = random.chance(0.08)
  const isBackground = random.chance(0.1)
  const stalledMs = random.pick(STALLED_MS)
  const peer = (side: Side): PeerTraits => ({
    timerGrainMs: isBackground ? random.pick([16, 1_000]) : 1,
    clockOffsetMs: side === 0 ? 0 : random.between(0, 1e7),
    stalledMs,
    relayCreditBytes: random.pick([65_536, 1_048_576, 1_048_576]),
    slowMs: random.magnitude(2, 60),
    answerChance: random.chance(0.3) ? 0.1 : 0,
  })
  const traffic = (): Traffic => ({
    perSecond: random.magnitude(1, 40),
    maxBytes: hasBigMessages ? 5_000_000 : random.pick([100, 1_000, 40_000, 400_000]),
    channelShare: random.chance(0.2) ? 0.2 : 0,
    cancelShare: random.chance(0.2) ? 0.1 : 0,
    maxUnconfirmed: random.pick([3, 30, 300]),
  })
  return {
    room: {
      pipe: { latencyMs: relayMs / 2, bytesPerMs: random.magnitude(300, 20_000), highWaterBytes: 128 * 1_024 },
      noticeChance: random.pick([0, 0.5, 1]),
      noticeDelayMs: random.magnitude(1, 5_000),
      tellsJoins: random.chance(0.7),
      repeatChance: random.chance(0.3) ? 0.05 : 0,
      overtakeChance: random.chance(0.2) ? 0.02 : 0,
    },
    connection: {
      pipe: { latencyMs: directMs, bytesPerMs: random.magnitude(300, 40_000), highWaterBytes: 64 * 1_024 },
      probeLoss: random.pick([0, 0, 0.01, 0.1]),
    },
    peers: [peer(0), peer(1)],
    traffic: [traffic(), traffic()],
    attemptMs: random.magnitude(20, 500),
  }
}

export class World implements Surroundings {
  readonly agenda = new Agenda()
  readonly random: Random
  readonly traits: WorldTraits
  readonly peers: readonly [Peer, Peer]
  readonly room: Room
  /** Whether a fresh attempt can succeed. */
  isDirectPossible = true
  isPosting = true
  readonly trace: ((line: string) => void) | undefined
  moves = 0
  /** Where each side sends, as it said. */
  readonly paths: [PathKind | undefined, PathKind | undefined] = [undefined, undefined]
  readonly endedAtMs: [number, number] = [Infinity, Infinity]
  readonly hasBigMessages: boolean
  /** How late the timers of the slower page may be. */
  readonly timerGrainMs: number
  readonly #unreachableUntilMs: [number, number] = [0, 0]
  #isSeeking = false
  /** Connections that one side only knows to be open. */
  #opening = 0
  #datagrams = 0

  constructor(seed: number, makeLink: MakeLink, trace?: (line: string) => void) {
    this.trace = trace && ((line) => trace(`${this.agenda.nowMs.toFixed(1)} ${line}`))
    this.random = new Random(seed)
    this.traits = traitsOf(this.random)
    const { peers, traffic } = this.traits
    this.timerGrainMs = Math.max(peers[0].timerGrainMs, peers[1].timerGrainMs)
    this.hasBigMessages = traffic[0].maxBytes > 500_000
    const peer = (side: Side): Peer => {
      const application = new Application(this.random)
      const watch = new FrameWatch(application, this.hasBigMessages, traffic[otherSide(side)].channelShare === 0)
      return new Peer(side, this, application, watch, peers[side], makeLink)
    }
    this.peers = [peer(0), peer(1)]
    for (const side of SIDES) {
      const [own, other] = [this.peers[side], this.peers[otherSide(side)]]
      own.application.other = other.application
      own.watch.other = other.watch
    }
    this.room = new Room(this.agenda, this.random, this.traits.room, this.peers)
    for (const side of SIDES) this.unreachable(side, this.random.between(0, 200))
    this.seekDirect()
    for (const side of SIDES) this.#keepPosting(side)
  }

  // ---- what may happen to the relay --------------------------------------------------------------------------------

  /** A side's socket breaks. It knows, when its event loop runs, and opens another as soon as it can reach the room. */
  dropSocket(side: Side, unreachableMs: number, socket = this.peers[side].socket): void {
    this.unreachable(side, unreachableMs)
    socket?.up.cut()
    socket?.down.cut()
    // The room learns it a little later, or only by the next socket.
    if (socket && this.random.chance(0.7)) {
      this.agenda.after(this.random.between(0, 100), () => this.room.forget(socket))
    }
    this.peers[side].event(() => {
      if (socket && this.peers[side].socket === socket) this.peers[side].socketClosed()
    })
  }

  /** A side cannot open a socket for so long. */
  unreachable(side: Side, forMs: number): void {
    const untilMs = Math.max(this.#unreachableUntilMs[side], this.agenda.nowMs + forMs)
    this.#unreachableUntilMs[side] = untilMs
    this.agenda.at(untilMs, () => this.peers[side].event(() => this.#openSocket(side)))
  }

  #openSocket(side: Side): void {
    const peer = this.peers[side]
    if (peer.isOver || peer.socket || this.agenda.nowMs < this.#unreachableUntilMs[side]) return
    const socket = this.room.open(side)
    // Small rooms list their members in the welcome; of a large one's many members nothing is known.
    const isThere = !this.traits.room.tellsJoins || this.room.socketOf(otherSide(side)) !== undefined
    peer.socketOpened(socket, isThere)
  }

  isRelayWhole(): boolean {
    return SIDES.every((side) => {
      const { socket } = this.peers[side]
      return socket?.isOpen && !socket.isHalfDead && this.room.socketOf(side) === socket
    })
  }

  // ---- what may happen to the direct path --------------------------------------------------------------------------

  /** Makes attempts until one succeeds. */
  seekDirect(): void {
    if (this.#isSeeking) return
    this.#isSeeking = true
    this.agenda.after(this.traits.attemptMs * this.random.between(0.7, 1.5), () => this.#attempt())
  }

  #attempt(): void {
    this.#isSeeking = false
    const [a, b] = this.peers
    if (a.isOver || b.isOver) return
    // Offers need a link that carries them, and a machine that answers.
    const isAgreed = this.isRelayWhole() && !a.loop.isStandingStill && !b.loop.isStandingStill
    if (!this.isDirectPossible || !isAgreed) return this.seekDirect()
    this.connect()
  }

  /** A new connection: both sides prove themselves, and one knows it a little before the other. */
  connect(): void {
    const connection = new Connection(this.agenda, this.random, this.traits.connection, this.peers)
    const { latencyMs } = this.traits.connection.pipe
    const first: Side = this.random.chance(0.5) ? 0 : 1
    const open = (side: Side) => this.peers[side].event(() => this.peers[side].directOpened(connection))
    this.#opening++
    open(first)
    this.agenda.after(latencyMs * this.random.between(0.2, 1), () => {
      this.#opening--
      open(otherSide(first))
    })
  }

  get connection(): Connection | undefined {
    return this.peers[0].connection ?? this.peers[1].connection
  }

  /** Both sides have the same healthy connection. */
  isDirectWhole(): boolean {
    const connection = this.peers[0].connection
    return (
      this.#opening === 0 &&
      connection !== undefined &&
      connection === this.peers[1].connection &&
      !connection.isBlack[0] &&
      !connection.isBlack[1] &&
      !connection.isClosed[0] &&
      !connection.isClosed[1]
    )
  }

  areBothDirect(): boolean {
    return this.peers[0].link.path === 'direct' && this.peers[1].link.path === 'direct'
  }

  // ---- time --------------------------------------------------------------------------------------------------------

  /** Lets time pass until it is so. False when it is not within this time. */
  until(isSo: () => boolean, withinMs: number): boolean {
    const endMs = this.agenda.nowMs + withinMs
    while (!isSo()) {
      if (this.agenda.nowMs >= endMs || !this.agenda.step()) return isSo()
    }
    return true
  }

  pass(ms: number): void {
    this.until(() => false, ms)
  }

  moved(side: Side, path: PathKind | undefined): void {
    if (path === this.paths[side]) throw new Error(`a move from ${path} to ${path}`)
    if (path !== this.peers[side].link.path) throw new Error(`a move to ${path} that the link does not know of`)
    this.trace?.(`${side} moves to ${path}`)
    this.paths[side] = path
    this.moves++
    this.peers[side].causes++
  }

  ended(side: Side): void {
    this.endedAtMs[side] = this.agenda.nowMs
  }

  // ---- traffic -----------------------------------------------------------------------------------------------------

  #keepPosting(side: Side): void {
    const { perSecond, maxUnconfirmed, channelShare, cancelShare } = this.traits.traffic[side]
    const peer = this.peers[side]
    this.agenda.after((this.random.between(0, 2) * 1_000) / perSecond, () => {
      if (peer.isOver) return
      if (this.isPosting) {
        peer.event(() => {
          const { application } = peer
          const count = this.random.chance(0.05) ? 10 : 1
          for (let i = 0; i < count; i++) {
            const waiting = application.lastId - application.cancelledCount - application.deliveredCount
            if (waiting >= maxUnconfirmed) break
            const channel = this.random.chance(channelShare) ? 1 + this.random.below(3) : 0
            peer.post(this.#messageBytes(side), channel)
          }
          if (this.random.chance(cancelShare)) peer.cancelSome()
          if (this.random.chance(0.02)) peer.postDatagram(this.#datagrams++)
        })
      }
      this.#keepPosting(side)
    })
  }

  #messageBytes(side: Side): number {
    const { maxBytes } = this.traits.traffic[side]
    if (this.random.chance(0.8)) return this.random.below(200)
    const bytes = Math.floor(this.random.magnitude(1, maxBytes))
    // Around the ends of frames.
    return this.random.chance(0.1) ? Math.min(maxBytes, 16_368 + this.random.below(3) - 1) : bytes
  }
}
