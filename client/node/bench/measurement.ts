/** What the bench measures. Names and fields are stable: programs read them from `--json`. */
import type { Figures } from './samples.ts'

export type MeasurementName =
  'join' | 'first-message' | 'direct' | 'rtt-relay' | 'rtt-direct' | 'throughput-relay' | 'throughput-direct'

/** What stands beside a number, so that it can be read: the same machine or way without Edge-Net. */
export type ControlName = 'websocket' | 'http' | 'data-channel'

export interface Measurement {
  readonly what: MeasurementName
  readonly unit: 'ms' | 'MiB/s'
  readonly figures: Figures
  readonly control?: { readonly what: ControlName; readonly figures: Figures }
}
