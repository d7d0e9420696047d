/** A map that forgets: what was set longest ago goes when there is too much, and when it is too old. */

export class AgingMap<K, V> {
  readonly #maxEntries: number
  readonly #maxAgeMs: number
  /** In the order of setting. */
  readonly #entries = new Map<K, { readonly value: V; readonly atMs: number }>()

  constructor(maxEntries: number, maxAgeMs: number) {
    this.#maxEntries = maxEntries
    this.#maxAgeMs = maxAgeMs
  }

  get size(): number {
    return this.#entries.size
  }

  /** How many are not too old. */
  sizeAt(nowMs: number): number {
    this.#forget(nowMs)
    return this.#entries.size
  }

  has(key: K, nowMs: number): boolean {
    return this.#live(key, nowMs) !== undefined
  }

  get(key: K, nowMs: number): V | undefined {
    return this.#live(key, nowMs)?.value
  }

  /** @returns what had to be forgotten for it, what it replaces included */
  set(key: K, value: V, nowMs: number): readonly V[] {
    const replaced = this.#entries.get(key)
    this.#entries.delete(key)
    this.#entries.set(key, { value, atMs: nowMs })
    const forgotten = this.#forget(nowMs)
    if (replaced) forgotten.push(replaced.value)
    return forgotten
  }

  delete(key: K): boolean {
    return this.#entries.delete(key)
  }

  dropOldest(): V | undefined {
    for (const [key, { value }] of this.#entries) {
      this.#entries.delete(key)
      return value
    }
    return undefined
  }

  /** What is not too old, the newest first. */
  *newestFirst(nowMs: number): Generator<[K, V, number]> {
    for (const [key, { value, atMs }] of [...this.#entries].toReversed()) {
      if (nowMs - atMs > this.#maxAgeMs) return
      yield [key, value, atMs]
    }
  }

  /** @returns what is too old, or too much */
  #forget(nowMs: number): V[] {
    const forgotten: V[] = []
    for (const [oldest, entry] of this.#entries) {
      if (this.#entries.size <= this.#maxEntries && nowMs - entry.atMs <= this.#maxAgeMs) break
      this.#entries.delete(oldest)
      forgotten.push(entry.value)
    }
    return forgotten
  }

  #live(key: K, nowMs: number): { readonly value: V; readonly atMs: number } | undefined {
    const entry = this.#entries.get(key)
    return entry && nowMs - entry.atMs <= this.#maxAgeMs ? entry : undefined
  }
}
