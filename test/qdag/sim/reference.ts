/**
 * What must be true of a set of entries, computed anew from nothing but the set, slowly and in another way than the ledger
 * does: for every entry the set of contributors that have built on it, and for every claim all claims beside it.
 */
import type { Entry } from '../../../client/qdag/entry.ts'
import type { Bytes } from '../../../protocol/bytes.ts'

export interface Standing {
  credits: number
  attestedCredits: number
  entries: number
  confirmedEntries: number
  isForked: boolean
}

export interface Reference {
  readonly tips: ReadonlySet<string>
  readonly confirmed: ReadonlySet<string>
  /** By contributor. */
  readonly standings: ReadonlyMap<string, Standing>
}

const UNITS_PER_CREDIT = 100

/** A key for maps: bytes are compared by identity. */
export const keyOf = (bytes: Bytes): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')

/** All that an entry builds on, `prev` included; the root is nobody's entry. */
export function edgesOf(entry: Entry, root: string): string[] {
  const edges = entry.parents.map(keyOf).filter((parent) => parent !== root)
  if (entry.prev) edges.push(keyOf(entry.prev))
  return edges
}

/** @param entries closed: with every entry all that it builds on */
export function referenceOf(entries: readonly Entry[], networkId: Bytes, confirmations: number): Reference {
  const root = keyOf(networkId)
  const tips = new Set(entries.map(({ id }) => keyOf(id)))
  const numbers = new Map<string, number>()
  for (const { contributor } of entries) {
    const key = keyOf(contributor)
    if (!numbers.has(key)) numbers.set(key, numbers.size)
  }
  // Time grows along every edge: the latest first is a topological order.
  const builders = new Map<string, bigint>()
  const confirmed = new Set<string>()
  for (const entry of [...entries].toSorted((a, b) => b.tsMs - a.tsMs)) {
    const key = keyOf(entry.id)
    const own = 1n << BigInt(numbers.get(keyOf(entry.contributor)) ?? 0)
    const on = builders.get(key) ?? 0n
    if (countOf(on & ~own) >= confirmations) confirmed.add(key)
    for (const edge of edgesOf(entry, root)) {
      tips.delete(edge)
      builders.set(edge, (builders.get(edge) ?? 0n) | on | own)
    }
  }
  return { tips, confirmed, standings: standingsOf(entries, confirmed) }
}

function standingsOf(entries: readonly Entry[], confirmed: ReadonlySet<string>): Map<string, Standing> {
  const standings = new Map<string, Standing>()
  const claims = new Map<string, { standing: Standing; credits: number; isAttested: boolean }>()
  const places = new Set<string>()
  for (const { id, contributor, writer, seq, taskId, computeUnits, receipt } of entries) {
    const key = keyOf(contributor)
    const standing = standings.get(key) ?? {
      credits: 0,
      attestedCredits: 0,
      entries: 0,
      confirmedEntries: 0,
      isForked: false,
    }
    standings.set(key, standing)
    standing.entries++
    if (confirmed.has(keyOf(id))) standing.confirmedEntries++
    const place = `${key}${keyOf(writer)}${seq}`
    if (places.has(place)) standing.isForked = true
    places.add(place)
    const claim = claims.get(key + taskId) ?? { standing, credits: Infinity, isAttested: false }
    claims.set(key + taskId, claim)
    claim.credits = Math.min(claim.credits, Math.floor(computeUnits / UNITS_PER_CREDIT))
    claim.isAttested ||= receipt !== undefined
  }
  for (const { standing, credits, isAttested } of claims.values()) {
    standing.credits += credits
    if (isAttested) standing.attestedCredits += credits
  }
  return standings
}

function countOf(bits: bigint): number {
  let count = 0
  for (let rest = bits; rest > 0n; rest &= rest - 1n) count++
  return count
}
