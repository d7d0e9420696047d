/**
 * Writers, numbered in the order in which they came, each with its latest entry. An entry's number among its writer's was
 * used before exactly when it is not above that of the latest one, whose chain then leads to the other entry.
 */
import { concat, type Bytes } from '../../../protocol/bytes.ts'
import type { Sha256 } from '../api.ts'
import { ID_BYTES, WRITER_BYTES } from '../entry-limits.ts'
import type { Contributors } from './contributors.ts'
import { NONE, PREV, type Entries } from './entries.ts'
import { KeySet } from './key-set.ts'
import type { Mixer } from './mixer.ts'
import { PAGE_ROWS, Pages, rowOf } from './pages.ts'

class WriterPage {
  readonly names = new Uint8Array(PAGE_ROWS * WRITER_BYTES)
  readonly contributor = new Uint32Array(PAGE_ROWS)
  readonly head = new Int32Array(PAGE_ROWS)
}

export class Writers {
  readonly #entries: Entries
  readonly #contributors: Contributors
  readonly #sha256: Sha256
  /** Names are free to choose, their hashes are not. */
  readonly #hashes: KeySet
  readonly #pages = new Pages(() => new WriterPage())

  constructor(entries: Entries, contributors: Contributors, sha256: Sha256, mixer: Mixer) {
    this.#entries = entries
    this.#contributors = contributors
    this.#sha256 = sha256
    this.#hashes = new KeySet(ID_BYTES, mixer)
  }

  /** A writer's number, or {@link NONE}. */
  find(contributor: Bytes, name: Bytes): number {
    return this.#hashes.indexOf(this.#sha256(concat(contributor, name)))
  }

  /** The number of a writer, who is new if need be. */
  numberOf(contributor: Bytes, name: Bytes): number {
    const hash = this.#sha256(concat(contributor, name))
    const known = this.#hashes.indexOf(hash)
    if (known >= 0) return known
    this.#hashes.add(hash)
    const writer = this.#pages.add()
    const page = this.#pages.of(writer)
    page.names.set(name, rowOf(writer) * WRITER_BYTES)
    page.contributor[rowOf(writer)] = this.#contributors.numberOf(contributor)
    page.head[rowOf(writer)] = NONE
    return writer
  }

  is(writer: number, contributor: Bytes, name: Bytes): boolean {
    if (!this.#contributors.keys.matches(this.contributor(writer), contributor)) return false
    const { names } = this.#pages.of(writer)
    const start = rowOf(writer) * WRITER_BYTES
    for (let i = 0; i < WRITER_BYTES; i++) if (names[start + i] !== name[i]) return false
    return true
  }

  name(writer: number): Bytes {
    const start = rowOf(writer) * WRITER_BYTES
    return this.#pages.of(writer).names.slice(start, start + WRITER_BYTES)
  }

  /** The number of the contributor whose writer it is. */
  contributor(writer: number): number {
    return this.#pages.of(writer).contributor[rowOf(writer)] as number
  }

  /** The solid entry with the highest number; of several the one with the lowest id. */
  head(writer: number): number {
    return this.#pages.of(writer).head[rowOf(writer)] as number
  }

  /** Takes a new entry for the latest one when it is. */
  advance(writer: number, index: number): void {
    const page = this.#pages.of(writer)
    const head = page.head[rowOf(writer)] as number
    const isLater =
      head === NONE ||
      this.#entries.seq(index) > this.#entries.seq(head) ||
      (this.#entries.seq(index) === this.#entries.seq(head) && this.#entries.ids.compare(index, head) < 0)
    if (isLater) page.head[rowOf(writer)] = index
  }

  /** An entry of the writer that has this number already, or {@link NONE}. */
  at(writer: number, seq: number): number {
    let index = this.head(writer)
    if (index === NONE || this.#entries.seq(index) < seq) return NONE
    while (this.#entries.seq(index) > seq) {
      const skip = this.#entries.skip(index)
      index = this.#entries.seq(skip) >= seq ? skip : this.#entries.edge(index, PREV)
    }
    return index
  }

  /**
   * Where the skip of an entry with this `prev` leads: so far back that any number of a chain is found in a logarithm of its
   * length, for one pointer an entry (Myers, An applicative random-access stack, 1983).
   */
  skipFrom(prev: number): number {
    if (prev === NONE) return NONE
    const near = this.#entries.skip(prev)
    if (near === NONE) return prev
    const far = this.#entries.skip(near)
    if (far === NONE) return prev
    const isEven =
      this.#entries.seq(prev) - this.#entries.seq(near) === this.#entries.seq(near) - this.#entries.seq(far)
    return isEven ? far : prev
  }
}
