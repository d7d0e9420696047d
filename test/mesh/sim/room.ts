/** A simulated room: who is a member, and what PROTOCOL.md ("Presence") has it tell whom. It counts what it sends. */
import { FULL_LIST_PEERS, JOIN_NOTICE_PEERS } from '../../../protocol/limits.ts'
import type { Random } from '../../sim/random.ts'

export class Room {
  isOpen = true
  messages = 0
  joins = 0
  readonly #random: Random
  readonly #members: number[] = []
  readonly #places = new Map<number, number>()

  constructor(random: Random) {
    this.#random = random
  }

  get size(): number {
    return this.#members.length
  }

  has(index: number): boolean {
    return this.#places.has(index)
  }

  /** @returns whom the newcomer is told of, and who is told of it */
  join(index: number): { told: number[]; notified: number[] } {
    const told = this.sample(FULL_LIST_PEERS, index)
    const notified = this.size < FULL_LIST_PEERS ? [...this.#members] : this.sample(JOIN_NOTICE_PEERS, index)
    if (!this.#places.has(index)) {
      this.#places.set(index, this.#members.length)
      this.#members.push(index)
    }
    this.joins++
    this.messages += 1 + notified.length
    return { told, notified }
  }

  leave(index: number): void {
    const place = this.#places.get(index)
    if (place === undefined) return
    this.#places.delete(index)
    const last = this.#members.pop()
    if (last === undefined || last === index) return
    this.#members[place] = last
    this.#places.set(last, place)
  }

  sample(count: number, except: number): number[] {
    if (this.size <= count) return this.#members.filter((index) => index !== except)
    const drawn = new Set<number>()
    while (drawn.size < Math.min(count, this.size - 1)) {
      const index = this.#random.pick(this.#members)
      if (index !== except) drawn.add(index)
    }
    return [...drawn]
  }
}
