/**
 * Messages that are counted from 1, and the check of what arrives: every number once, in order, whole. Both are pure,
 * and run in pages as well as in Node.
 */
import type { Data } from '../../client/api.ts'

const NUMBER_BYTES = 4
const SMALL_BYTES = 40
const MEDIUM_BYTES = 100_000
const LARGE_BYTES = 2 * 1_048_576
/** Two in a hundred take several frames, and one in five hundred more than the window of any path. */
const MEDIUM_EVERY = 50
const LARGE_EVERY = 500

/** How large the message of this number is, in bytes or characters. */
export function sizeOf(number: number): number {
  // Not with the very first ones: a link should have carried something before the largest comes.
  if (number % LARGE_EVERY === LARGE_EVERY / 2) return LARGE_BYTES
  return number % MEDIUM_EVERY === MEDIUM_EVERY / 2 ? MEDIUM_BYTES : SMALL_BYTES
}

/** The message of this number: odd ones are texts, even ones bytes. */
export function numbered(number: number): Data {
  if (number % 2 === 1) return `${number} `.padEnd(sizeOf(number), 'é')
  const bytes = new Uint8Array(sizeOf(number))
  for (let i = NUMBER_BYTES; i < bytes.length; i++) bytes[i] = number + i
  new DataView(bytes.buffer).setUint32(0, number)
  return bytes
}

export interface Tally {
  readonly received: number
  /** Numbers that were skipped and have not come since. */
  readonly lost: number
  readonly repeated: number
  readonly reordered: number
  /** Messages whose content is not what their number says. */
  readonly damaged: number
}

/** Takes messages as they arrive, and counts what is wrong with them. */
export class ArrivalCheck {
  #received = 0
  #highest = 0
  #repeated = 0
  #reordered = 0
  #damaged = 0
  readonly #missing = new Set<number>()

  get tally(): Tally {
    return {
      received: this.#received,
      lost: this.#missing.size,
      repeated: this.#repeated,
      reordered: this.#reordered,
      damaged: this.#damaged,
    }
  }

  take(data: Data): void {
    this.#received++
    const number = numberOf(data)
    if (number === undefined || !isSame(data, numbered(number))) {
      this.#damaged++
      return
    }
    if (number <= this.#highest) {
      if (this.#missing.delete(number)) this.#reordered++
      else this.#repeated++
      return
    }
    for (let skipped = this.#highest + 1; skipped < number; skipped++) this.#missing.add(skipped)
    this.#highest = number
  }
}

function numberOf(data: Data): number | undefined {
  if (typeof data === 'string') return Number.parseInt(data, 10) || undefined
  return data.length < NUMBER_BYTES ? undefined : new DataView(data.buffer, data.byteOffset).getUint32(0)
}

function isSame(a: Data, b: Data): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
