/**
 * A hash table of row numbers, the keys of which are in columns elsewhere: 8 bytes a row where a `Map` takes a hundred. Open
 * addressing with linear probing; rows are never removed. It grows in parts, each in its own time, so that no insertion waits
 * until a million rows have found new places.
 */

/** What the table needs to know of its keys. */
export interface Keys<Key> {
  /** 32 bits, without a sign. Its upper bits count the most. */
  hash(key: Key): number
  /** Of the key that a row has. */
  hashAt(index: number): number
  matches(index: number, key: Key): boolean
}

/** The upper bits of a hash choose the part. */
const PART_BITS = 6
const PARTS = 1 << PART_BITS
const FIRST_SLOTS = 64
const GROWTH = 2
/** Looks are cheap, since rows that cannot be meant are told by their slots; above this there are too many of them. */
const MAX_LOAD = 0.75

interface Part {
  /** A row number plus one, 0 for none, and above it as many bits of the row's hash as there is room for. */
  slots: Int32Array
  used: number
  /** How many bits of a slot are for the row number. */
  rowBits: number
}

export class IndexTable<Key> {
  readonly #keys: Keys<Key>
  readonly #parts: readonly Part[]

  constructor(keys: Keys<Key>) {
    this.#keys = keys
    // Not all of one size, so that they do not all grow at the same time.
    this.#parts = Array.from({ length: PARTS }, (_, i) => emptyPart(Math.floor(FIRST_SLOTS * GROWTH ** (i / PARTS))))
  }

  /** The row with this key, or -1. */
  find(key: Key): number {
    const hash = this.#keys.hash(key)
    const { slots, rowBits } = this.#partOf(hash)
    const tag = hash << rowBits
    for (let at = firstSlot(slots, hash); ; at = nextSlot(slots, at)) {
      const slot = slots[at] as number
      if (slot === 0) return -1
      // Most rows that are not meant are told by the hash: looking at each would be what takes the time.
      if ((slot ^ tag) >>> rowBits !== 0) continue
      const index = rowIn(slot, rowBits)
      if (this.#keys.matches(index, key)) return index
    }
  }

  /** Adds a row whose key is not in the table. */
  add(index: number): void {
    const hash = this.#keys.hashAt(index)
    const part = this.#partOf(hash)
    if (part.used + 1 > part.slots.length * MAX_LOAD) this.#rebuild(part, part.slots.length * GROWTH, index)
    else if (!hasRoomFor(part, index)) this.#rebuild(part, part.slots.length, index)
    put(part, hash, index)
    part.used++
  }

  /** Lets another row with the same key take a row's place. */
  replace(from: number, to: number): void {
    const hash = this.#keys.hashAt(from)
    const part = this.#partOf(hash)
    if (!hasRoomFor(part, to)) this.#rebuild(part, part.slots.length, to)
    const { slots, rowBits } = part
    let at = firstSlot(slots, hash)
    while (rowIn(slots[at] as number, rowBits) !== from) at = nextSlot(slots, at)
    slots[at] = (hash << rowBits) | (to + 1)
  }

  #partOf(hash: number): Part {
    return this.#parts[hash >>> (32 - PART_BITS)] as Part
  }

  /** @param largest a row that there must be room for */
  #rebuild(part: Part, length: number, largest: number): void {
    const { slots, rowBits } = part
    part.slots = new Int32Array(length)
    // One bit more than it needs: the next time is when there are twice as many rows.
    part.rowBits = 33 - Math.clz32(largest + 1)
    // First all hashes and then all places: so the waits for memory, where the keys are far apart, overlap.
    const rows = new Int32Array(part.used)
    const hashes = new Uint32Array(part.used)
    let count = 0
    for (const slot of slots) if (slot !== 0) rows[count++] = rowIn(slot, rowBits)
    for (let i = 0; i < count; i++) hashes[i] = this.#keys.hashAt(rows[i] as number)
    for (let i = 0; i < count; i++) put(part, hashes[i] as number, rows[i] as number)
  }
}

function emptyPart(slots: number): Part {
  return { slots: new Int32Array(slots), used: 0, rowBits: 1 }
}

function hasRoomFor({ rowBits }: Part, index: number): boolean {
  return (index + 1) >>> rowBits === 0
}

function rowIn(slot: number, rowBits: number): number {
  return (slot & ((1 << rowBits) - 1)) - 1
}

/** Where a hash begins to look: what follows its part's bits, taken for a fraction of the part. */
function firstSlot(slots: Int32Array, hash: number): number {
  return Math.floor((((hash << PART_BITS) >>> 0) / 2 ** 32) * slots.length)
}

function nextSlot(slots: Int32Array, at: number): number {
  return at + 1 === slots.length ? 0 : at + 1
}

function put({ slots, rowBits }: Part, hash: number, index: number): void {
  let at = firstSlot(slots, hash)
  while (slots[at] !== 0) at = nextSlot(slots, at)
  slots[at] = (hash << rowBits) | (index + 1)
}
