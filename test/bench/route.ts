/**
 * What the room costs per envelope it routes: processor time of workerd, envelopes of the size of a session description,
 * 2, 100 and 1,000 clients in pairs. Both sides carry the same envelopes at the same pace.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { bareRoom, edgeNetRoom, type RoomKind, type Seat } from './load-client.ts'
import type { BenchOptions, Finding, Row } from './report.ts'
import { startBare, startEdgeNet, type Server } from './servers.ts'
import { median, spread } from './stats.ts'
import { cpuMicroseconds } from './workerd-cpu.ts'
import { clientFrame } from './websocket.ts'

const DEFAULT_ROUNDS = 5
const CLIENTS = [2, 100, 1_000]
/** What research/anchors.md measured as the size of an SDP in JSON. */
const ENVELOPE_BYTES = 1_459
const WARM_UP_MS = 500
const WINDOW_MS = 2_000
/** Below the room's limits per sender, so that nothing is dropped. */
const MAX_PER_SENDER_PER_SECOND = 900
const MAX_PER_SECOND = 5_000
const TICK_MS = 10
const PING = clientFrame('ping')

interface Sample {
  readonly room: string
  readonly clients: number
  readonly cpuMicrosecondsPerEnvelope: number
  readonly routed: number
}

export async function route({ rounds = DEFAULT_ROUNDS }: BenchOptions): Promise<Finding> {
  const samples: Sample[] = []
  for (const clients of CLIENTS) {
    const [ours, bare] = [await startEdgeNet(), await startBare()]
    try {
      const loads = [
        await Load.fill(ours, edgeNetRoom(ours.port, 'route'), clients),
        await Load.fill(bare, bareRoom(bare.port, 'route'), clients),
      ]
      for (let round = 0; round < rounds; round++) {
        for (const load of round % 2 === 0 ? loads : loads.toReversed()) samples.push(await load.measure())
      }
    } finally {
      await Promise.all([ours.close(), bare.close()])
    }
  }
  return finding(samples, rounds)
}

/** A full room whose seats send to their partners at a steady pace. */
class Load {
  readonly #server: Server
  readonly #name: string
  readonly #pairs: { from: Seat; frame: Buffer }[] = []
  readonly #seats: Seat[] = []
  #arrived = 0
  #next = 0

  private constructor(server: Server, name: string) {
    this.#server = server
    this.#name = name
  }

  static async fill<Ready>(server: Server, room: RoomKind<Ready>, clients: number): Promise<Load> {
    const load = new Load(server, room.name)
    for (let i = 0; i < clients; i++) {
      const seat = await room.enter(await room.prepare())
      seat.socket.onText = (text) => load.#onText(text)
      seat.socket.onBinary = () => load.#arrived++
      load.#seats.push(seat)
    }
    load.#seats.forEach((from, i) => {
      const partner = load.#seats[i ^ 1]
      if (partner) load.#pairs.push({ from, frame: room.frameTo(partner.id, ENVELOPE_BYTES) })
    })
    return load
  }

  async measure(): Promise<Sample> {
    // A peer is alive because it pings; the room answers these without waking.
    for (const { socket } of this.#seats) socket.write(PING)
    await this.#send(WARM_UP_MS)
    const cpuBefore = cpuMicroseconds(this.#server.pid)
    const routed = await this.#send(WINDOW_MS)
    const cpuMicrosecondsPerEnvelope = (cpuMicroseconds(this.#server.pid) - cpuBefore) / routed
    return { room: this.#name, clients: this.#seats.length, cpuMicrosecondsPerEnvelope, routed }
  }

  /** Sends for a while, waits until all has arrived, and returns how much that was. */
  async #send(durationMs: number): Promise<number> {
    const perSecond = Math.min(MAX_PER_SECOND, this.#seats.length * MAX_PER_SENDER_PER_SECOND)
    const startMs = performance.now()
    const before = this.#arrived
    let sent = 0
    while (performance.now() - startMs < durationMs) {
      const due = ((performance.now() - startMs) * perSecond) / 1_000
      for (; sent < due; sent++) {
        const pair = this.#pairs[this.#next++ % this.#pairs.length]
        pair?.from.socket.write(pair.frame)
      }
      await sleep(TICK_MS)
    }
    const deadlineMs = performance.now() + 10_000
    while (this.#arrived - before < sent) {
      if (performance.now() > deadlineMs)
        throw new Error(`${this.#name}: ${this.#arrived - before} of ${sent} arrived.`)
      await sleep(TICK_MS)
    }
    return sent
  }

  #onText(text: string): void {
    // The bare room routes JSON; ours says in JSON when it did not route.
    if (this.#name === 'Edge-Net') {
      if (!text.startsWith('{"type":"peer-') && text !== 'pong') throw new Error(`The room did not route: ${text}`)
    } else if (text !== 'pong') this.#arrived++
  }
}

function finding(samples: readonly Sample[], rounds: number): Finding {
  const of = (room: string, clients: number) =>
    samples
      .filter((sample) => sample.room === room && sample.clients === clients)
      .map((sample) => sample.cpuMicrosecondsPerEnvelope)
  const rows = CLIENTS.map((clients): Row => {
    const [ours, bare] = [of('Edge-Net', clients), of('bare Durable Object', clients)]
    return {
      what: `CPU per routed envelope, ${clients.toLocaleString('en')} clients, µs`,
      ours: spread(ours),
      control: spread(bare),
      value: median(ours) / median(bare),
      bar: 1.15,
      unit: ' ×',
    }
  })
  const notes = [
    `${rounds} windows of ${WINDOW_MS / 1_000} s each, sides in turns on standing sockets; processor time of the workerd process over all its threads (/proc schedstat), divided by envelopes routed. Nothing lost.`,
    `${ENVELOPE_BYTES.toLocaleString('en')} B of envelope (ours: binary, kind relay; bare: JSON with as long a body). Paced below the room’s limits per sender: ${MAX_PER_SENDER_PER_SECOND}/s each and ${MAX_PER_SECOND}/s together on both sides.`,
    'At an even pace each message wakes the event loop by itself, so a message costs more here than in a saturated room, on both sides alike.',
  ]
  return { title: 'CPU per routed envelope', rows, notes, samples }
}
