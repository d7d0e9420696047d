/** What a series of measurements comes to. Quantiles, since a busy machine makes outliers that a mean would follow. */

export interface Figures {
  readonly count: number
  readonly p50: number
  readonly p95: number
  readonly least: number
  readonly most: number
}

export function figuresOf(samples: readonly number[]): Figures {
  const sorted = samples.toSorted((a, b) => a - b)
  const [p50, p95, least, most] = [0.5, 0.95, 0, 1].map((share) => rounded(quantile(sorted, share)))
  return { count: sorted.length, p50: p50 ?? 0, p95: p95 ?? 0, least: least ?? 0, most: most ?? 0 }
}

/** Between two samples it lies in proportion. */
function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share
  const below = sorted[Math.floor(at)] ?? 0
  const above = sorted[Math.ceil(at)] ?? below
  return below + (above - below) * (at - Math.floor(at))
}

/** Hundredths: of a millisecond, or of a MiB/s. */
function rounded(value: number): number {
  return Math.round(value * 100) / 100
}

/** One of ours, one of the control's: what else the machine does meets both. */
export async function inTurns(
  rounds: number,
  own: () => Promise<number>,
  control: () => Promise<number>,
): Promise<{ readonly ours: number[]; readonly bare: number[] }> {
  const [ours, bare]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    ours.push(await own())
    bare.push(await control())
  }
  return { ours, bare }
}
