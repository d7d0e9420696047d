/**
 * What a new entry builds on: two tips, drawn at random, so that peers who draw at the same time seldom draw the same and
 * all are built on soon. Contributors are drawn first and then a tip of theirs, so that one with a thousand tips has no more
 * weight than one with one; others before one's own, because only others are witnesses.
 */
import { EDGES, FLAG, type Entries } from './entries.ts'

/** A tip that nobody has built on for this long has missed its turn: whoever had reason to has built on others. */
const FRESH_MS = 30_000
/** One that is joined to nothing confirmed since then was attached to the past. */
const MAX_CONFIRMED_AGE_MS = 150_000
/** How far down that is looked for. With three witnesses needed, some thirty entries are unconfirmed at a time. */
const MAX_LOOKS = 64
/** Contributors that are drawn at most: a crowd of keys must not cost a crowd of looks. */
const MAX_DRAWS = 32
/**
 * One in so many times the second parent is a tip that missed its turn. Without that, every partition would leave tips that
 * nobody ever joins, and every comparison of ledgers would have to name them.
 */
const OLD_TIP_EVERY = 8

export interface Draw {
  readonly entries: Entries
  readonly contributorOf: (index: number) => number
  readonly tips: readonly number[]
  /** The number of who builds, or -1 for one who is new. */
  readonly self: number
  /** The entry that it follows, which is an edge already; -1 for none. */
  readonly prev: number
  readonly random: () => number
  readonly nowMs: number
}

/** Up to two tips, the better one first. None when there is no tip but that one. */
export function drawParents(draw: Draw): number[] {
  const { entries, random, nowMs } = draw
  const { others, own } = byContributor(draw)
  const fresh: number[] = []
  const old: number[] = []
  const rest: number[] = []
  for (let draws = 0; draws < MAX_DRAWS && others.length > 0; draws++) {
    const tips = take(others, random)
    const tip = take(tips, random)
    ;(isFresh(entries, tip, nowMs) ? fresh : old).push(tip)
    rest.push(...tips.slice(0, 1))
  }
  const mustJoinOld = random() * OLD_TIP_EVERY < 1
  const first = fresh.slice(0, mustJoinOld && old.length > 0 ? 1 : 2)
  return [...first, ...old, ...rest, ...own].slice(0, 2)
}

/** All tips but the one it follows, in groups. */
function byContributor({ tips, prev, self, contributorOf }: Draw): { others: number[][]; own: number[] } {
  const groups = new Map<number, number[]>()
  for (const tip of tips) {
    if (tip === prev) continue
    const group = groups.get(contributorOf(tip))
    if (group) group.push(tip)
    else groups.set(contributorOf(tip), [tip])
  }
  const own = groups.get(self) ?? []
  groups.delete(self)
  return { others: [...groups.values()], own }
}

/** Takes a random one out; the order of the others may change. */
function take<T>(from: T[], random: () => number): T {
  const at = Math.floor(random() * from.length)
  const taken = from[at] as T
  from[at] = from[from.length - 1] as T
  from.pop()
  return taken
}

function isFresh(entries: Entries, tip: number, nowMs: number): boolean {
  if (entries.tsMs(tip) < nowMs - FRESH_MS) return false
  const seen = new Set([tip])
  for (const index of seen) {
    for (let number = 0; number < EDGES; number++) {
      const to = entries.edge(index, number)
      if (to < 0) continue
      const isConfirmed = entries.has(to, FLAG.confirmed)
      if (isConfirmed && entries.tsMs(to) >= nowMs - MAX_CONFIRMED_AGE_MS) return true
      if (!isConfirmed && seen.size < MAX_LOOKS) seen.add(to)
    }
  }
  return false
}
