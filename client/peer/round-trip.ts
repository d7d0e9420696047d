/** Measures a path's round-trip time by pings that come back. Smoothed as in RFC 6298 section 2.3. */
import type { Bytes } from '../../protocol/bytes.ts'
import { layout, uint } from '../../protocol/layout.ts'

const WEIGHT = 1 / 8
const PING = layout<{ id: number }>({ id: uint(4) })

export class RoundTrip {
  smoothedMs: number | undefined
  #id = 0
  #askedAtMs: number | undefined

  /** A new ping's payload. Only the newest one counts. */
  asked(nowMs: number): Bytes {
    this.#askedAtMs = nowMs
    return PING.encode({ id: ++this.#id })
  }

  /** Takes a pong's payload; true when it answers the newest ping. */
  answered(payload: Bytes, nowMs: number): this is { smoothedMs: number } {
    if (this.#askedAtMs === undefined || PING.decode(payload)?.id !== this.#id) return false
    const sampleMs = nowMs - this.#askedAtMs
    this.#askedAtMs = undefined
    this.smoothedMs = this.smoothedMs === undefined ? sampleMs : this.smoothedMs + WEIGHT * (sampleMs - this.smoothedMs)
    return true
  }

  /** The path changed: what was measured says nothing of the new one. */
  reset(): void {
    this.smoothedMs = this.#askedAtMs = undefined
  }
}
