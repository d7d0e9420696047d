/**
 * Whether a client is the keeper of its store. Follows what was wanted last, one step at a time: a page may be put away
 * while it still waits to become the keeper, and come back while it still writes out the last of it.
 */
import type { LedgerStore } from './store.ts'

export interface KeeperOwner {
  /** It is the keeper now. Never rejects. */
  begin(): Promise<void>
  /** It is about to be the keeper no more: nothing may be under way when this ends, however that is. */
  end(): Promise<void>
}

export class KeeperRole {
  readonly #store: Pick<LedgerStore, 'becomeKeeper' | 'resign'>
  readonly #owner: KeeperOwner
  #isWanted = false
  #isKeeper = false
  /** Tells an answer of the store to what was asked before. */
  #resignations = 0
  #following: Promise<void> | undefined

  constructor(store: Pick<LedgerStore, 'becomeKeeper' | 'resign'>, owner: KeeperOwner) {
    this.#store = store
    this.#owner = owner
  }

  /** Becomes the keeper, as soon as nobody else is. Resolves when it is, or when it has been given up. */
  take(): Promise<void> {
    this.#isWanted = true
    return this.#follow()
  }

  /** Is no keeper any more when it resolves, nor waits to become it. Rejects as `end` does; then, too. */
  giveUp(): Promise<void> {
    this.#isWanted = false
    // Otherwise it would wait for the present keeper to go.
    if (!this.#isKeeper) this.#resign()
    return this.#follow()
  }

  #follow(): Promise<void> {
    this.#following ??= this.#steps()
    return this.#following
  }

  async #steps(): Promise<void> {
    // Not before whoever called this has its promise.
    await Promise.resolve()
    try {
      while (this.#isKeeper !== this.#isWanted) {
        if (this.#isKeeper) await this.#leave()
        else if (!(await this.#enter())) return
      }
    } finally {
      // In the same turn as the last look at what is wanted.
      this.#following = undefined
    }
  }

  /** False when it cannot become the keeper. */
  async #enter(): Promise<boolean> {
    const before = this.#resignations
    const isKeeper = await this.#store.becomeKeeper()
    if (before !== this.#resignations) return true
    this.#isKeeper = isKeeper
    if (isKeeper) await this.#owner.begin()
    return isKeeper
  }

  async #leave(): Promise<void> {
    try {
      await this.#owner.end()
    } finally {
      if (!this.#isWanted) {
        this.#isKeeper = false
        this.#resign()
      }
    }
    if (this.#isKeeper) await this.#owner.begin()
  }

  #resign(): void {
    this.#resignations++
    this.#store.resign()
  }
}
