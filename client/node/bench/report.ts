/** How the bench speaks: to programs one JSON object a line, to people a table that grows. */
import { durationWords } from '../../words.ts'
import type { FailedEvent, Timed } from '../telling.ts'
import type { Style } from '../terminal.ts'
import type { ControlName, Measurement, MeasurementName } from './measurement.ts'
import type { Figures } from './samples.ts'

export type BenchEvent =
  | {
      readonly event: 'began'
      /** Where the sessions meet. */
      readonly roomUrl: string
      /** A room of their own on the same host, since the one that was named is large. */
      readonly ownRoom: boolean
      /** Others in the room that was named. */
      readonly total: number
    }
  | { readonly event: 'measuring'; readonly what: MeasurementName }
  | ({ readonly event: 'measured' } & Measurement)
  /** This, and what needs it. */
  | { readonly event: 'skipped'; readonly what: MeasurementName; readonly reason: string }
  | { readonly event: 'done' }

export function benchLines(event: Timed<BenchEvent | FailedEvent>, style: Style): string | undefined {
  switch (event.event) {
    case 'began':
      return `${event.ownRoom ? `In a room of its own, since this one is large.\n` : ''}${style.dim(HEAD)}`
    case 'measuring':
    case 'failed':
    case 'done':
      return undefined
    case 'measured': {
      const { what, unit, figures, control } = event
      const beside = control
        ? `${figureWords(control.figures, unit).padEnd(FIGURE_COLUMNS)}  ${style.dim(CONTROL_WORDS[control.what])}`
        : ''
      return line(WORDS[what], style.accent(figureWords(figures, unit).padEnd(FIGURE_COLUMNS)), beside)
    }
    case 'skipped':
      return line(WORDS[event.what], style.bad('skipped'), event.reason)
    default:
      return event satisfies never
  }
}

/** What is being measured, for a line that will be replaced. */
export function measuringWords(what: MeasurementName): string {
  return `…  ${WORDS[what]}`
}

const WORDS: Record<MeasurementName, string> = {
  join: 'join',
  'first-message': 'first message',
  direct: 'direct path',
  'rtt-relay': 'round trip, relay',
  'rtt-direct': 'round trip, direct',
  'throughput-relay': 'throughput, relay',
  'throughput-direct': 'throughput, direct',
}
const CONTROL_WORDS: Record<ControlName, string> = {
  websocket: 'a bare WebSocket that the door refuses',
  http: 'GET /health',
  'data-channel': 'a bare data channel',
}
const NAME_COLUMNS = 'throughput, direct'.length
const FIGURE_COLUMNS = '100 ms (100 ms to 100 ms)'.length
const HEAD = line('', 'Edge-Net'.padEnd(FIGURE_COLUMNS), 'control')

function line(name: string, figures: string, rest: string): string {
  return `${name.padEnd(NAME_COLUMNS)}  ${figures}  ${rest}`.trimEnd()
}

/** Of so many samples the 95th of a hundred is just the largest. */
const FEW = 20

function figureWords({ count, p50, p95, least, most }: Figures, unit: Measurement['unit']): string {
  if (unit === 'MiB/s') return `${p50 >= 10 ? Math.round(p50) : p50.toFixed(1)} MiB/s`
  const further = count >= FEW ? `, p95 ${durationWords(p95)}` : ` (${durationWords(least)} to ${durationWords(most)})`
  return `${durationWords(p50)}${further}`
}
