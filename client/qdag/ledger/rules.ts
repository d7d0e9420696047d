/**
 * What an entry and those that it builds on must agree in. Nothing else may decide whether an entry is accepted, least of
 * all a clock, or what else there is: otherwise peers with the same entries had different ledgers.
 */
import { compareBytes, type Bytes } from '../../../protocol/bytes.ts'
import type { Entry } from '../entry.ts'
import { EDGES, NONE, PREV, type Entries } from './entries.ts'
import type { Writers } from './writers.ts'

/** Why an entry can never be part of the ledger. No honest peer makes such. */
export type Fault =
  /** It builds on the network's beginning, though on something else as well, or though it is not its writer's first. */
  | 'root-misused'
  /** The entry that it names as the one before is not: other contributor, writer, or number. */
  | 'prev-mismatch'
  /** Its time is not above that of all it builds on. */
  | 'ts-order'
  /** Its time is less after that of the entry before than the network demands. */
  | 'pace'

export interface Rules {
  readonly networkId: Bytes
  /** Between two entries of one writer. */
  readonly minGapMs: number
  readonly entries: Entries
  readonly writers: Writers
}

/**
 * What is wrong with an entry, as far as can be told from the solid ones among those that it builds on.
 *
 * @param edges their indexes; {@link NONE} for those that are not there, or not solid yet
 */
export function faultOf(
  entry: Entry,
  edges: Int32Array,
  { networkId, minGapMs, entries, writers }: Rules,
): Fault | undefined {
  const { parents, prev: prevId, seq, tsMs } = entry
  const mayBeFirst = seq === 0 && parents.length === 1
  const isRoot = (id: Bytes, number: number) => edges[number] === NONE && compareBytes(id, networkId) === 0
  if (!mayBeFirst && parents.some(isRoot)) return 'root-misused'
  if ((prevId === undefined) !== (seq === 0) || (prevId && isRoot(prevId, PREV))) return 'prev-mismatch'
  for (let number = 0; number < EDGES; number++) {
    const to = edges[number] as number
    if (to !== NONE && tsMs <= entries.tsMs(to)) return 'ts-order'
  }
  const prev = edges[PREV] as number
  if (prev === NONE) return undefined
  const isPrev = entries.seq(prev) === seq - 1 && writers.is(entries.writer(prev), entry.contributor, entry.writer)
  if (!isPrev) return 'prev-mismatch'
  return tsMs < entries.tsMs(prev) + minGapMs ? 'pace' : undefined
}
