/** A map of which every change is stored as one row, so that pure code can keep its state in it. */
export class StoredMap<Value> extends Map<string, Value> {
  readonly #kv: SyncKvStorage
  readonly #prefix: string

  /** Reads all rows whose key begins with `prefix`: they must be few enough for memory. */
  constructor(kv: SyncKvStorage, prefix: string) {
    super()
    this.#kv = kv
    this.#prefix = prefix
    for (const [key, value] of kv.list<Value>({ prefix })) super.set(key.slice(prefix.length), value)
  }

  override set(key: string, value: Value): this {
    this.#kv.put(this.#prefix + key, value)
    return super.set(key, value)
  }

  override delete(key: string): boolean {
    const was = super.delete(key)
    if (was) this.#kv.delete(this.#prefix + key)
    return was
  }

  override clear(): void {
    for (const key of this.keys()) this.delete(key)
  }
}
