/** Ways to confirm entries wrongly, or at too high a price. */
import { Confirmation } from '../../../client/qdag/ledger/confirmation.ts'
import { EDGES, Entries, FLAG, NONE, PREV } from '../../../client/qdag/ledger/entries.ts'
import { Mixer } from '../../../client/qdag/ledger/mixer.ts'
import type { State } from '../../../client/qdag/ledger/state.ts'

type Arguments = ConstructorParameters<typeof Confirmation>

/** Ends each walk where somebody has been before. */
class StoppingTooEarly extends Confirmation {
  readonly #passed = new Set<number>()

  protected override hasWitness(index: number, witness: number): boolean {
    const wasPassed = this.#passed.has(index)
    this.#passed.add(index)
    return wasPassed || super.hasWitness(index, witness)
  }
}

/** Looks no further than what the new entry builds on directly. */
class LookingOneStepFar extends Confirmation {
  readonly #entries: Entries
  #newest = NONE

  constructor(...args: Arguments) {
    super(...args)
    this.#entries = args[0]
  }
  override add(index: number): readonly number[] {
    this.#newest = index
    return super.add(index)
  }
  protected override hasWitness(index: number, witness: number): boolean {
    const edges = Array.from({ length: EDGES }, (_, number) => this.#entries.edge(this.#newest, number))
    return !edges.includes(index) || super.hasWitness(index, witness)
  }
}

/** Counts a contributor as often as they come by. */
class CountingAgain extends Confirmation {
  protected override hasWitness(): boolean {
    return false
  }
}

/** Takes contributors for witnesses of their own work. */
class CountingTheAuthor extends Confirmation {
  protected override isAuthor(): boolean {
    return false
  }
}

/** Says the right thing, after a walk to the beginning of everything for each entry. */
class WalkingToTheBeginning extends Confirmation {
  readonly #entries: Entries
  readonly #contributorOf: Arguments[1]
  readonly #needed: number
  readonly #witnesses = new Map<number, Set<number>>()

  constructor(...args: Arguments) {
    super(...args)
    ;[this.#entries, this.#contributorOf, this.#needed] = args
  }
  override add(index: number): readonly number[] {
    const confirmed: number[] = []
    const past = new Set([index])
    for (const from of past) {
      for (let number = 0; number < EDGES; number++) {
        const to = this.#entries.edge(from, number)
        if (to === NONE) continue
        this.visits++
        past.add(to)
      }
    }
    past.delete(index)
    for (const before of past) {
      if (this.#contributorOf(before) === this.#contributorOf(index)) continue
      const witnesses = this.#witnesses.get(before) ?? new Set()
      this.#witnesses.set(before, witnesses.add(this.#contributorOf(index)))
      if (witnesses.size < this.#needed || this.#entries.has(before, FLAG.confirmed)) continue
      this.#entries.raise(before, FLAG.confirmed)
      confirmed.push(before)
    }
    return confirmed.toSorted((a, b) => a - b)
  }
}

/** The same entries, but `prev` leads nowhere. */
class WithoutPrev extends Entries {
  readonly #real: Entries

  constructor(real: Entries) {
    super(new Mixer(0))
    this.#real = real
  }
  override get length(): number {
    return this.#real.length
  }
  override edge(index: number, number: number): number {
    return number === PREV ? NONE : this.#real.edge(index, number)
  }
  override has(index: number, flag: number): boolean {
    return this.#real.has(index, flag)
  }
  override raise(index: number, flag: number): void {
    this.#real.raise(index, flag)
  }
}

/** By name: what takes the place of the real thing. */
export const CONFIRMATIONS: Record<string, (state: State, needed: number) => Confirmation> = {
  'stopping too early': ({ entries, contributorOf }, needed) => new StoppingTooEarly(entries, contributorOf, needed),
  'looking one step far': ({ entries, contributorOf }, needed) => new LookingOneStepFar(entries, contributorOf, needed),
  'counting a witness again': ({ entries, contributorOf }, needed) => new CountingAgain(entries, contributorOf, needed),
  'counting the author': ({ entries, contributorOf }, needed) => new CountingTheAuthor(entries, contributorOf, needed),
  'counting entries': ({ entries }, needed) => new Confirmation(entries, (index) => index, needed),
  'content with one witness': ({ entries, contributorOf }) => new Confirmation(entries, contributorOf, 1),
  'asking for one witness more': ({ entries, contributorOf }, needed) =>
    new Confirmation(entries, contributorOf, needed + 1),
  'not confirming by way of prev': ({ entries, contributorOf }, needed) =>
    new Confirmation(new WithoutPrev(entries), contributorOf, needed),
  'walking to the beginning each time': ({ entries, contributorOf }, needed) =>
    new WalkingToTheBeginning(entries, contributorOf, needed),
}
