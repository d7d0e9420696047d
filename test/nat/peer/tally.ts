/** Counts numbered messages: each is due once, after the one before it. */

export interface TallyReport {
  readonly received: number
  readonly lost: number
  readonly repeated: number
  /** Longest time without a message since the mark, the time until now included. */
  readonly longestGapMs: number
  /** When it ended, on the clock of `arrived`; `undefined` if nothing has come yet. */
  readonly gapEndedAtMs: number | undefined
}

export class Tally {
  #next = 1
  #lost = 0
  #repeated = 0
  #lastAtMs: number | undefined
  #longestGapMs = 0
  #gapEndedAtMs: number | undefined

  arrived(number: number, nowMs: number): void {
    this.#gap(nowMs)
    this.#lastAtMs = nowMs
    // A message that comes after a later one counts twice: as lost before, and as repeated now.
    if (number < this.#next) this.#repeated++
    else {
      this.#lost += number - this.#next
      this.#next = number + 1
    }
  }

  mark(nowMs: number): void {
    this.#lastAtMs = nowMs
    this.#longestGapMs = 0
    this.#gapEndedAtMs = undefined
  }

  report(nowMs: number): TallyReport {
    return {
      received: this.#next - 1 - this.#lost,
      lost: this.#lost,
      repeated: this.#repeated,
      longestGapMs: Math.max(this.#longestGapMs, nowMs - (this.#lastAtMs ?? nowMs)),
      gapEndedAtMs: this.#gapEndedAtMs,
    }
  }

  #gap(nowMs: number): void {
    const gapMs = nowMs - (this.#lastAtMs ?? nowMs)
    if (gapMs <= this.#longestGapMs) return
    this.#longestGapMs = gapMs
    this.#gapEndedAtMs = nowMs
  }
}
