/**
 * Two Node clients without a room and with a Gun relay on the same machine: one sits in the network, the other joins. How long until
 * each has proven itself to the other, and until they talk directly; beside the fewest crossings of the relay that could do it.
 */
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gunCarrier } from '../../client/carrier/gun/index.ts'
import { join, type Network } from '../../client/node/index.ts'
import { GunStranger, startGunRelay, type GunRelay } from '../support/gun-relay.ts'
import { quietRounds, watched, type Watched } from './neighbours.ts'
import type { BenchOptions, Finding, Row } from './report.ts'
import { quantile, spread } from './stats.ts'

const DEFAULT_ROUNDS = 12
/** Finding somebody by Gun alone. */
const DISCOVERY_BAR_MS = 2_000
const LOOK_MS = 1
const PATIENCE_MS = 30_000
/** Nobody listens at port 1. */
const CLOSED = 'http://127.0.0.1:1'
const [REFUSED, MUTE, CONTROL] = ['refused', 'mute', 'control'] as const

interface Sample extends Watched {
  readonly kind: typeof REFUSED | typeof MUTE | typeof CONTROL
  /** From the second one's join() until both have the other as a proven peer. */
  readonly metMs: number
  /** Until the path is direct on both sides. */
  readonly directMs: number
}

export async function gun({ rounds = DEFAULT_ROUNDS }: BenchOptions): Promise<Finding> {
  // Takes connections and says nothing, as a host that hangs.
  const mute = createServer((socket) => socket.on('error', () => undefined))
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
  const muteUrl = `http://127.0.0.1:${(mute.address() as AddressInfo).port}`
  const relay = await startGunRelay()
  try {
    const { samples, note } = await quietRounds<Sample>(rounds, async (round) => [
      await watched(() => meeting(REFUSED, relay, CLOSED, round)),
      await watched(() => meeting(MUTE, relay, muteUrl, round)),
      await watched(() => crossing(relay, round)),
    ])
    return finding(samples, note)
  } finally {
    mute.close()
    await relay.close()
  }
}

async function meeting(
  kind: typeof REFUSED | typeof MUTE,
  relay: GunRelay,
  host: string,
  round: number,
): Promise<Omit<Sample, keyof Watched>> {
  // The first one in such a network waits until the room has failed so often.
  const options = () => ({ iceServers: [], attempts: 1, carriers: [gunCarrier({ relays: [relay.url] })] })
  const roomUrl = `${host}/n/gun-${kind}-${round}`
  const sitting = join(roomUrl, options())
  // Spread over a second, so that nothing periodic can fall in step with the rounds.
  await sleep(1_500 + ((round * 379) % 1_000))
  const startedMs = performance.now()
  const both = await Promise.all([sitting, join(roomUrl, options())])
  try {
    const metMs = (await holds(() => both.every(({ peers }) => peers.size === 1))) - startedMs
    const directMs = (await holds(() => both.every(isDirect))) - startedMs
    return { kind, metMs, directMs }
  } finally {
    await Promise.all(both.map((network) => network.close()))
  }
}

function isDirect({ peers }: Network): boolean {
  return [...peers.values()].some(({ path }) => path.kind === 'direct')
}

/** Connects, reads what somebody left, leaves something, and reads the answer to it: what an introduction takes at least. */
async function crossing(relay: GunRelay, round: number): Promise<Omit<Sample, keyof Watched>> {
  const [hall, mailbox] = [`hall ${round}`, `mailbox ${round}`]
  const sitting = await GunStranger.of(relay.url)
  sitting.get(mailbox)
  sitting.put(hall, { sitting: 'here' })
  await sleep(500)
  const startedMs = performance.now()
  const comer = await GunStranger.of(relay.url)
  comer.get(hall)
  await holds(() => hasHeard(comer, 'here'))
  comer.put(mailbox, { comer: 'hello' })
  await holds(() => hasHeard(sitting, 'hello'))
  sitting.put(hall, { sitting: 'welcome' })
  const metMs = (await holds(() => hasHeard(comer, 'welcome'))) - startedMs
  sitting.close()
  comer.close()
  return { kind: CONTROL, metMs, directMs: metMs }
}

function hasHeard({ heard }: GunStranger, word: string): boolean {
  return heard.some((text) => text.includes(word))
}

/** When it began to hold. */
async function holds(condition: () => boolean): Promise<number> {
  for (const endMs = performance.now() + PATIENCE_MS; performance.now() < endMs; await sleep(LOOK_MS)) {
    if (condition()) return performance.now()
  }
  throw new Error(`not within ${PATIENCE_MS} ms: ${String(condition)}`)
}

function finding(samples: readonly Sample[], note: string): Finding {
  const of = (kind: Sample['kind'], step: 'metMs' | 'directMs') =>
    samples.filter((sample) => sample.kind === kind).map((sample) => sample[step])
  const control = spread(of(CONTROL, 'metMs'))
  const row = (kind: Sample['kind'], step: 'metMs' | 'directMs', what: string, bar?: number): Row => ({
    what,
    ours: spread(of(kind, step)),
    control,
    value: quantile(of(kind, step), 1),
    unit: ' ms',
    ...(bar !== undefined && { bar }),
  })
  return {
    title: 'Finding each other by Gun alone',
    rows: [
      row(REFUSED, 'metMs', 'join to proven on both sides, room’s port closed, ms', DISCOVERY_BAR_MS),
      row(REFUSED, 'directMs', 'join to direct on both sides, ms'),
      row(MUTE, 'metMs', 'join to proven on both sides, room’s host hangs, ms', DISCOVERY_BAR_MS),
      row(MUTE, 'directMs', 'join to direct on both sides, ms'),
    ],
    notes: [
      note,
      'Two Node clients, and a relay of Gun with AXE in a process of its own. The value is the slowest.',
      'Control: two bare sockets to the same relay; from connecting, through reading what the other had left and writing to it, to its answer.',
      'A host that hangs is waited for half a second before others are looked for.',
    ],
    samples,
  }
}
