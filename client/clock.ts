/** The time that tickets and announcements bear: ours, corrected by what the server said last. */

export class Clock {
  readonly #localMs: () => number
  #offsetMs = 0

  constructor(localMs: () => number) {
    this.#localMs = localMs
  }

  nowMs(): number {
    return this.#localMs() + this.#offsetMs
  }

  /** The server's clock showed `serverTimeMs` just now. Half a round trip of error does not matter here. */
  correct(serverTimeMs: number): void {
    this.#offsetMs = serverTimeMs - this.#localMs()
  }
}
