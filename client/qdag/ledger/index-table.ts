/**
 * A hash table of row numbers, the keys of which are in columns elsewhere: 8 bytes a row where a `Map` takes a hundred.
 * Open addressing with linear probing; rows are never removed. It grows in parts, each by itself, so that no insertion
 * waits until a million rows have found new places.
 */

/** What the table needs to know of its keys. */
export interface Keys<Key> {
  hash(key: Key): number
  /** Of the key that a row has. */
  hashAt(index: number): number
  matches(index: number, key: Key): boolean
}

/** The upper bits of a hash choose the part, the lower ones the place in it. */
const PART_BITS = 6
const FIRST_SLOTS = 8
/** Above this, a miss looks at four places and more. */
const MAX_LOAD = 0.625

interface Part {
  /** Row numbers plus one; 0 where there is none. */
  slots: Int32Array
  used: number
}

export class IndexTable<Key> {
  readonly #keys: Keys<Key>
  readonly #parts: readonly Part[]

  constructor(keys: Keys<Key>) {
    this.#keys = keys
    this.#parts = Array.from({ length: 1 << PART_BITS }, () => ({ slots: new Int32Array(FIRST_SLOTS), used: 0 }))
  }

  /** The row with this key, or -1. */
  find(key: Key): number {
    const hash = this.#keys.hash(key)
    const { slots } = this.#partOf(hash)
    const mask = slots.length - 1
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const index = (slots[at] as number) - 1
      if (index < 0 || this.#keys.matches(index, key)) return index
    }
  }

  /** Adds a row whose key is not in the table. */
  add(index: number): void {
    const hash = this.#keys.hashAt(index)
    const part = this.#partOf(hash)
    if (part.used + 1 > part.slots.length * MAX_LOAD) this.#grow(part)
    put(part.slots, hash, index)
    part.used++
  }

  /** Lets another row with the same key take a row's place. */
  replace(from: number, to: number): void {
    const hash = this.#keys.hashAt(from)
    const { slots } = this.#partOf(hash)
    const mask = slots.length - 1
    let at = hash & mask
    while (slots[at] !== from + 1) at = (at + 1) & mask
    slots[at] = to + 1
  }

  #partOf(hash: number): Part {
    return this.#parts[hash >>> (32 - PART_BITS)] as Part
  }

  #grow(part: Part): void {
    const before = part.slots
    part.slots = new Int32Array(before.length * 2)
    for (const slot of before) if (slot > 0) put(part.slots, this.#keys.hashAt(slot - 1), slot - 1)
  }
}

function put(slots: Int32Array, hash: number, index: number): void {
  const mask = slots.length - 1
  let at = hash & mask
  while (slots[at] !== 0) at = (at + 1) & mask
  slots[at] = index + 1
}
