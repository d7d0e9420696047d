/** How often the room is asked for members, while there are not enough: ever more seldom, as it has told whom it knows. */
import { jittered } from './overlay-host.ts'
import type { OverlayPolicy } from './overlay-policy.ts'

export class RoomSamples {
  readonly #policy: OverlayPolicy
  readonly #random: () => number
  #waitMs: number
  #atMs = 0

  constructor(policy: OverlayPolicy, random: () => number) {
    this.#policy = policy
    this.#random = random
    this.#waitMs = policy.sampleMs
  }

  /** Whether it is to be asked now; then it has been. */
  take(nowMs: number): boolean {
    if (nowMs < this.#atMs) return false
    this.#atMs = nowMs + jittered(this.#waitMs, this.#random)
    this.#waitMs = Math.min(2 * this.#waitMs, this.#policy.maxSampleMs)
    return true
  }

  /** Something has changed: it may know others. */
  begin(): void {
    this.#waitMs = this.#policy.sampleMs
  }
}
