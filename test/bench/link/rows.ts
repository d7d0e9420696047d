/** Rows of the link benches, which stand beside each other at every distance. */
import type { Row } from '../report.ts'
import { figure, median, quantile } from '../stats.ts'
import { DISTANCES_MS, type DistanceMs } from './world.ts'

/** Rounds take seconds here: so many times as many as wanted, and no more, for the sake of quiet neighbours. */
export const MAX_ROUNDS_FACTOR = 1.3

/** What both sides measured at a distance. */
export type SamplesOf = (side: 'ours' | 'bare', distanceMs: DistanceMs) => number[]

/** Median and 95th percentile. */
export function tail(samples: readonly number[]): string {
  return samples.length === 0 ? '–' : `${figure(median(samples))}, p95 ${figure(quantile(samples, 0.95))}`
}

/** One row per distance: the ratio of a quantile where there is a distance, the overhead in ms where there is none. */
export function comparedRows(what: string, samplesOf: SamplesOf, bar?: number, share = 0.5): Row[] {
  return DISTANCES_MS.flatMap((distanceMs) => {
    const [ours, bare] = [samplesOf('ours', distanceMs), samplesOf('bare', distanceMs)]
    if (ours.length === 0) return []
    const [oursAt, bareAt] = [quantile(ours, share), quantile(bare, share)]
    const texts = { what: `${what}, ${distanceMs} ms away, ms`, ours: tail(ours), control: tail(bare) }
    if (distanceMs === 0) return [{ ...texts, value: oursAt - bareAt, unit: ' ms more' }]
    return [{ ...texts, value: oursAt / bareAt, unit: ' ×', ...(bar !== undefined && { bar }) }]
  })
}

/** One row per distance with a bound of its own on a quantile of ours. */
export function boundedRows(
  what: string,
  samplesOf: SamplesOf,
  bound: (distanceMs: DistanceMs) => number | undefined,
  share: number,
): Row[] {
  return DISTANCES_MS.flatMap((distanceMs) => {
    const [ours, bare] = [samplesOf('ours', distanceMs), samplesOf('bare', distanceMs)]
    if (ours.length === 0) return []
    const bar = bound(distanceMs)
    const texts = { what: `${what}, ${distanceMs} ms away, p${share * 100}, ms`, ours: tail(ours), control: tail(bare) }
    return [{ ...texts, value: quantile(ours, share), unit: ' ms', ...(bar !== undefined && { bar }) }]
  })
}
