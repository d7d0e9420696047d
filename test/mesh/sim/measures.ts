/** What is measured of an overlay and of what was said on it. */

/** Which part of the overlay each peer belongs to, by union-find. */
export function largestComponent(members: readonly number[], edgesOf: (index: number) => Iterable<number>): number {
  const parent = new Map(members.map((index) => [index, index]))
  const root = (index: number): number => {
    let at = index
    for (let up = parent.get(at) ?? at; up !== at; up = parent.get(at) ?? at) {
      parent.set(at, parent.get(up) ?? up)
      at = up
    }
    return at
  }
  for (const index of members) {
    for (const other of edgesOf(index)) if (parent.has(other)) parent.set(root(index), root(other))
  }
  const sizes = new Map<number, number>()
  for (const index of members) sizes.set(root(index), (sizes.get(root(index)) ?? 0) + 1)
  return Math.max(0, ...sizes.values())
}

/** When a flood would reach everybody: shortest paths (Dijkstra) over those who relay. */
export function floodMs(
  origin: number,
  edgesOf: (index: number) => Iterable<number>,
  relays: (index: number) => boolean,
  delayMs: (a: number, b: number) => number,
): Map<number, number> {
  const reached = new Map<number, number>()
  const days: number[][] = [[origin]]
  for (let day = 0; day < days.length; day++) {
    for (const at of days[day] ?? []) {
      if (reached.has(at)) continue
      reached.set(at, day)
      if (at !== origin && !relays(at)) continue
      for (const next of edgesOf(at)) {
        if (reached.has(next)) continue
        const due = day + delayMs(at, next)
        while (days.length <= due) days.push([])
        days[due]?.push(next)
      }
    }
    days[day] = []
  }
  return reached
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
