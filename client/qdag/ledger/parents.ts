/**
 * What a new entry builds on: up to two tips, drawn at random, so that peers who draw at the same time seldom draw the same,
 * and every tip is soon built on. First a contributor is drawn and then one of their tips: who has a thousand tips has no
 * more weight than who has one. Others come before oneself, because only others are witnesses.
 */
import { EDGES, FLAG, NONE, type Entries } from './entries.ts'

/** A tip that nobody has built on for this long has missed its turn: others were there when it came, or it came late. */
const FRESH_MS = 30_000
/** One that builds on nothing that is confirmed and younger than this was attached to the past. */
const MAX_CONFIRMED_AGE_MS = 150_000
/** How far down such is looked for: where three witnesses are needed, some thirty entries are unconfirmed at a time. */
const MAX_LOOKS = 64
/** How many contributors are drawn to choose from: a crowd of keys must not cost a crowd of looks. */
const MAX_DRAWS = 32
/**
 * One time in so many, the second is a tip that missed its turn. If nobody ever joined those, every partition would leave
 * some behind, and every comparison of ledgers would have to name them.
 */
const OLD_TIP_EVERY = 8

export interface Draw {
  readonly entries: Entries
  /** The number of an entry's contributor. */
  readonly contributorOf: (index: number) => number
  readonly tips: readonly number[]
  /** The number of the contributor who builds; {@link NONE} for one who is new. */
  readonly own: number
  /** The writer's entry before, which is an edge anyway; {@link NONE} when there is none. */
  readonly follows: number
  readonly random: () => number
  readonly nowMs: number
}

/** None when there is no tip besides the one that it follows. */
export function drawParents(draw: Draw): number[] {
  const { entries, random, nowMs } = draw
  const { others, own } = byContributor(draw)
  const fresh: number[] = []
  const old: number[] = []
  /** Of contributors who have one parent already. */
  const second: number[] = []
  for (let draws = 0; draws < MAX_DRAWS && others.length > 0; draws++) {
    const tips = takeAny(others, random)
    const tip = takeAny(tips, random)
    const list = isFresh(entries, tip, nowMs) ? fresh : old
    list.push(tip)
    if (tips.length > 0) second.push(takeAny(tips, random))
  }
  const joinsOld = random() * OLD_TIP_EVERY < 1 && old.length > 0
  return [...fresh.slice(0, joinsOld ? 1 : 2), ...old, ...second, ...own].slice(0, 2)
}

/** All tips but the one that it follows. */
function byContributor({ tips, own, follows, contributorOf }: Draw): { others: number[][]; own: number[] } {
  const groups = new Map<number, number[]>()
  for (const tip of tips) {
    if (tip === follows) continue
    const contributor = contributorOf(tip)
    const group = groups.get(contributor)
    if (group) group.push(tip)
    else groups.set(contributor, [tip])
  }
  const others = [...groups].filter(([contributor]) => contributor !== own)
  return { others: others.map(([, group]) => group), own: groups.get(own) ?? [] }
}

/** Takes one out at random; the last takes its place. */
function takeAny<T>(from: T[], random: () => number): T {
  const at = Math.floor(random() * from.length)
  const taken = from[at] as T
  from[at] = from[from.length - 1] as T
  from.pop()
  return taken
}

function isFresh(entries: Entries, tip: number, nowMs: number): boolean {
  if (entries.tsMs(tip) < nowMs - FRESH_MS) return false
  const unconfirmed = new Set([tip])
  // It grows while it is gone through.
  for (const index of unconfirmed) {
    for (let number = 0; number < EDGES; number++) {
      const to = entries.edge(index, number)
      if (to === NONE) continue
      if (!entries.has(to, FLAG.confirmed)) {
        if (unconfirmed.size < MAX_LOOKS) unconfirmed.add(to)
      } else if (entries.tsMs(to) >= nowMs - MAX_CONFIRMED_AGE_MS) return true
    }
  }
  return false
}
