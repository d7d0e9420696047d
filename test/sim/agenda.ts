/** The simulated time: what is to happen, in order. What is due at the same time happens in the order of its planning. */
export interface Appointment {
  readonly atMs: number
  readonly order: number
  /** Absent once it has happened or was called off. */
  action: (() => void) | undefined
}

export class Agenda {
  nowMs = 0
  /** How much has happened. */
  count = 0
  #order = 0
  /** A binary heap: no appointment is earlier than its parent at (i - 1) / 2. */
  readonly #heap: Appointment[] = []

  at(atMs: number, action: () => void): Appointment {
    const appointment = { atMs: Math.max(atMs, this.nowMs), order: this.#order++, action }
    const heap = this.#heap
    let i = heap.length
    for (let parent; i > 0; i = parent) {
      parent = (i - 1) >> 1
      const above = heap[parent]
      if (!above || !isEarlier(appointment, above)) break
      heap[i] = above
    }
    heap[i] = appointment
    return appointment
  }

  after(delayMs: number, action: () => void): Appointment {
    return this.at(this.nowMs + delayMs, action)
  }

  cancel(appointment: Appointment | undefined): void {
    if (appointment) appointment.action = undefined
  }

  /** Lets the next thing happen. False when nothing is planned. */
  step(): boolean {
    for (let next = this.#pop(); next; next = this.#pop()) {
      const { action } = next
      if (!action) continue
      next.action = undefined
      this.nowMs = next.atMs
      this.count++
      action()
      return true
    }
    return false
  }

  #pop(): Appointment | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (!last || last === first) return first
    let i = 0
    for (;;) {
      let child = 2 * i + 1
      let below = heap[child]
      const right = heap[child + 1]
      if (below && right && isEarlier(right, below)) {
        child++
        below = right
      }
      if (!below || !isEarlier(below, last)) break
      heap[i] = below
      i = child
    }
    heap[i] = last
    return first
  }
}

function isEarlier(a: Appointment, b: Appointment): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
