/** What Argon2id is given, wherever it runs. */
import type { Bytes } from '../../protocol/bytes.ts'
import type { Cost } from './cost.ts'

export interface Argon2Input {
  readonly secret: Bytes
  readonly salt: Bytes
  readonly cost: Cost
}

/** Of an AES-256 key. */
const HASH_BYTES = 32
/** A progress bar has no use for finer steps. */
const PROGRESS_STEP = 0.01

/** As the library calls them. */
export function argon2Options({ cost }: Argon2Input, onProgress: (done: number) => void) {
  let told = 0
  return {
    m: cost.memoryKiB,
    t: cost.passes,
    p: cost.lanes,
    dkLen: HASH_BYTES,
    onProgress: (done: number) => {
      if (done - told < PROGRESS_STEP && done < 1) return
      told = done
      onProgress(done)
    },
  }
}
