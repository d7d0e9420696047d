/** What a series of round trips comes to. */

export interface Statistics {
  readonly sent: number
  readonly answered: number
  /** Share of the pings whose fate is known that were not answered, 0 to 1. */
  readonly loss: number
  /** Milliseconds; absent when nothing was answered. */
  readonly minMs?: number
  readonly avgMs?: number
  readonly maxMs?: number
  /** Mean difference between one round trip and the next, in milliseconds (RFC 3550 calls its cousin jitter). */
  readonly jitterMs?: number
}

/** One peer's pings, in the order in which they were sent. */
export class Series {
  #sent = 0
  #lost = 0
  readonly #rttsMs: number[] = []

  get sent(): number {
    return this.#sent
  }

  /** Returns the number of the ping, from 1. */
  send(): number {
    return ++this.#sent
  }

  answered(rttMs: number): void {
    this.#rttsMs.push(rttMs)
  }

  /** No answer came in time, or none can come any more. */
  lost(): void {
    this.#lost++
  }

  /** Pings that are still under way count as sent and as nothing else. */
  statistics(): Statistics {
    const rtts = this.#rttsMs
    const known = rtts.length + this.#lost
    const counts = { sent: this.#sent, answered: rtts.length, loss: known === 0 ? 0 : this.#lost / known }
    if (rtts.length === 0) return counts
    const steps = rtts.slice(1).map((rttMs, i) => Math.abs(rttMs - (rtts[i] ?? rttMs)))
    return {
      ...counts,
      minMs: tenths(Math.min(...rtts)),
      avgMs: tenths(mean(rtts)),
      maxMs: tenths(Math.max(...rtts)),
      jitterMs: tenths(steps.length > 0 ? mean(steps) : 0),
    }
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10
}
