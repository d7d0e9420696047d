/** What peers cost that do nothing: memory per socket, and what it takes to wake a room that has hibernated. */
import { setTimeout as sleep } from 'node:timers/promises'
import { BYE_TEXT } from '../../protocol/room-messages.ts'
import { bareRoom, edgeNetRoom, type RoomKind, type Seat } from './load-client.ts'
import type { BenchOptions, Finding, Row } from './report.ts'
import { startBare, startEdgeNet, type Server } from './servers.ts'
import { figure, median, spread } from './stats.ts'
import { anonymousMemoryKiB, cpuMicroseconds } from './workerd-cpu.ts'
import { clientFrame } from './websocket.ts'

const DEFAULT_ROUNDS = 8
const MEMBERS = 1_000
const SETTLE_MS = 3_000
const ENVELOPE_BYTES = 1_459
const PING = clientFrame('ping')
const BYE = clientFrame(BYE_TEXT)

/** Times in ms, processor time of workerd in µs. */
interface Step {
  readonly ms: number
  readonly cpuMicroseconds: number
}

interface Sample {
  readonly room: string
  readonly wakeByMessage: Step
  readonly warmMessage: Step
  readonly wakeByJoin: Step
  readonly warmJoin: Step
}

interface Memory {
  readonly room: string
  readonly kibPerSocket: number
  readonly kibPerSocketAfterWake: number
}

export async function idle({ rounds = DEFAULT_ROUNDS }: BenchOptions): Promise<Finding> {
  const [ours, bare] = [await startEdgeNet(), await startBare()]
  const samples: Sample[] = []
  const memories: Memory[] = []
  try {
    const rooms = [
      await IdleRoom.fill(ours, edgeNetRoom(ours.port, 'idle'), 'idle'),
      await IdleRoom.fill(bare, bareRoom(bare.port, 'idle'), '/idle'),
    ]
    for (let round = 0; round < rounds; round++) {
      for (const room of round % 2 === 0 ? rooms : rooms.toReversed()) samples.push(await room.measure())
    }
    for (const room of rooms) memories.push(room.memory())
  } finally {
    await Promise.all([ours.close(), bare.close()])
  }
  return finding(samples, memories, rounds)
}

class IdleRoom<Ready> {
  readonly #server: Server
  readonly #kind: RoomKind<Ready>
  readonly #roomName: string
  readonly #seats: Seat[] = []
  #emptyKiB = 0
  #fullKiB = 0

  private constructor(server: Server, kind: RoomKind<Ready>, roomName: string) {
    this.#server = server
    this.#kind = kind
    this.#roomName = roomName
  }

  static async fill<Ready>(server: Server, kind: RoomKind<Ready>, roomName: string): Promise<IdleRoom<Ready>> {
    const room = new IdleRoom(server, kind, roomName)
    // Two members load the code; what they cost is not the price of a socket.
    for (let i = 0; i < 2; i++) room.#seats.push(await kind.enter(await kind.prepare()))
    await sleep(SETTLE_MS)
    room.#emptyKiB = anonymousMemoryKiB(server.pid)
    for (let i = 0; i < MEMBERS; i++) room.#seats.push(await kind.enter(await kind.prepare()))
    await sleep(SETTLE_MS)
    room.#fullKiB = anonymousMemoryKiB(server.pid)
    return room
  }

  async measure(): Promise<Sample> {
    // Members are alive because they ping; the room answers these without waking.
    for (const { socket } of this.#seats) socket.write(PING)
    await sleep(500)
    await this.#server.hibernate(this.#roomName)
    const wakeByMessage = await this.#timed(() => this.#message())
    const warmMessage = await this.#timed(() => this.#message())
    await this.#leaveAfter(await this.#join())
    await this.#server.hibernate(this.#roomName)
    const [wakingCandidate, warmCandidate] = [await this.#kind.prepare(), await this.#kind.prepare()]
    let seat: Seat | undefined
    const wakeByJoin = await this.#timed(async () => (seat = await this.#kind.enter(wakingCandidate)))
    if (seat) await this.#leaveAfter(seat)
    const warmJoin = await this.#timed(async () => (seat = await this.#kind.enter(warmCandidate)))
    if (seat) await this.#leaveAfter(seat)
    return { room: this.#kind.name, wakeByMessage, warmMessage, wakeByJoin, warmJoin }
  }

  memory(): Memory {
    const after = anonymousMemoryKiB(this.#server.pid)
    return {
      room: this.#kind.name,
      kibPerSocket: (this.#fullKiB - this.#emptyKiB) / MEMBERS,
      kibPerSocketAfterWake: (after - this.#emptyKiB) / MEMBERS,
    }
  }

  /** One envelope from one member to another. */
  #message(): Promise<void> {
    const [from, to] = this.#seats
    if (!from || !to) throw new Error('An idle room without members.')
    return new Promise((resolve) => {
      to.socket.onBinary = () => resolve()
      to.socket.onText = (text) => {
        if (text.includes('"from"')) resolve()
      }
      from.socket.write(this.#kind.frameTo(to.id, ENVELOPE_BYTES))
    })
  }

  async #join(): Promise<Seat> {
    return this.#kind.enter(await this.#kind.prepare())
  }

  async #leaveAfter(seat: Seat): Promise<void> {
    // The bare room knows no bye and has no business with it.
    if (this.#kind.name === 'Edge-Net') seat.socket.write(BYE)
    await seat.socket.close()
    await sleep(100)
  }

  async #timed(act: () => Promise<unknown>): Promise<Step> {
    const cpuBefore = cpuMicroseconds(this.#server.pid)
    const startMs = performance.now()
    await act()
    const ms = performance.now() - startMs
    // What the handler does after its answer belongs to it.
    await sleep(50)
    return { ms, cpuMicroseconds: cpuMicroseconds(this.#server.pid) - cpuBefore }
  }
}

function finding(samples: readonly Sample[], memories: readonly Memory[], rounds: number): Finding {
  type StepName = 'wakeByMessage' | 'warmMessage' | 'wakeByJoin' | 'warmJoin'
  const of = (room: string, step: StepName, key: keyof Step) =>
    spread(samples.filter((sample) => sample.room === room).map((sample) => sample[step][key]))
  const both = (what: string, step: StepName, key: keyof Step): Row => ({
    what,
    ours: of('Edge-Net', step, key),
    control: of('bare Durable Object', step, key),
  })
  const memory = (what: string, key: 'kibPerSocket' | 'kibPerSocketAfterWake'): Row => {
    const value = (room: string) => median(memories.filter((one) => one.room === room).map((one) => one[key]))
    return { what, ours: figure(value('Edge-Net')), control: figure(value('bare Durable Object')) }
  }
  const rows = [
    both('first message after hibernation, ms', 'wakeByMessage', 'ms'),
    both('first message after hibernation, CPU µs', 'wakeByMessage', 'cpuMicroseconds'),
    both('next message, ms', 'warmMessage', 'ms'),
    both('first join after hibernation, ms', 'wakeByJoin', 'ms'),
    both('first join after hibernation, CPU µs', 'wakeByJoin', 'cpuMicroseconds'),
    both('next join, ms', 'warmJoin', 'ms'),
    memory('memory per idle socket, KiB', 'kibPerSocket'),
    memory('memory per idle socket after the wakes, KiB', 'kibPerSocketAfterWake'),
  ]
  const notes = [
    `A room of ${MEMBERS} members, made to hibernate while its sockets stay; ${rounds} wakes each, sides in turns. A join after a wake builds the index of members, the one time that all sockets are touched; a message does not. The bare room touches all sockets on every join.`,
    'Memory: growth of workerd’s anonymous memory (Pss_Anon), garbage not collected, no compression negotiated. It compares two programs on local workerd and says nothing of the platform’s price.',
  ]
  return { title: 'Idle peers and waking rooms', rows, notes, samples: { samples, memories } }
}
