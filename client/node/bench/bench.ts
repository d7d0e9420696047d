/**
 * `edge-net bench`: what this machine and this room reach, between two sessions of its own in this process, each number beside
 * a control from the same run. Through the room goes little: the host pays for it, and others wait behind it.
 */
import { EdgeNetError } from '../../errors.ts'
import { CommandFailure } from '../command-failure.ts'
import { Sessions } from '../doctor/sessions.ts'
import type { DoctorOptions } from '../doctor/doctor.ts'
import { EXIT, type ExitCode } from '../exit.ts'
import { unlessAborted } from '../unless-aborted.ts'
import type { Measurement, MeasurementName } from './measurement.ts'
import { measureDirect } from './direct.ts'
import { measureRelay } from './relay.ts'
import type { BenchEvent } from './report.ts'

/**
 * Measures, and tells each number as soon as it is known.
 *
 * @throws EdgeNetError when joining fails, `aborted` when told to end; CommandFailure when the room carries nothing
 */
export async function bench(
  roomUrl: string,
  options: DoctorOptions,
  tell: (event: BenchEvent) => void,
  ended: AbortSignal,
): Promise<ExitCode> {
  const sessions = new Sessions(roomUrl, options, ended, 'bench')
  const measured = (measurement: Measurement) => {
    ended.throwIfAborted()
    tell({ event: 'measured', ...measurement })
  }
  const begin = (what: MeasurementName) => tell({ event: 'measuring', what })
  const relay = async () => {
    begin('join')
    const visit = await sessions.enter({ direct: 'off' })
    const { total } = visit
    await visit.close()
    const place = sessions.meetingPlace(total - 1)
    tell({ event: 'began', roomUrl: place.url, ownRoom: place.isCrowded, total: total - 1 })
    await measureRelay(sessions, place, begin, measured)
    return place
  }
  try {
    const place = await unlessAborted(relay(), ended)
    const reason = await unlessAborted(measureDirect(sessions, place, begin, measured), ended)
    if (reason !== undefined) tell({ event: 'skipped', what: 'direct', reason })
  } catch (error) {
    if (error instanceof EdgeNetError || ended.aborted) throw error
    const said = error instanceof Error ? error.message : String(error)
    const hint = `npx edge-net doctor ${roomUrl} finds out what does not work.`
    throw new CommandFailure('interrupted', said, hint, { cause: error })
  }
  tell({ event: 'done' })
  return EXIT.ok
}
