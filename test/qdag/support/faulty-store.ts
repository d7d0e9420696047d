/** A store that fails, and is slow, as it is told. */
import type { Bytes } from '../../../protocol/bytes.ts'
import { storeFailed, type StoreFailure } from '../../../client/qdag/store-failure.ts'
import type { LedgerStore, OwnRecord } from '../../../client/qdag/store.ts'

export class FaultyStore implements LedgerStore {
  readonly inner: LedgerStore
  /** How often segments were written, or were to be. */
  writes = 0
  mostAtOnce = 0
  #atOnce = 0
  #failure: StoreFailure | undefined
  #held: Promise<void> = Promise.resolve()
  readonly #onWrite: (from: number, segments: readonly Bytes[]) => void

  constructor(inner: LedgerStore, onWrite: (from: number, segments: readonly Bytes[]) => void = () => undefined) {
    this.inner = inner
    this.#onWrite = onWrite
  }

  /** From now on everything that is written fails so. */
  fail(failure: StoreFailure | undefined): void {
    this.#failure = failure
  }

  /** From now on what is written waits, until the function that it returns is called. */
  hold(): () => void {
    let release = () => {}
    this.#held = new Promise((resolve) => (release = resolve))
    return release
  }

  async writeSegments(from: number, segments: readonly Bytes[]): Promise<void> {
    this.writes++
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce)
    try {
      await this.#write()
      this.#onWrite(from, segments)
      await this.inner.writeSegments(from, segments)
    } finally {
      this.#atOnce--
    }
  }

  async writeOwn(contributor: Bytes, record: OwnRecord): Promise<void> {
    await this.#write()
    await this.inner.writeOwn(contributor, record)
  }

  writer(contributor: Bytes): Promise<Bytes> {
    return this.inner.writer(contributor)
  }

  renewWriter(contributor: Bytes): Promise<Bytes> {
    return this.inner.renewWriter(contributor)
  }

  segmentCount(): Promise<number> {
    return this.inner.segmentCount()
  }

  readSegment(number: number): Promise<Bytes | undefined> {
    return this.inner.readSegment(number)
  }

  lastOwn(writer: Bytes): Promise<OwnRecord | undefined> {
    return this.inner.lastOwn(writer)
  }

  allOwn(): Promise<readonly OwnRecord[]> {
    return this.inner.allOwn()
  }

  async forgetOwn(writer: Bytes, below: number): Promise<void> {
    await this.#write()
    return this.inner.forgetOwn(writer, below)
  }

  exclusively<T>(act: () => Promise<T>): Promise<T> {
    return this.inner.exclusively(act)
  }

  becomeKeeper(): Promise<boolean> {
    return this.inner.becomeKeeper()
  }

  resign(): void {
    this.inner.resign()
  }

  close(): Promise<void> {
    return this.inner.close()
  }

  async #write(): Promise<void> {
    await this.#held
    if (this.#failure) throw storeFailed(this.#failure, 'On purpose.')
  }
}
