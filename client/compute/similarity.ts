/**
 * Similarity search over vectors that a seed gives: for each query, the vectors with the highest cosine.
 *
 * Every engine gets the same bytes: components are 8-bit integers, so sums of products are exact, and vectors are ranked by
 * the signed square of the cosine, `sign(dot) · dot² / |vector|²`. It has the order of the cosine and takes one division of
 * exact numbers, which IEEE 754 leaves no choice about; roots and sums of fractions would.
 */
import type { VectorTask } from './task.ts'
import { Xoshiro128 } from './xoshiro.ts'

/** In the result, for each of a query's nearest vectors: its number u32 and its dot product i32, big-endian. */
const RESULT_BYTES = 8

/**
 * One compute unit is a million multiply-adds of products and squares of components, counted where they are done. Drawing
 * random numbers, ranking and hashing come on top and are not counted.
 */
export const MULTIPLY_ADDS_PER_UNIT = 1_000_000

/** One piece of work on its way to its result. Does nothing by itself: somebody calls `step` until it is done. */
export class Similarity {
  readonly task: VectorTask
  readonly #random: Xoshiro128
  readonly #queries: Int8Array
  readonly #vector: Int8Array
  readonly #dots: Int32Array
  /** The best of each query side by side, the best first; `#ranks` has what they are ordered by. */
  readonly #ranks: Float64Array
  readonly #indexes: Uint32Array
  readonly #bestDots: Int32Array
  #done = 0
  #multiplyAdds = 0

  constructor(task: VectorTask) {
    this.task = task
    const { seed, dimensions, queries, top } = task
    this.#random = new Xoshiro128(seed)
    this.#queries = new Int8Array(queries * dimensions)
    this.#random.draw(this.#queries)
    this.#vector = new Int8Array(dimensions)
    this.#dots = new Int32Array(queries)
    this.#ranks = new Float64Array(queries * top).fill(-Infinity)
    this.#indexes = new Uint32Array(queries * top)
    this.#bestDots = new Int32Array(queries * top)
  }

  get isDone(): boolean {
    return this.#done === this.task.vectors
  }

  /** How much of the piece is done, 0 to 1. */
  get fraction(): number {
    return this.#done / this.task.vectors
  }

  /** Whole units of the work that has really been done. */
  get computeUnits(): number {
    return Math.floor(this.#multiplyAdds / MULTIPLY_ADDS_PER_UNIT)
  }

  /** Compares the next vector with all queries: about 0.1 ms in the usual sizes. Nothing happens once all are done. */
  step(): void {
    if (this.isDone) return
    this.#random.draw(this.#vector)
    const { dimensions, queries } = this.task
    const square = dotProducts(this.#vector, this.#vector, this.#dots, 1) || 1
    dotProducts(this.#vector, this.#queries, this.#dots, queries)
    for (let query = 0; query < queries; query++) this.#rank(query, square)
    this.#done++
    this.#multiplyAdds += dimensions * (1 + queries)
  }

  /** What was found: for each query in order its nearest vectors in order. To be read when the piece is done. */
  result(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#indexes.length * RESULT_BYTES)
    const view = new DataView(bytes.buffer)
    for (const [i, index] of this.#indexes.entries()) {
      view.setUint32(i * RESULT_BYTES, index)
      view.setInt32(i * RESULT_BYTES + 4, this.#bestDots[i] ?? 0)
    }
    return bytes
  }

  /** The query's own length scales all its ranks alike, so it can stay out. Of equals the earlier vector stays before. */
  #rank(query: number, square: number): void {
    const dot = this.#dots[query] ?? 0
    const rank = (dot * Math.abs(dot)) / square
    const first = query * this.task.top
    let place = first + this.task.top - 1
    if (rank <= (this.#ranks[place] ?? 0)) return
    for (; place > first && rank > (this.#ranks[place - 1] ?? 0); place--) {
      this.#ranks[place] = this.#ranks[place - 1] ?? 0
      this.#indexes[place] = this.#indexes[place - 1] ?? 0
      this.#bestDots[place] = this.#bestDots[place - 1] ?? 0
    }
    this.#ranks[place] = rank
    this.#indexes[place] = this.#done
    this.#bestDots[place] = dot
  }
}

/**
 * Dot products of one vector with `count` others that stand one behind the other; returns the last one. Nearly all of the
 * time goes here. Engines keep it in 32-bit registers: the sum of 1,024 products of bytes is at most 2^24.
 */
function dotProducts(vector: Int8Array, others: Int8Array, dots: Int32Array, count: number): number {
  const { length } = vector
  let dot = 0
  for (let other = 0, at = 0; other < count; other++) {
    dot = 0
    for (let i = 0; i < length; i++, at++) dot = (dot + Math.imul(vector[i] ?? 0, others[at] ?? 0)) | 0
    dots[other] = dot
  }
  return dot
}
