/** What is weighed: ledgers, and what they are compared with. */
import type { Entry } from '../../../client/qdag/entry.ts'
import { Ledger } from '../../../client/qdag/ledger.ts'
import { Predecessor } from './predecessor.ts'
import { NETWORK_ID, numbered, quickHash, START_MS, Stream } from './stream.ts'

export const CONTRIBUTORS = 200
export const LARGE = 1_000_000
/** Objects in memory; a million would take most of a gigabyte. */
export const OBJECTS = 200_000
export const FLOOD = 1_000_000
export const UNBOUNDED_FLOOD = 100_000
/** Peers that flood at the same time, more than there is room for. */
export const FLOODERS = 30
/** When all entries are long past. */
export const NOW_MS = START_MS + 10 ** 9

export const HOLDINGS = {
  ledger: () => grown(new Stream(CONTRIBUTORS), LARGE),
  // Two contributors are never witnesses enough: of each entry it is remembered who has built on it.
  unconfirmed: () => grown(new Stream(2), LARGE),
  objects: () => kept(OBJECTS),
  flood: () => flooded(FLOOD, 1),
  floods: () => flooded(FLOOD, FLOODERS),
  unbounded: () => Array.from({ length: UNBOUNDED_FLOOD }, (_, i) => orphan(i)),
}

export type Holding = keyof typeof HOLDINGS

export function grown(stream: Stream, size: number): Ledger {
  const ledger = new Ledger({ networkId: NETWORK_ID, sha256: quickHash, salt: 1 })
  for (let i = 0; i < size; i++) ledger.add(stream.next(), 'peer', NOW_MS)
  if (ledger.size !== size) throw new Error(`${size - ledger.size} entries were not taken.`)
  return ledger
}

function kept(size: number): Predecessor {
  const stream = new Stream(CONTRIBUTORS)
  const predecessor = new Predecessor()
  for (let i = 0; i < size; i++) predecessor.add(stream.next(), false)
  return predecessor
}

/** An honest peer's orphan, and a flood of them from others. */
function flooded(entries: number, peers: number): Ledger {
  const ledger = new Ledger({ networkId: NETWORK_ID, sha256: quickHash, salt: 1 })
  ledger.add(orphan(-1), 'ann', NOW_MS)
  for (let i = 0; i < entries; i++) ledger.add(orphan(i), `eve ${i % peers}`, NOW_MS)
  if (!ledger.knows(orphan(-1).id)) throw new Error('The flood has washed away what an honest peer sent.')
  return ledger
}

/** Builds on what nobody has. */
function orphan(number: number): Entry {
  return { ...new Stream(1).next(), id: numbered(2 * number + 2), parents: [numbered(2 * number + 3)] }
}
