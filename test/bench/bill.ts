/** What a scripted hour costs: joins, an idle hour and relayed megabytes, counted at the platform's billing borders. */
import { setTimeout as sleep } from 'node:timers/promises'
import { join } from '../../client/node/index.ts'
import { billableObjectRequests, difference, dollars, PRICES, type Counts } from './counting/counts.ts'
import { startCounting, type CountingService } from './counting/hour.ts'
import { edgeNetRoom, type Seat } from './load-client.ts'
import type { Finding, Row } from './report.ts'
import { figure } from './stats.ts'

const ROOM = 'hour'
const PEERS = 10
const HOUR_MS = 3_600_000
const MEBIBYTE = 1_048_576
/** Within the burst that the room allows one sender, so that the script does not have to wait. */
const RELAYED_MEBIBYTES = 4
/** Long enough for acknowledgements and the room's first report. */
const SETTLE_MS = 2_500

export async function bill(): Promise<Finding> {
  const service = await startCounting()
  try {
    // First, while the Worker's clock is right.
    const relayed = await relay(service, RELAYED_MEBIBYTES)
    const joins = await counted(service, () => enterRoom(service, PEERS))
    const hour = await counted(service, () => service.pass(HOUR_MS, ROOM, joins.result))
    return finding(joins.counts, hour.counts, relayed)
  } finally {
    await service.close()
  }
}

export async function counted<T>(
  service: CountingService,
  act: () => Promise<T>,
): Promise<{ result: T; counts: Counts }> {
  const before = await service.counts()
  const result = await act()
  return { result, counts: difference(await service.counts(), before) }
}

/** As pages do: the HTML and the socket of each. ICE servers come with the welcome. */
export async function enterRoom(service: CountingService, peers: number): Promise<Seat[]> {
  const room = edgeNetRoom(service.port, ROOM)
  const seats: Seat[] = []
  for (let i = 0; i < peers; i++) {
    const candidate = await room.prepare()
    const url = service.roomUrl(ROOM)
    const page = await fetch(url, { headers: { Accept: 'text/html' } })
    if (!page.ok) throw new Error(`The page answered ${page.status}.`)
    seats.push(await room.enter(candidate))
  }
  return seats
}

/** Two peers of the SDK that may not connect directly: one sends megabytes to the other through the room. */
export async function relay(service: CountingService, mebibytes: number): Promise<Counts> {
  const options = { direct: 'off' } as const
  const [a, b] = [await join(service.roomUrl('relay'), options), await join(service.roomUrl('relay'), options)]
  try {
    if (!a.peers.has(b.peerId)) await new Promise<void>((resolve) => a.on('peer', () => resolve()))
    await sleep(SETTLE_MS)
    const { counts } = await counted(service, async () => {
      const arrived = new Promise<void>((resolve) => {
        let messages = 0
        b.on('message', () => {
          if (++messages === mebibytes) resolve()
        })
      })
      for (let i = 0; i < mebibytes; i++) await a.send(b.peerId, new Uint8Array(MEBIBYTE))
      await arrived
      await sleep(SETTLE_MS)
    })
    return counts
  } finally {
    await Promise.all([a.close(), b.close()])
  }
}

function finding(joins: Counts, hour: Counts, relayed: Counts): Finding {
  const row = (what: string, counts: Counts, share: number): Row => ({
    what,
    ours:
      `${figure(billableObjectRequests(counts) / share)} object requests, ` +
      `${figure(counts.workerRequests / share)} Worker requests, ${figure(counts.rowsWritten / share)} rows: ` +
      `$${((dollars(counts) / share) * 1e6).toFixed(2)} per million`,
    control: '',
  })
  const rows: Row[] = [
    row('a join', joins, PEERS),
    row(`an idle hour of a room of ${PEERS}`, hour, 1),
    row('a MiB relayed', relayed, RELAYED_MEBIBYTES),
    {
      what: 'messages of idle peers that reached the room in the hour',
      ours: String(hour.incomingMessages),
      control: '',
      value: hour.incomingMessages,
      bar: 0,
    },
  ]
  const raw = (name: string, counts: Counts) => `${name}: ${JSON.stringify(counts)}.`
  const notes = [
    'Counted inside workerd where the platform bills: requests to the Worker, `fetch` and RPC calls and alarms of objects, WebSocket messages that reach a handler (twenty are one request), rows written (setting an alarm is one). Answers to pings, outgoing messages and static files are free.',
    `The hour is real in events and compressed in time: the Worker’s clock is moved on by 20 s at a time, ${PEERS} peers ping each time, due alarms fire, and the room is evicted after everything that woke it, as it would be after ten quiet seconds.`,
    `Prices beyond what the plan includes: $${PRICES.objectRequest * 1e6} a million object requests, $${PRICES.workerRequest * 1e6} Worker requests, $${PRICES.rowWritten * 1e6} rows written. Duration is billed for handler time only and is not in these figures.`,
    raw(`${PEERS} joins`, joins),
    raw('the hour', hour),
    raw(`${RELAYED_MEBIBYTES} MiB`, relayed),
  ]
  return { title: 'Billable requests of a scripted hour', rows, notes, samples: { joins, hour, relayed } }
}
