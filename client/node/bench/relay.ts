/** Joining, and what goes through the room. */
import { SUBPROTOCOL } from '../../../protocol/limits.ts'
import type { MeetingPlace, Sessions } from '../doctor/sessions.ts'
import { httpRoundTripMs, refusedKnockMs } from './controls.ts'
import { echoBetween, message } from './echo.ts'
import type { Measurement, MeasurementName } from './measurement.ts'
import { met } from './meeting.ts'
import { figuresOf, inTurns } from './samples.ts'

/** Each is a join, of which a host allows a few dozen in 10 s. */
const JOIN_ROUNDS = 5
const ROUND_TRIPS = 50
/** A half of what a room takes from one sender in a second, and an eighth of what it takes at once (SECURITY.md). */
const BULK_BYTES = 1_048_576
const GREETING = 'bench: hello'

export async function measureRelay(
  sessions: Sessions,
  place: MeetingPlace,
  begin: (what: MeasurementName) => void,
  measured: (measurement: Measurement) => void,
): Promise<void> {
  const { room } = sessions
  const joins: number[] = []
  const firsts: number[] = []
  const knocks: number[] = []
  const here = await sessions.joinAlone(place, 'off')
  try {
    here.on('announced', ({ peer }) => peer.send(GREETING))
    for (let round = 0; round < JOIN_ROUNDS; round++) {
      knocks.push(await refusedKnockMs(room, SUBPROTOCOL))
      const startedMs = performance.now()
      const there = await sessions.joinAlone(place, 'off')
      joins.push(performance.now() - startedMs)
      await message(there, (data) => data === GREETING)
      firsts.push(performance.now() - startedMs)
      await there.close()
    }
    const control = { what: 'websocket', figures: figuresOf(knocks) } as const
    measured({ what: 'join', unit: 'ms', figures: figuresOf(joins), control })
    measured({ what: 'first-message', unit: 'ms', figures: figuresOf(firsts), control })

    begin('rtt-relay')
    const there = await sessions.joinAlone(place, 'off')
    try {
      const echo = echoBetween(there, await met(there, here), here)
      await httpRoundTripMs(room)
      const { ours, bare } = await inTurns(ROUND_TRIPS, echo.roundTripMs, () => httpRoundTripMs(room))
      const http = { what: 'http', figures: figuresOf(bare) } as const
      measured({ what: 'rtt-relay', unit: 'ms', figures: figuresOf(ours), control: http })
      begin('throughput-relay')
      const throughput = await echo.throughput(BULK_BYTES)
      measured({ what: 'throughput-relay', unit: 'MiB/s', figures: figuresOf([throughput]) })
    } finally {
      await there.close()
    }
  } finally {
    await here.close()
  }
}
