/**
 * Takes a peer's messages one by one, for an application that iterates over them. There is one order of messages, so there
 * is one reader: of several the newest gets them.
 */
import type { Data } from '../api.ts'
import { nowMs } from '../clock.ts'
import type { Link } from './link.ts'

export class Reader {
  readonly #link: Link
  readonly #taken: () => void
  /** Iterations that run. */
  #count = 0
  /** Gives the next message, or the end, to whoever waits for it. */
  #want: ((data: Data | undefined) => void) | undefined
  #isOver = false

  /** @param taken called when the link may have got something to do */
  constructor(link: Link, taken: () => void) {
    this.#link = link
    this.#taken = taken
  }

  /** Messages go to whoever iterates, and to nobody else. */
  get isReading(): boolean {
    return this.#count > 0
  }

  messages(): AsyncIterableIterator<Data> {
    this.#count++
    let isOver = false
    // A message that is asked for and not there yet must not keep the reader from stopping.
    const end = (): IteratorReturnResult<undefined> => {
      // What waits may go to listeners again.
      if (!isOver && --this.#count === 0) this.#link.drain(nowMs())
      isOver = true
      this.#taken()
      return { done: true, value: undefined }
    }
    return {
      next: async () => {
        const value = isOver ? undefined : (this.#link.take(nowMs()) ?? (await this.#wanted()))
        this.#taken()
        return value === undefined ? end() : { done: false, value }
      },
      return: () => {
        this.#want?.(undefined)
        return Promise.resolve(end())
      },
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }

  /** Hands a message to whoever waits for one; false when nobody does. */
  hand(data: Data): boolean {
    const want = this.#want
    this.#want = undefined
    want?.(data)
    return want !== undefined
  }

  /** No more messages will come. */
  close(): void {
    this.#isOver = true
    this.#want?.(undefined)
  }

  #wanted(): Promise<Data | undefined> {
    // Whoever asked before gets nothing more.
    this.#want?.(undefined)
    return new Promise((resolve) => (this.#isOver ? resolve(undefined) : (this.#want = resolve)))
  }
}
