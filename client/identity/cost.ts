/** What a backup makes everybody pay who tries a pass phrase: its owner once, and whoever guesses each time. */

/** Of Argon2id, RFC 9106. */
export interface Cost {
  readonly memoryKiB: number
  /** Over all of the memory. */
  readonly passes: number
  /** Parts of the memory that may be worked on side by side. Here one follows the other. */
  readonly lanes: number
}

/**
 * The second recommended option of RFC 9106 section 4, which is for where 2 GiB of memory cannot be had, as in browsers.
 * Measured on one core of a server: 0.8 s in Node and in Chromium; 0.13 s for who guesses with native code on the same core.
 */
export const BACKUP_COST: Cost = { memoryKiB: 65_536, passes: 3, lanes: 4 }

/** A file can ask for any cost; more than this would fill a phone's memory, or look as if it never ended. */
const MAX_MEMORY_KIB = 262_144
const MAX_LANES = 16
/** Memory times passes: five times what we ask for, some 4 s on that core. */
const MAX_WORK_KIB = 1_048_576
/** RFC 9106 section 3.1. */
const MIN_LANE_KIB = 8

/** Whether Argon2id knows such a cost, and a page that restores can bear it. */
export function isBearable({ memoryKiB, passes, lanes }: Cost): boolean {
  if (![memoryKiB, passes, lanes].every((value) => Number.isSafeInteger(value) && value >= 1)) return false
  if (lanes > MAX_LANES || memoryKiB < MIN_LANE_KIB * lanes || memoryKiB > MAX_MEMORY_KIB) return false
  return memoryKiB * passes <= MAX_WORK_KIB
}
