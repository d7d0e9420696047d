/** The direct path between two sessions in this process, beside two bare connections of the same engine. */
import type { Network } from '../../api.ts'
import type { MeetingPlace, Sessions } from '../doctor/sessions.ts'
import { nodeEngine } from '../engine.ts'
import { openBareChannel, type BareChannel } from './bare-channel.ts'
import { echoBetween } from './echo.ts'
import type { Measurement, MeasurementName } from './measurement.ts'
import { isDirect, met } from './meeting.ts'
import { figuresOf, inTurns } from './samples.ts'

const ROUNDS = 3
const ROUND_TRIPS = 200
const BULK_BYTES = 16 * 1_048_576
/** An attempt takes 12 s at most, and one DTLS packet may get lost inside the engine (LIMITS.md). */
const OPEN_MS = 15_000

/** @returns why there is nothing to measure, or `undefined` when there was */
export async function measureDirect(
  sessions: Sessions,
  place: MeetingPlace,
  begin: (what: MeasurementName) => void,
  measured: (measurement: Measurement) => void,
): Promise<string | undefined> {
  const engine = await nodeEngine()
  if (!engine) return 'there is no WebRTC engine here: npm install node-datachannel'
  begin('direct')
  const opens: number[] = []
  const bareOpens: number[] = []
  const here = await sessions.joinAlone(place, 'on')
  let there: Network | undefined
  let bare: BareChannel | undefined
  try {
    for (let round = 0; round < ROUNDS; round++) {
      await there?.close()
      bare?.close()
      bare = await openBareChannel(engine)
      if (!bare)
        return 'two bare connections on this machine do not open: a firewall may forbid UDP between its programs'
      bareOpens.push(bare.openedAfterMs)
      const startedMs = performance.now()
      there = await sessions.joinAlone(place, 'on')
      if (!(await isDirect(there, here, OPEN_MS))) return `no direct path on this machine within ${OPEN_MS / 1_000} s`
      opens.push(performance.now() - startedMs)
    }
    if (!there || !bare) return undefined
    const opened = { what: 'data-channel', figures: figuresOf(bareOpens) } as const
    measured({ what: 'direct', unit: 'ms', figures: figuresOf(opens), control: opened })

    begin('rtt-direct')
    const echo = echoBetween(there, await met(there, here), here)
    const rtts = await inTurns(ROUND_TRIPS, echo.roundTripMs, bare.roundTripMs)
    const rtt = { what: 'data-channel', figures: figuresOf(rtts.bare) } as const
    measured({ what: 'rtt-direct', unit: 'ms', figures: figuresOf(rtts.ours), control: rtt })

    begin('throughput-direct')
    const bareThroughput = figuresOf([await bare.throughput(BULK_BYTES)])
    const throughput = figuresOf([await echo.throughput(BULK_BYTES)])
    const control = { what: 'data-channel', figures: bareThroughput } as const
    measured({ what: 'throughput-direct', unit: 'MiB/s', figures: throughput, control })
    return undefined
  } finally {
    bare?.close()
    await Promise.all([there?.close(), here.close()])
  }
}
