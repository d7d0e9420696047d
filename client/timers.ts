/** Timers that end with their owner. */
export type Timer = ReturnType<typeof setTimeout>

/** Runtimes keep delays in 31 bits; a longer one would end at once. */
const MAX_DELAY_MS = 2 ** 31 - 1

export class Timers {
  readonly #running = new Set<Timer>()

  after(delayMs: number, action: () => unknown): Timer {
    const timer = setTimeout(
      () => {
        this.#running.delete(timer)
        void action()
      },
      Math.min(delayMs, MAX_DELAY_MS),
    )
    this.#running.add(timer)
    return timer
  }

  /** Resolves after this time; never when the owner has ended before. */
  pause(durationMs: number): Promise<void> {
    return new Promise((resolve) => this.after(durationMs, resolve))
  }

  clear(): void {
    for (const timer of this.#running) clearTimeout(timer)
  }
}
