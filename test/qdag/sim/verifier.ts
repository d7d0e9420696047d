/** Whoever checks signatures: some threads, each of which takes its time, so that what came first may be answered last. */
import { entryChecks } from '../../../client/qdag/verifier.ts'
import type { Entry } from '../../../client/qdag/entry.ts'
import type { Bytes } from '../../../protocol/bytes.ts'
import type { Agenda } from '../../sim/agenda.ts'
import { isSigned } from './crypto.ts'

export interface VerifierTraits {
  readonly threads: number
  readonly msPerEntry: number
}

export class Verifier {
  /** Asked for and not yet answered. */
  pendingEntries = 0
  /** Multiplies the time of everything that begins now: a busy machine. */
  slowness = 1
  readonly #agenda: Agenda
  readonly #networkId: Bytes
  readonly #traits: VerifierTraits
  readonly #freeAtMs: number[]

  constructor(agenda: Agenda, networkId: Bytes, traits: VerifierTraits) {
    this.#agenda = agenda
    this.#networkId = networkId
    this.#traits = traits
    this.#freeAtMs = Array.from({ length: traits.threads }, () => 0)
  }

  verify(entries: readonly Entry[], answer: (results: boolean[]) => void): void {
    const startMs = Math.max(this.#agenda.nowMs, Math.min(...this.#freeAtMs))
    const thread = this.#freeAtMs.findIndex((atMs) => atMs <= startMs)
    const doneMs = startMs + entries.length * this.#traits.msPerEntry * this.slowness
    this.#freeAtMs[thread] = doneMs
    this.pendingEntries += entries.length
    this.#agenda.at(doneMs, () => {
      this.pendingEntries -= entries.length
      answer(entries.map((entry) => this.#holds(entry)))
    })
  }

  #holds(entry: Entry): boolean {
    return entryChecks(entry, this.#networkId).every(isSigned)
  }
}
