/** The two times: one for deadlines, which nobody can set, and one for what others read. */

/** Milliseconds on a clock that never jumps. */
export function nowMs(): number {
  return performance.now()
}

/** The time that tickets and announcements bear: the runtime's, corrected by what the server said last. */
export class Clock {
  #offsetMs = 0

  nowMs(): number {
    return Date.now() + this.#offsetMs
  }

  /** The server's clock showed `serverTimeMs` just now. Half a round trip of error does not matter here. */
  correct(serverTimeMs: number): void {
    this.#offsetMs = serverTimeMs - Date.now()
  }
}
