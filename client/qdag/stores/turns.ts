/** One after the other, in the order in which they came. */
export class Turns {
  /** Never rejects. */
  #last: Promise<unknown> = Promise.resolve()

  /** Runs `act` when everybody before is done, however that ended. */
  take<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(act)
    this.#last = turn.catch(() => undefined)
    return turn
  }
}
