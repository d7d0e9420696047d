/** The bounds of what two replicas say to each other. Both sides must agree on them: a message beyond one is none. */

export const NONCE_BYTES = 16
/** Of an id where a part will do: nobody can make two entries that share so much of theirs. */
export const PREFIX_BYTES = 16
/** A mesh whose members talk has a few tips for each that writes at the moment; more come from a partition or a flood. */
export const MAX_TIPS = 64
/** At distances 1, 2, 4 …: enough for 2^38 entries, and the first one. */
export const MAX_LOCATORS = 40
/** More orphaned, parked and unverified entries than this are a flood; those that are not listed may be sent again. */
export const MAX_HELD = 64
export const SHORT_ID_BYTES = 8
/** 32 KiB in one message; above this many candidates, ranges tell first which of them matter. */
export const MAX_SHORT_IDS = 4_096
/** A million candidates. What is beyond is found the next time. */
export const MAX_SHORT_ID_LISTS = 256
/** 256 KiB of sums: at 32 candidates a range enough for a million. */
export const MAX_RANGE_EXPONENT = 15
/** A peer that lacks more is behind, and compares. */
export const MAX_FETCH_IDS = 64
/**
 * Messages with entries that the other side has not dealt with: a quarter of a second of verification, and a far link's round
 * trip. Links have no back-pressure that a receiver could use, and entries wait for the verifier.
 */
export const SYNC_WINDOW_BYTES = 262_144
/** One such message, so that another fits beside it and what has not been acknowledged. */
export const MAX_ENTRIES_MESSAGE_BYTES = 131_072
/** The receiver acknowledges whenever so much has been dealt with. */
export const TAKEN_BYTES = 32_768
