/** What a compute loop needs and every runtime has: clock, random seeds and SHA-256. */
import { toBase64Url } from '../../protocol/bytes.ts'
import { sha256 } from '../../protocol/hash.ts'
import type { ComputeSurroundings } from './compute-loop.ts'
import { PIECE_SIZES, type VectorTask } from './task.ts'

export const PLATFORM: Pick<ComputeSurroundings, 'sizes' | 'nowMs' | 'newSeed' | 'hash'> = {
  sizes: PIECE_SIZES,
  nowMs: () => performance.now(),
  newSeed,
  hash: async (bytes) => toBase64Url(await sha256(bytes)),
}

function newSeed(): VectorTask['seed'] {
  const [a = 0, b = 0, c = 0, d = 0] = crypto.getRandomValues(new Uint32Array(4))
  // All zero is no seed, and comes once in 2^128 times.
  return [a, b, c, d || 1]
}
