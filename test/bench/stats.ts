/** Order statistics of measured samples. Medians and quartiles, because neighbours on the machine make outliers. */

export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below + (above - below) * (at - Math.floor(at))
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5)
}

/** Three significant digits, which is more than two shared cores can hold. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const magnitude = Math.abs(value)
  return value.toFixed(magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : 2)
}

/** Median (p25–p75). */
export function spread(samples: readonly number[]): string {
  return `${figure(median(samples))} (${figure(quantile(samples, 0.25))}–${figure(quantile(samples, 0.75))})`
}
