/** How many members there are, as far as one knows, and what follows for how many neighbours one has. */
import type { Degrees } from './overlay-policy.ts'

/** A network that was meshed completely stays so until it has outgrown that by a quarter, or it would flap. */
const OUTGROWN = 1.25

export class NetworkSize {
  readonly #degrees: Degrees
  /** Oneself included, as the room said last; 0 if it never has. */
  #told = 0
  #heardOf = 0
  #size = 1
  #isComplete = true

  constructor(degrees: Degrees) {
    this.#degrees = degrees
  }

  /** The network is so small that everybody is to be a neighbour. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  /** Nobody has more neighbours. */
  get ceiling(): number {
    const { ceiling, complete } = this.#degrees
    return this.#isComplete ? Math.max(ceiling, complete - 1) : ceiling
  }

  /** So many neighbours one looks for. */
  get wanted(): number {
    return this.#isComplete ? Math.min(Math.max(this.#size - 1, 1), this.ceiling) : this.#degrees.target
  }

  /** There are fewer neighbours than a network of this size has for everybody. */
  isTooFew(neighbours: number): boolean {
    return neighbours < Math.min(this.#degrees.floor, (this.#told || Infinity) - 1)
  }

  told(total: number): void {
    this.#told = total
    this.#heardOf = 0
  }

  /** Of so many members something was heard lately, oneself included, and no room counts them. */
  heardOf(members: number): void {
    this.#heardOf = members
  }

  /** A room that has just come back, or was never there, does not know everybody: whom one knows oneself counts, too. */
  measure(known: number): void {
    this.#size = Math.max(this.#told, this.#heardOf, known)
    const { complete } = this.#degrees
    this.#isComplete = this.#size <= (this.#isComplete ? OUTGROWN * complete : complete)
  }
}
