/**
 * A piece of work, and the text that names it. The name holds everything that the work depends on, so whoever reads a
 * `taskId` in the ledger can do the same piece again and compare the hash of the result.
 *
 *     vectors/1/SEED/VECTORSxDIMENSIONS/QUERIES/TOP
 *
 * 1 is the version of everything in this folder that decides the result: generator, order of drawing, ranking, layout.
 */

/** Similarity search: which of many vectors point most nearly the way that each query points. */
export interface VectorTask {
  /** What the generator starts from: four words of 32 bits, not all zero. */
  readonly seed: readonly [number, number, number, number]
  readonly vectors: number
  readonly dimensions: number
  readonly queries: number
  /** How many of the nearest vectors are kept for each query. */
  readonly top: number
}

export type TaskSizes = Omit<VectorTask, 'seed'>

/**
 * Some 2 billion multiply-adds: 1 to 2 seconds of one core of a laptop, so that a contributor makes an entry every few
 * seconds, not every few milliseconds. Needs a third of a megabyte, which stays in the processor's cache.
 */
export const PIECE_SIZES: TaskSizes = { vectors: 16_384, dimensions: 128, queries: 1_000, top: 10 }

/** Who does somebody else's piece again must not be made to work, or to store, without end. */
const MAX_SIZES: TaskSizes = { vectors: 1_048_576, dimensions: 1_024, queries: 4_096, top: 64 }

const PATTERN = /^vectors\/1\/([\da-f]{32})\/([1-9]\d{0,6})x([1-9]\d{0,3})\/([1-9]\d{0,3})\/([1-9]\d?)$/
const WORD_DIGITS = 8

/** At most 56 characters, all ASCII: an entry has room for 64. */
export function taskIdOf({ seed, vectors, dimensions, queries, top }: VectorTask): string {
  const seedText = seed.map((word) => (word >>> 0).toString(16).padStart(WORD_DIGITS, '0')).join('')
  return `vectors/1/${seedText}/${vectors}x${dimensions}/${queries}/${top}`
}

/** The piece that a text names; `undefined` for anything that is not the name of one of ours. */
export function parseTaskId(taskId: string): VectorTask | undefined {
  const [, seedText = '', ...numbers] = PATTERN.exec(taskId) ?? []
  const [vectors = 0, dimensions = 0, queries = 0, top = 0] = numbers.map(Number)
  const seed = seedOf(seedText)
  if (!seed) return undefined
  const task = { seed, vectors, dimensions, queries, top }
  const isBounded =
    vectors <= MAX_SIZES.vectors &&
    dimensions <= MAX_SIZES.dimensions &&
    queries <= MAX_SIZES.queries &&
    top <= Math.min(MAX_SIZES.top, vectors)
  return isBounded ? task : undefined
}

function seedOf(text: string): VectorTask['seed'] | undefined {
  const word = (i: number) => Number.parseInt(text.slice(i * WORD_DIGITS, (i + 1) * WORD_DIGITS), 16)
  const seed = [word(0), word(1), word(2), word(3)] as const
  return seed.every((part) => part >= 0) && seed.some((part) => part !== 0) ? seed : undefined
}
