/** The bounds of entries and batches. Both sides of the wire must agree on them: an entry beyond one is no entry. */
import { KEY_BYTES, MAX_CHAIN_BYTES, SIGNATURE_BYTES } from '../../protocol/limits.ts'

/** A SHA-256: of an entry, a network's genesis, a result. */
export const ID_BYTES = 32
/** Enough that the stores of one contributor never draw the same. */
export const WRITER_BYTES = 16
/** A name of a piece of work, or the hash of one; it is most of what an entry costs beside its signature. */
export const MAX_TASK_BYTES = 64
/** One tip to extend and one to join with it; more would add bytes and no order. */
export const MAX_PARENTS = 2
/** A trillion units. Sums of many such claims pass 2^53, so sums are kept exactly in two parts. */
export const MAX_COMPUTE_UNITS = 2 ** 40
export const UNITS_PER_CREDIT = 100
/** The number of a writer's entry stays below: one a second for 136 years. */
export const SEQ_LIMIT = 2 ** 32
/** An entry's time stays below: the year 10889, in milliseconds. */
export const TS_LIMIT_MS = 2 ** 48
/** Seven bytes hold 49 bits: a time, and the difference of two with its sign. */
export const MAX_VARINT_BYTES = 7
/** Requester, result hash, signature. */
export const RECEIPT_BYTES = KEY_BYTES + ID_BYTES + SIGNATURE_BYTES
/** Version, shape, contributor, writer, number 0, time, units, task, parents, receipt, chain, signature. */
export const MAX_ENTRY_BYTES =
  2 +
  KEY_BYTES +
  WRITER_BYTES +
  1 +
  7 +
  6 +
  (1 + MAX_TASK_BYTES) +
  MAX_PARENTS * ID_BYTES +
  RECEIPT_BYTES +
  (2 + MAX_CHAIN_BYTES) +
  SIGNATURE_BYTES

/** The gain levels off: a batch of a thousand costs 40 bytes an entry less than one of sixteen, ten thousand 10 less. */
export const MAX_BATCH_ENTRIES = 1_024
/** Holds any 1,024 entries that have no chain, and what decoding takes stays a few megabytes. */
export const MAX_BATCH_BYTES = 524_288

/** An entry with the longest chain in base64url, and a task of which every character is escaped, is about 4,000. */
export const MAX_JSON_LINE_CHARACTERS = 8_192
