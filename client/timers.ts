/** Timers that end with their owner. */
export type Timer = ReturnType<typeof setTimeout>

export class Timers {
  readonly #running = new Set<Timer>()

  after(delayMs: number, action: () => unknown): Timer {
    const timer = setTimeout(() => {
      this.#running.delete(timer)
      void action()
    }, delayMs)
    this.#running.add(timer)
    return timer
  }

  clear(): void {
    for (const timer of this.#running) clearTimeout(timer)
  }
}
