/**
 * What two replicas say to each other: a kind, and the fields that it has. Reading never throws; it gives a message only when
 * the bytes are exactly one.
 */
import { concat, type Bytes } from '../../../protocol/bytes.ts'
import { fixed, layout, list, oneOf, rest, uint, type Field, type Layout } from '../../../protocol/layout.ts'
import { ID_BYTES } from '../entry-limits.ts'
import {
  MAX_ENTRIES_MESSAGE_BYTES,
  MAX_FETCH_IDS,
  MAX_HELD,
  MAX_LOCATORS,
  MAX_RANGE_EXPONENT,
  MAX_SHORT_IDS,
  MAX_TIPS,
  NONCE_BYTES,
  PREFIX_BYTES,
  SHORT_ID_BYTES,
} from './limits.ts'

export { MAX_RANGE_EXPONENT, MAX_SHORT_IDS } from './limits.ts'

/** Of a message with entries, what is not its batch: the kind, and two flags at most. */
export const ENTRIES_HEAD_BYTES = 3

const VERSION = 1

/** The bodies, by the kind of their message. */
export interface Bodies {
  /** What one has. Both sides send one before anything else, and whenever they want to compare anew. */
  qdag_sync_request: {
    readonly version: typeof VERSION
    /** Answers the other's, so that it needs no answer itself. */
    readonly isAnswer: boolean
    readonly nonce: Bytes
    readonly tipDigest: Bytes
    readonly count: number
    /** What the sender's clock shows, in milliseconds since 1970. */
    readonly wallMs: number
  }
  /** What one has, in more detail. */
  qdag_frontier: {
    /** There are more tips than are listed. */
    readonly hasMore: boolean
    /** Entries are on their way from others: not to be sent any now. */
    readonly isHolding: boolean
    readonly tips: readonly Bytes[]
    readonly locators: readonly Bytes[]
    /** Entries that are here but not part of the ledger: what they build on may be missing. */
    readonly held: readonly Bytes[]
  }
  /** Which of the other's tips and locators one has. */
  qdag_known: { readonly bits: Bytes }
  /** Candidates under the comparison's key, ascending. */
  qdag_short_ids: { readonly isLast: boolean; readonly ids: Bytes }
  /** Sums of the candidates' short ids, by their top bits. */
  qdag_ranges: { readonly sums: Bytes }
  /** Those of the ranges that differ. */
  qdag_range_difference: { readonly bits: Bytes }
  /** Those of the short ids that one lacks. */
  qdag_want: { readonly bits: Bytes }
  /** Entries that the other lacks; none when the last message had none to add. */
  qdag_sync_response: {
    readonly isLast: boolean
    /** In the last one: these are not all; compare again. */
    readonly hasMore: boolean
    readonly batch: Bytes
  }
  /** New entries, and those that were asked for one by one. */
  qdag_entries: { readonly batch: Bytes }
  qdag_fetch: { readonly ids: readonly Bytes[] }
  qdag_digest: { readonly tipDigest: Bytes; readonly count: number }
  /** Not now. */
  qdag_busy: { readonly retryAfterMs: number }
  /** Messages with entries, of so many bytes together, have been dealt with since the last of these. */
  qdag_taken: { readonly byteLength: number }
}

export type Kind = keyof Bodies
export type SyncMessage = { [K in Kind]: { readonly kind: K } & Bodies[K] }[Kind]

const flag = oneOf([false, true])
const count = uint(6)
const digest = fixed(ID_BYTES)
const prefix = fixed(PREFIX_BYTES)

const LAYOUTS: { readonly [K in Kind]: Layout<Bodies[K]> } = {
  qdag_sync_request: layout({
    version: oneOf([undefined, VERSION]),
    isAnswer: flag,
    nonce: fixed(NONCE_BYTES),
    tipDigest: digest,
    count,
    wallMs: count,
  }),
  qdag_frontier: layout({
    hasMore: flag,
    isHolding: flag,
    tips: list(prefix, MAX_TIPS),
    locators: list(prefix, MAX_LOCATORS),
    held: list(prefix, MAX_HELD),
  }),
  qdag_known: layout({ bits: restUpTo((MAX_TIPS + MAX_LOCATORS) / 8) }),
  qdag_short_ids: layout({ isLast: flag, ids: restUpTo(MAX_SHORT_IDS * SHORT_ID_BYTES, SHORT_ID_BYTES) }),
  qdag_ranges: layout({ sums: sums() }),
  qdag_range_difference: layout({ bits: restUpTo(2 ** MAX_RANGE_EXPONENT / 8) }),
  qdag_want: layout({ bits: restUpTo(MAX_SHORT_IDS / 8) }),
  qdag_sync_response: layout({
    isLast: flag,
    hasMore: flag,
    batch: restUpTo(MAX_ENTRIES_MESSAGE_BYTES - ENTRIES_HEAD_BYTES),
  }),
  qdag_entries: layout({ batch: restUpTo(MAX_ENTRIES_MESSAGE_BYTES - 1) }),
  qdag_fetch: layout({ ids: list(fixed(ID_BYTES), MAX_FETCH_IDS) }),
  qdag_digest: layout({ tipDigest: digest, count }),
  qdag_busy: layout({ retryAfterMs: uint(4) }),
  qdag_taken: layout({ byteLength: uint(4) }),
}

/** The place in the list is the code on the wire. */
const KINDS: readonly (Kind | undefined)[] = [
  undefined,
  'qdag_sync_request',
  'qdag_frontier',
  'qdag_known',
  'qdag_short_ids',
  'qdag_ranges',
  'qdag_range_difference',
  'qdag_want',
  'qdag_sync_response',
  'qdag_entries',
  'qdag_fetch',
  'qdag_digest',
  'qdag_busy',
  'qdag_taken',
]

export function encodeMessage<K extends Kind>(kind: K, body: Bodies[K]): Bytes {
  const layoutOf: Layout<Bodies[K]> = LAYOUTS[kind]
  return concat(new Uint8Array([KINDS.indexOf(kind)]), layoutOf.encode(body))
}

/** The message in these bytes, or `undefined` when they are none. What is in a batch is not looked at. */
export function decodeMessage(bytes: Bytes): SyncMessage | undefined {
  const kind = KINDS[bytes[0] ?? 0]
  const body = kind && LAYOUTS[kind].decode(bytes.subarray(1))
  // Each kind's layout gives the body of that kind.
  return kind && body && ({ kind, ...body } as SyncMessage)
}

/** All that is left, up to a length, in whole units. */
function restUpTo(maxBytes: number, unitBytes = 1): Field<Bytes> {
  return {
    put: (value) => value,
    take: (take) => {
      const bytes = rest.take(take)
      return bytes && bytes.length <= maxBytes && bytes.length % unitBytes === 0 ? bytes : undefined
    },
  }
}

/** An exponent, and a u64 for each of two to its power. */
function sums(): Field<Bytes> {
  const exponent = uint(1)
  return {
    put: (value) => concat(exponent.put(Math.log2(value.length / SHORT_ID_BYTES)), value),
    take: (take) => {
      const power = exponent.take(take)
      const isFit = power !== undefined && power > 0 && power <= MAX_RANGE_EXPONENT
      return isFit ? take(SHORT_ID_BYTES * 2 ** power) : undefined
    },
  }
}
