/** Walks over what entries build on. Indexes make them simple: whatever an entry builds on has a smaller one. */
import { EDGES, type Entries } from './entries.ts'

const OUTSIDE = 1
const INSIDE = 2

/**
 * Everything that is neither one of the `past` entries nor an ancestor of one, ascending. Goes down from the tips and ends
 * with the last one found: what it costs depends on how far back the difference reaches, not on the size of the ledger.
 */
export function notIn(entries: Entries, tips: readonly number[], past: readonly number[]): number[] {
  const found: number[] = []
  const marks = new Uint8Array(entries.length)
  for (const index of past) marks[index] = INSIDE
  // All entries are tips or ancestors of tips, and what builds on one outside is outside itself: so from the tips, by way of
  // those outside, all of them are reached.
  let reached = 0
  for (const tip of tips) {
    if (marks[tip] === INSIDE) continue
    marks[tip] = OUTSIDE
    reached++
  }
  for (let index = entries.length - 1; reached > 0; index--) {
    const mark = marks[index]
    if (mark === OUTSIDE) {
      found.push(index)
      reached--
    }
    for (let number = 0; number < EDGES; number++) {
      const to = entries.edge(index, number)
      if (to < 0) continue
      if (mark === INSIDE) {
        if (marks[to] === OUTSIDE) reached--
        marks[to] = INSIDE
      } else if (mark === OUTSIDE && marks[to] === 0) {
        marks[to] = OUTSIDE
        reached++
      }
    }
  }
  return found.toReversed()
}
