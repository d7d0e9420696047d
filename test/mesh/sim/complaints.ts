/** What a network that has lived must not show, as the first thing that is wrong with it. */
import type { Fault } from '../../../client/mesh/mesh.ts'
import type { Report } from './scenario.ts'

/** What holds in every network of this degree, whatever its members' own numbers are. */
export interface Bars {
  readonly maxNeighbours: number
  readonly minNeighbours: number
  readonly maxCopies: number
  /** How much later than a flood's the slowest hundredth may come. */
  readonly maxDelayRatio: number
  /** Hostile members that an honest one still has as neighbours, on average. */
  readonly maxHostileLinks: number
  /** Of the links that are wanted, those that do not come. */
  readonly maxUnmetShare: number
  /** Connections that one member begins in its life; what engines bear. */
  readonly maxConnections: number
  /** Somebody hostile is found out for this. */
  readonly mustFind?: Fault
}

export function complaintOf(report: Report, bars: Bars): string | undefined {
  const { moments, missed, wronged, copies, p99Ms, floodP99Ms, hostileLinks, maxConnections, unmet, demands } = report
  // Newcomers who came just now have yet to find their place, and so has a network in which hardly anybody is.
  const settled = moments.slice(Math.ceil(moments.length / 4))
  const last = settled.at(-1)
  const maxDegree = Math.max(...moments.map((moment) => moment.maxDegree))
  const minDegree = Math.min(...settled.map((moment) => moment.minDegree))
  if (!last || last.largest < last.peers) return `${last?.largest} of ${last?.peers} are connected`
  if (maxDegree > bars.maxNeighbours) return `somebody has ${maxDegree} neighbours`
  if (minDegree < bars.minNeighbours) return `somebody has ${minDegree} neighbours`
  if (missed > 0) return `${missed} hearings were missed`
  if (unmet > bars.maxUnmetShare * demands) return `${unmet} of ${demands} links were wanted in vain`
  if (Object.keys(wronged).length > 0) return `honest members are blamed: ${JSON.stringify(wronged)}`
  if (copies > bars.maxCopies) return `${copies.toFixed(2)} copies of each message`
  if (p99Ms > bars.maxDelayRatio * floodP99Ms) return `${p99Ms} ms where a flood takes ${floodP99Ms} ms`
  if (hostileLinks > bars.maxHostileLinks) return `${hostileLinks.toFixed(2)} hostile neighbours of each honest member`
  if (maxConnections > bars.maxConnections) return `${maxConnections} connections were begun by one member`
  if (bars.mustFind && !report.faults[bars.mustFind]) return `nobody is blamed for ${bars.mustFind}`
  return undefined
}
