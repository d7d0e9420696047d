/**
 * A thousand peers join one room by a script. The control is a bare room that tells everybody of every join, which is
 * what rooms usually do; ours tells a few, so a join must cost the same in a room of ten and of a thousand.
 */
import { toBase64Url } from '../../protocol/bytes.ts'
import { BYE_TEXT, parseRoomMessage } from '../../protocol/room-messages.ts'
import { bareRoom, edgeNetRoom, type Candidate, type EdgeNetSeat, type RoomKind, type Seat } from './load-client.ts'
import { quiet } from './quiet.ts'
import type { BenchOptions, Finding, Row } from './report.ts'
import { startBare, startEdgeNet, type Server } from './servers.ts'
import { figure, median, spread } from './stats.ts'
import { cpuMicroseconds } from './workerd-cpu.ts'
import { clientFrame } from './websocket.ts'

/** The bare room takes twenty seconds for one round. */
const DEFAULT_ROUNDS = 2
const CROWD = 1_000
const HANDSHAKES_IN_FLIGHT = 100
const SMALL_ROOM = 10
/** Joins one after the other into a standing room: batches alternate between the two sizes. */
const BATCHES = 12
const JOINS_PER_BATCH = 25
const BYE = clientFrame(BYE_TEXT)

interface CrowdSample {
  readonly room: string
  readonly cpuMs: number
  readonly wallMs: number
  readonly messages: number
}

interface JoinCost {
  readonly members: number
  readonly roundTripMs: number[]
  readonly cpuMicrosecondsPerJoin: number
}

interface Told {
  readonly mean: number
  readonly max: number
}

export async function crowd({ rounds = DEFAULT_ROUNDS }: BenchOptions): Promise<Finding> {
  const samples: CrowdSample[] = []
  const told: Told[] = []
  const costs: JoinCost[] = []
  for (let round = 0; round < rounds; round++) {
    const [ours, bare] = [await startEdgeNet(), await startBare()]
    try {
      const bareTurn = async () => {
        let messages = 0
        const room = bareRoom(bare.port, 'crowd', true, () => messages++)
        samples.push((await gather(bare, room, () => messages)).sample)
      }
      if (round % 2 === 1) await bareTurn()
      const heard: string[] = []
      const room = edgeNetRoom(ours.port, 'crowd', (_, text) => heard.push(text))
      const { sample, seats } = await gather(ours, room, () => heard.length)
      samples.push(sample)
      checkTotals(seats)
      told.push(toldPerJoin(heard))
      if (round % 2 === 0) await bareTurn()
      if (round === 0) costs.push(...(await joinCosts(ours)))
    } finally {
      await Promise.all([ours.close(), bare.close()])
    }
  }
  return finding(samples, told, costs, rounds)
}

/** Lets everybody in, at most a hundred at a time, and waits until the room has said all it has to say. */
async function gather<Ready, Taken extends Seat>(
  server: Server,
  room: RoomKind<Ready, Taken>,
  messages: () => number,
): Promise<{ sample: CrowdSample; seats: Taken[] }> {
  // One join before the clock: it loads the Worker's code.
  const opener = await room.enter(await room.prepare())
  await opener.socket.close()
  const ready: Ready[] = []
  for (let i = 0; i < CROWD; i++) ready.push(await room.prepare())
  await quiet(messages)
  const messagesBefore = messages()
  const cpuBefore = cpuMicroseconds(server.pid)
  const startMs = performance.now()
  const seats: Taken[] = []
  const waiting = [...ready]
  const enterAll = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) seats.push(await room.enter(next))
  }
  await Promise.all(Array.from({ length: HANDSHAKES_IN_FLIGHT }, enterAll))
  const lastMessageMs = await quiet(messages)
  const sample: CrowdSample = {
    room: room.name,
    cpuMs: (cpuMicroseconds(server.pid) - cpuBefore) / 1_000,
    wallMs: lastMessageMs - startMs,
    messages: messages() - messagesBefore,
  }
  return { sample, seats }
}

/** Every welcome counted one member more than some other welcome; nobody was counted twice or forgotten. */
function checkTotals(seats: readonly EdgeNetSeat[]): void {
  const totals = seats.map(({ welcome }) => welcome.total).toSorted((a, b) => a - b)
  const first = totals[0] ?? 0
  // The opener may still hold its place when the crowd arrives; what matters is that each join adds one.
  const isWrong = totals.length !== CROWD || totals.some((total, i) => total !== first + i)
  if (isWrong) throw new Error(`The totals in ${totals.length} welcomes are not ${CROWD} consecutive numbers.`)
}

/** How many messages the room sent because of each join: its welcome, and what others were told of it. */
function toldPerJoin(heard: readonly string[]): Told {
  const perJoin = new Map<string, number>()
  let welcomes = 0
  for (const text of heard) {
    const message = parseRoomMessage(text)
    if (message?.type === 'welcome') welcomes++
    if (message?.type !== 'peer-joined') continue
    const newcomer = toBase64Url(message.peer.announcement)
    perJoin.set(newcomer, (perJoin.get(newcomer) ?? 0) + 1)
  }
  const notices = [...perJoin.values()]
  const sum = notices.reduce((total, count) => total + count, 0)
  return { mean: 1 + sum / welcomes, max: 1 + Math.max(...notices) }
}

/** One newcomer after the other into a room of ten and into the standing crowd, in turns; each says bye. */
async function joinCosts(server: Server): Promise<JoinCost[]> {
  const small = edgeNetRoom(server.port, 'few')
  for (let i = 0; i < SMALL_ROOM; i++) await small.enter(await small.prepare())
  const sizes = [
    { members: SMALL_ROOM, room: small },
    { members: CROWD, room: edgeNetRoom(server.port, 'crowd') },
  ]
  const costs: JoinCost[] = []
  for (let batch = 0; batch <= BATCHES; batch++) {
    for (const { members, room } of batch % 2 === 0 ? sizes : sizes.toReversed()) {
      const candidates: Candidate[] = []
      for (let i = 0; i < JOINS_PER_BATCH; i++) candidates.push(await room.prepare())
      const cpuBefore = cpuMicroseconds(server.pid)
      const roundTripMs: number[] = []
      for (const candidate of candidates) {
        const startMs = performance.now()
        const seat = await room.enter(candidate)
        roundTripMs.push(performance.now() - startMs)
        if (seat.welcome.total !== members + 1) throw new Error(`A room of ${members} counted ${seat.welcome.total}.`)
        seat.socket.write(BYE)
        await seat.socket.close()
      }
      const cpuMicrosecondsPerJoin = (cpuMicroseconds(server.pid) - cpuBefore) / JOINS_PER_BATCH
      // The first batch warms the small room up.
      if (batch > 0) costs.push({ members, roundTripMs, cpuMicrosecondsPerJoin })
    }
  }
  return costs
}

function finding(
  samples: readonly CrowdSample[],
  told: readonly Told[],
  costs: readonly JoinCost[],
  rounds: number,
): Finding {
  const of = (room: string, key: 'cpuMs' | 'wallMs' | 'messages') =>
    samples.filter((sample) => sample.room === room).map((sample) => sample[key])
  const compared = (what: string, key: 'cpuMs' | 'wallMs'): Row => {
    const [ours, bare] = [of('Edge-Net', key), of('bare Durable Object', key)]
    return { what, ours: spread(ours), control: spread(bare), value: median(ours) / median(bare), bar: 0.2, unit: ' ×' }
  }
  const at = (members: number) => costs.filter((cost) => cost.members === members)
  const trips = (members: number) => at(members).flatMap(({ roundTripMs }) => roundTripMs)
  const cpu = (members: number) => at(members).map(({ cpuMicrosecondsPerJoin }) => cpuMicrosecondsPerJoin)
  const grows = (what: string, large: number[], few: number[]): Row => ({
    what,
    ours: spread(large),
    control: `${spread(few)} at ${SMALL_ROOM}`,
    value: median(large) / median(few),
    bar: 2,
    unit: ' ×',
  })
  const rows: Row[] = [
    compared(`${CROWD} joins, server CPU ms`, 'cpuMs'),
    compared(`${CROWD} joins, wall ms`, 'wallMs'),
    {
      what: `messages the room sent for ${CROWD} joins`,
      ours: figure(median(of('Edge-Net', 'messages'))),
      control: figure(median(of('bare Durable Object', 'messages'))),
    },
    {
      what: 'messages the room sent per join, most',
      ours: `${Math.max(...told.map(({ max }) => max))} (mean ${figure(median(told.map(({ mean }) => mean)))})`,
      control: '',
      value: Math.max(...told.map(({ max }) => max)),
      // A welcome, and in a room of up to 32 one notice to each of the others.
      bar: 32,
    },
    grows(`a join into a warm room of ${CROWD}: upgrade to welcome, ms`, trips(CROWD), trips(SMALL_ROOM)),
    grows(`a join and leave in a warm room of ${CROWD}: server CPU µs`, cpu(CROWD), cpu(SMALL_ROOM)),
  ]
  const notes = [
    `${rounds} rounds, sides in turns, a new workerd each; at most ${HANDSHAKES_IN_FLIGHT} handshakes in flight; tickets signed before the clock starts, verified by the Worker inside it. The control verifies nothing and tells everybody.`,
    `Every welcome arrived; the totals in them are ${CROWD} consecutive numbers.`,
    `Handler time: workerd's clock stands still inside a handler, so it is measured from outside, as the time from upgrade to welcome and as processor time per join and leave; both include the Worker's two signature checks. ${BATCHES} batches of ${JOINS_PER_BATCH}, sizes in turns.`,
  ]
  return { title: `${CROWD.toLocaleString('en')} peers join one room`, rows, notes, samples: { samples, told, costs } }
}
