/** Ledgers that lack one of their rules. Made from outside: the real one knows nothing of them. */
import type { Entry } from '../../../client/qdag/entry.ts'
import { Ledger, type Fault, type Growth, type LedgerOptions, type Verdict } from '../../../client/qdag/ledger.ts'
import { EDGES, FLAG, NONE, PREV } from '../../../client/qdag/ledger/entries.ts'
import type { State } from '../../../client/qdag/ledger/state.ts'
import { concat, type Bytes } from '../../../protocol/bytes.ts'
import { sha256 } from '../../../client/node/ledger/sha256.ts'
import type { MakeLedger } from '../ledger-history.ts'
import { CLAIMS } from './claims.ts'
import { CONFIRMATIONS } from './confirmation.ts'

type Alteration = (state: State, needed: number) => Partial<State>

/** A ledger some part of which is another. */
class Altered extends Ledger {
  constructor(options: LedgerOptions, alter: Alteration) {
    super(options)
    Object.assign(this.state, alter(this.state, options.confirmations ?? 3))
  }
}

class KeepingTips extends Ledger {
  constructor(options: LedgerOptions) {
    super(options)
    this.state.tips.remove = () => {}
  }
}

/** Takes an entry for a tip though its writer has gone on. */
class KeepingTipsThatArePrev extends Ledger {
  constructor(options: LedgerOptions) {
    super(options)
    const { state } = this
    const append = state.append.bind(state)
    state.append = (entry, edges) => {
      const prev = edges[PREV] ?? NONE
      const wasTip = prev !== NONE && state.entries.has(prev, FLAG.tip)
      const isParent = edges[0] === prev || edges[1] === prev
      const appended = append(entry, edges)
      if (wasTip && !isParent) state.tips.add(prev)
      return appended
    }
  }
}

class DigestingTipsAsTheyCame extends Ledger {
  override tipDigest(): Bytes {
    return sha256(concat(...this.tips().map((tip) => this.idOf(tip))))
  }
}

class DigestingOnlyOnce extends Ledger {
  readonly #digest = super.tipDigest()
  override tipDigest(): Bytes {
    return this.size === 0 ? this.#digest : (this.#later ??= super.tipDigest())
  }
  #later: Bytes | undefined
}

/** As the predecessor did: whatever is later than what the other has. */
class ComparingByTime extends Ledger {
  override notIn(past: readonly number[]): number[] {
    const latestMs = Math.max(-1, ...past.map((index) => this.tsOf(index)))
    return Array.from({ length: this.size }, (_, index) => index).filter((index) => this.tsOf(index) > latestMs)
  }
}

/** Whoever lost the first of them cannot be shown the fork. */
class BlamingTheSecond extends Ledger {
  constructor(options: LedgerOptions) {
    super(options)
    const { forks, entries } = this.state
    forks.add = (index) => entries.raise(index, FLAG.forked)
  }
}

class ForgivingForks extends Ledger {
  constructor(options: LedgerOptions) {
    super(options)
    this.state.contributors.markForked = () => {}
  }
}

class FollowingTheLatest extends Ledger {
  constructor(options: LedgerOptions) {
    super(options)
    const { writers, entries } = this.state
    const advance = writers.advance.bind(writers)
    writers.advance = (writer, index) => {
      const head = writers.head(writer)
      if (head === NONE || entries.seq(head) !== entries.seq(index)) advance(writer, index)
    }
  }
}

class AcceptingTheFuture extends Ledger {
  override add(entry: Entry, from: string): Verdict {
    return super.add(entry, from, Infinity)
  }
}

/** Decides by the clock what only entries may decide. */
class RejectingTheFuture extends Ledger {
  override add(entry: Entry, from: string, nowMs: number): Verdict {
    return entry.tsMs > nowMs + 120_000 ? { kind: 'rejected', reason: 'ts-order' } : super.add(entry, from, nowMs)
  }
}

class NeverRipening extends Ledger {
  override ripen(): Growth {
    return { solid: [], confirmed: [], forked: [], rejected: [] }
  }
}

class KeepingNothingWaiting extends Ledger {
  override add(entry: Entry, from: string, nowMs: number): Verdict {
    const verdict = super.add(entry, from, nowMs)
    this.forget(from)
    return verdict
  }
}

/** Lets in what breaks one of the rules. */
class Lax extends Ledger {
  readonly #reason: Fault

  constructor(options: LedgerOptions, reason: Fault) {
    super(options)
    this.#reason = reason
  }

  override add(entry: Entry, from: string, nowMs: number): Verdict {
    const verdict = super.add(entry, from, nowMs)
    const ids = [entry.parents[0], entry.parents[1], entry.prev]
    const edges = Int32Array.from({ length: EDGES }, (_, number) => this.indexOf(ids[number] ?? new Uint8Array(32)))
    const isWhole = ids.every((id, number) => id === undefined || this.isRoot(id) || edges[number] !== NONE)
    if (verdict.kind !== 'rejected' || verdict.reason !== this.#reason || !isWhole) return verdict
    this.state.append(entry, edges)
    return { kind: 'added', solid: [entry], confirmed: [], forked: [], rejected: [] }
  }
}

const FAULTS: readonly Fault[] = ['root-misused', 'prev-mismatch', 'ts-order', 'pace']

const byName = (Class: new (options: LedgerOptions) => Ledger): [string, MakeLedger] => [
  Class.name.replaceAll(/(?<!^)[A-Z]/g, ' $&').toLowerCase(),
  (options) => new Class(options),
]

export const MUTANTS: readonly (readonly [name: string, make: MakeLedger])[] = [
  ...Object.entries(CONFIRMATIONS).map(([name, make]): [string, MakeLedger] => [
    name,
    (options) => new Altered(options, (state, needed) => ({ confirmation: make(state, needed) })),
  ]),
  ...Object.entries(CLAIMS).map(([name, make]): [string, MakeLedger] => [
    name,
    (options) => new Altered(options, (state) => ({ claims: make(state) })),
  ]),
  ...[
    KeepingTips,
    KeepingTipsThatArePrev,
    DigestingTipsAsTheyCame,
    DigestingOnlyOnce,
    ComparingByTime,
    BlamingTheSecond,
    ForgivingForks,
    FollowingTheLatest,
    AcceptingTheFuture,
    RejectingTheFuture,
    NeverRipening,
    KeepingNothingWaiting,
  ].map(byName),
  ...FAULTS.map((reason): [string, MakeLedger] => [`lax about ${reason}`, (options) => new Lax(options, reason)]),
]
