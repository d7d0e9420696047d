/**
 * How good a path is, as one number: the delay and loss terms of the E-model (ITU-T G.107), simplified. Falling counts more
 * than rising, and a level is told only when two evaluations in a row agree.
 */
import type { Quality, QualityLevel } from '../api.ts'
import type { PathMeter } from './path-meter.ts'

const FALLING = 0.7
const RISING = 0.4
const EXCELLENT_ABOVE = 80
const GOOD_ABOVE = 40
/** Throughput is the average since the last evaluation, which is at least this long ago. */
const THROUGHPUT_MS = 1_000

export class QualityMeter {
  #score = 100
  #level: QualityLevel = 'good'
  #candidate: QualityLevel | undefined
  #bytesPerSecond = 0
  #bytes = 0
  #atMs = 0

  /**
   * Takes the newest measurements into account.
   *
   * @param acknowledgedBytes of the whole life of the link
   * @returns true when the level has changed
   */
  evaluate(meter: PathMeter | undefined, acknowledgedBytes: number, nowMs: number): boolean {
    const elapsedMs = nowMs - this.#atMs
    if (elapsedMs >= THROUGHPUT_MS) {
      this.#bytesPerSecond = ((acknowledgedBytes - this.#bytes) / elapsedMs) * 1_000
      this.#bytes = acknowledgedBytes
      this.#atMs = nowMs
    }
    const target = meter ? scoreOf(meter) : 0
    this.#score += (target < this.#score ? FALLING : RISING) * (target - this.#score)
    const level = !meter
      ? 'lost'
      : this.#score > EXCELLENT_ABOVE
        ? 'excellent'
        : this.#score > GOOD_ABOVE
          ? 'good'
          : 'poor'
    const isSettled = [level, undefined].includes(this.#candidate) || level === 'lost'
    this.#candidate = level
    if (!isSettled || level === this.#level) return false
    this.#level = level
    return true
  }

  of(meter: PathMeter | undefined): Quality {
    return {
      rttMs: meter?.rttMs,
      jitterMs: meter?.jitterMs ?? 0,
      loss: meter?.loss ?? 0,
      bytesPerSecond: Math.round(this.#bytesPerSecond),
      score: Math.round(this.#score),
      level: this.#level,
    }
  }
}

/** 0 to 100. One way takes half a round trip, and a receiver must wait for what jitter delays. */
function scoreOf({ rttMs = 0, jitterMs, loss }: PathMeter): number {
  const delayMs = rttMs / 2 + 2 * jitterMs
  const impairment = delayMs < 160 ? delayMs / 40 : (delayMs - 120) / 10
  return Math.max(0, 100 - impairment - 250 * loss)
}
