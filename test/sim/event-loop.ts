/**
 * The event loop of one side: one timer, as the link's shell has, and times at which nothing runs. What arrives then waits,
 * and timers come late; in which order they come afterwards is nobody's promise.
 */
import type { Agenda, Appointment } from './agenda.ts'
import type { Random } from './random.ts'

/** No honest link has this much to do at one moment; more is a loop without end. */
const MAX_TICKS_AT_ONCE = 50

/** Timers are never early, however clocks are rounded. */
const LATENESS_MS = 0.001

/** Whom the loop serves. */
export interface Ticking {
  /** In simulated time; infinite for never. */
  dueMs(): number
  tick(): void
}

export class EventLoop {
  ticks = 0
  readonly #agenda: Agenda
  readonly #random: Random
  /** Timers come at multiples of this. */
  readonly #grainMs: number
  readonly #served: Ticking
  #timer: Appointment | undefined
  /** Events that wait until it runs again. */
  #backlog: (() => void)[] | undefined
  #tickedAtMs = -1
  #ticksAtOnce = 0

  constructor(agenda: Agenda, random: Random, grainMs: number, served: Ticking) {
    this.#agenda = agenda
    this.#random = random
    this.#grainMs = grainMs
    this.#served = served
  }

  get isStandingStill(): boolean {
    return this.#backlog !== undefined
  }

  /** Something happens, now or when the loop runs again; then the timer is set anew. */
  run(action: () => void): void {
    if (this.#backlog) {
      this.#backlog.push(action)
      return
    }
    action()
    this.#setTimer()
  }

  /** Sleep, a busy thread, a frozen page. */
  standStill(forMs: number): void {
    if (this.#backlog) return
    this.#backlog = []
    this.#agenda.after(forMs, () => {
      const missed = this.#backlog ?? []
      this.#backlog = undefined
      if (this.#random.chance(0.5)) this.#timedOut()
      for (const action of missed) this.run(action)
      this.#setTimer()
    })
  }

  #setTimer(): void {
    const dueMs = this.#served.dueMs()
    if (Number.isNaN(dueMs)) throw new Error('a deadline is not a number')
    if (dueMs === Infinity) return
    const atMs = Math.max(this.#agenda.nowMs, Math.ceil(dueMs / this.#grainMs) * this.#grainMs + LATENESS_MS)
    // An earlier timer looks again.
    if (this.#timer?.action && this.#timer.atMs <= atMs) return
    this.#agenda.cancel(this.#timer)
    this.#timer = this.#agenda.at(atMs, () => this.run(() => this.#timedOut()))
  }

  #timedOut(): void {
    const { nowMs } = this.#agenda
    if (this.#served.dueMs() > nowMs) return
    this.#ticksAtOnce = this.#tickedAtMs === nowMs ? this.#ticksAtOnce + 1 : 0
    this.#tickedAtMs = nowMs
    if (this.#ticksAtOnce > MAX_TICKS_AT_ONCE) throw new Error('the link has endlessly much to do')
    this.ticks++
    this.#served.tick()
  }
}
