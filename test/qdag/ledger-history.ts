/** Histories of a ledger, as commands, each held against the reference: for the real ledger and for broken ones. */
import * as fc from 'fast-check'
import { expect } from 'vitest'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import type { Ledger, LedgerOptions } from '../../client/qdag/ledger.ts'
import { expectGrowth, expectSame } from './ledger-agreement.ts'
import { hex, Reference } from './reference.ts'
import { MIN_GAP_MS, NETWORK_ID, anyPlan, START_MS, Workshop, type Plan } from './workshop.ts'

export type MakeLedger = (options: LedgerOptions) => Ledger

/** What the commands know: what there is to deliver, and what must be true. */
interface Expected {
  readonly workshop: Workshop
  readonly reference: Reference
  readonly delivered: Set<string>
  nowMs: number
}

interface Actual {
  readonly ledger: Ledger
}

type Command = fc.Command<Expected, Actual>

const PEERS = ['ann', 'bob', 'eve']

/** Delivers one entry: in the order in which entries were made, or before what it builds on, or once more. */
class Delivery implements Command {
  readonly #which: number
  readonly #isRepeat: boolean
  readonly #from: string
  /** More than the pause between two looks for what has waited too long. */
  readonly #laterMs: number

  constructor(which: number, isRepeat: boolean, from: string, laterMs: number) {
    this.#which = which
    this.#isRepeat = isRepeat
    this.#from = from
    this.#laterMs = laterMs
  }

  check({ workshop }: Expected): boolean {
    return workshop.entries.length > 0
  }

  run(expected: Expected, { ledger }: Actual): void {
    const { workshop, reference, delivered } = expected
    const fresh = workshop.entries.filter(({ id }) => !delivered.has(hex(id)))
    const choices = this.#isRepeat || fresh.length === 0 ? workshop.entries : fresh
    const entry = choices[this.#which % choices.length]
    if (!entry) return
    delivered.add(hex(entry.id))
    expected.nowMs += this.#laterMs
    const before = reference.state()
    const wanted = reference.add(entry, this.#from, expected.nowMs)
    const verdict = ledger.add(entry, this.#from, expected.nowMs)
    expect(verdict.kind).toBe(wanted.kind)
    if (verdict.kind === 'orphan') expect(verdict.missing.map(hex)).toEqual(wanted.missing)
    if (verdict.kind === 'added') expectGrowth(ledger, verdict, wanted.solid, before, reference.state())
    expectSame(ledger, reference)
  }

  toString = () => `deliver(${this.#which}, ${this.#isRepeat}, ${this.#from}, ${this.#laterMs})`
}

class Creation implements Command {
  readonly #plans: readonly Plan[]
  readonly #aheadMs: number

  constructor(plans: readonly Plan[], aheadMs: number) {
    this.#plans = plans
    this.#aheadMs = aheadMs
  }

  check(): boolean {
    return true
  }

  run({ workshop }: Expected): void {
    for (const plan of this.#plans) workshop.make(plan, this.#aheadMs)
  }

  toString = () => `make(${JSON.stringify(this.#plans)}, ${this.#aheadMs})`
}

/** As often as a replica looks, at least. */
const LOOK_MS = 2_000

class Passing implements Command {
  readonly #laterMs: number

  constructor(laterMs: number) {
    this.#laterMs = laterMs
  }

  check(): boolean {
    return true
  }

  run(expected: Expected, { ledger }: Actual): void {
    const { reference } = expected
    for (let passedMs = 0; passedMs < this.#laterMs; passedMs += LOOK_MS) {
      expected.nowMs += LOOK_MS
      const before = reference.state()
      const wanted = reference.ripen(expected.nowMs)
      const growth = ledger.ripen(expected.nowMs)
      expectGrowth(ledger, growth, wanted, before, reference.state())
    }
    expectSame(ledger, reference)
  }

  toString = () => `pass(${this.#laterMs})`
}

class Forgetting implements Command {
  readonly #from: string

  constructor(from: string) {
    this.#from = from
  }

  check(): boolean {
    return true
  }

  run({ reference }: Expected, { ledger }: Actual): void {
    reference.forget(this.#from)
    ledger.forget(this.#from)
    expectSame(ledger, reference)
  }

  toString = () => `forget(${this.#from})`
}

/** Asks for what somebody lacks who has some of it. */
class Difference implements Command {
  readonly #has: readonly number[]

  constructor(has: readonly number[]) {
    this.#has = has
  }

  check(): boolean {
    return true
  }

  run({ reference }: Expected, { ledger }: Actual): void {
    const past = this.#has.filter(() => ledger.size > 0).map((which) => which % ledger.size)
    const found = ledger.notIn(past)
    expect(found).toEqual(found.toSorted((a, b) => a - b))
    const ids = (indexes: readonly number[]) => indexes.map((index) => hex(ledger.idOf(index)))
    expect(ids(found).toSorted()).toEqual(reference.notIn(ids(past)))
  }

  toString = () => `notIn(${this.#has.join()})`
}

const delivery = fc
  .tuple(
    fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(30) }),
    oneIn(10),
    fc.constantFrom(...PEERS),
    fc.constantFrom(1_000, 1_000, 1_500, 6_000),
  )
  .map((args) => new Delivery(...args))
const creation = fc
  .tuple(fc.array(anyPlan, { minLength: 1, maxLength: 8 }), oneIn(16))
  .map(([plans, isEarly]) => new Creation(plans, isEarly ? 200_000 : 0))

const histories = fc.commands(
  [
    ...Array.from({ length: 2 }, () => creation),
    ...Array.from({ length: 12 }, () => delivery),
    fc.constantFrom(1_000, 40_000, 150_000).map((laterMs) => new Passing(laterMs)),
    fc.constantFrom(...PEERS).map((from) => new Forgetting(from)),
    fc.array(fc.nat(40), { maxLength: 3 }).map((has) => new Difference(has)),
  ],
  { maxCommands: 150, size: 'max' },
)

function oneIn(times: number): fc.Arbitrary<boolean> {
  return fc.nat(times - 1).map((drawn) => drawn === 0)
}

/** Whatever happens, in whatever order, the ledger says what the reference says. */
export function agreement(makeLedger: MakeLedger) {
  return fc.property(histories, fc.integer({ min: 1, max: 4 }), fc.nat(), (commands, confirmations, salt) => {
    const rules = { networkId: NETWORK_ID, confirmations, minGapMs: MIN_GAP_MS }
    fc.modelRun(
      () => ({
        model: {
          workshop: new Workshop(),
          reference: new Reference(rules),
          delivered: new Set<string>(),
          nowMs: START_MS,
        },
        real: { ledger: makeLedger({ ...rules, sha256, salt }) },
      }),
      commands,
    )
  })
}
