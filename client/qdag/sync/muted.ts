/** Who misbehaved, and until when it is not listened to even when it comes again. */

/** A new peer id costs nothing, but begins anew; this one, of somebody who is wrong rather than evil, shall not try all the time. */
const MUTED_MS = 600_000
const MAX_MUTED = 1_024

export class Muted {
  /** The one that has misbehaved last comes last. */
  readonly #untilMs = new Map<string, number>()

  add(peer: string, nowMs: number): void {
    this.#untilMs.delete(peer)
    this.#untilMs.set(peer, nowMs + MUTED_MS)
    for (const oldest of this.#untilMs.keys()) if (this.#untilMs.size > MAX_MUTED) this.#untilMs.delete(oldest)
  }

  /** `undefined` when the peer is to be listened to. */
  untilMs(peer: string, nowMs: number): number | undefined {
    const untilMs = this.#untilMs.get(peer)
    if (untilMs === undefined || untilMs > nowMs) return untilMs
    this.#untilMs.delete(peer)
    return undefined
  }
}
