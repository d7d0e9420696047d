/** All that follows from the solid entries, kept up to date with each new one. */
import type { Bytes } from '../../../protocol/bytes.ts'
import type { Sha256 } from '../api.ts'
import { creditsOf, type Entry } from '../entry.ts'
import { claimKeyOf, taskHashOf } from './claim-key.ts'
import { Claims } from './claims.ts'
import { Confirmation } from './confirmation.ts'
import { Contributors } from './contributors.ts'
import { Entries, NONE, PREV } from './entries.ts'
import { Forks } from './forks.ts'
import { Mixer } from './mixer.ts'
import { Tips } from './tips.ts'
import { Writers } from './writers.ts'

export interface Appended {
  readonly index: number
  readonly confirmed: readonly number[]
  readonly isForked: boolean
}

export class State {
  readonly #sha256: Sha256
  readonly entries: Entries
  readonly contributors: Contributors
  readonly writers: Writers
  readonly tips: Tips
  readonly confirmation: Confirmation
  readonly claims: Claims
  readonly forks: Forks

  constructor(sha256: Sha256, confirmations: number, salt: number) {
    this.#sha256 = sha256
    const mixer = new Mixer(salt)
    this.entries = new Entries(mixer)
    this.contributors = new Contributors(mixer)
    this.writers = new Writers(this.entries, this.contributors, sha256, mixer)
    this.tips = new Tips(this.entries)
    this.confirmation = new Confirmation(this.entries, this.contributorOf, confirmations)
    this.claims = new Claims(this.entries, this.contributors, this.contributorOf, mixer)
    this.forks = new Forks(this.entries)
  }

  /** The number of an entry's contributor. */
  readonly contributorOf = (index: number): number => this.writers.contributor(this.entries.writer(index))

  /** Adds an entry that keeps all rules and builds on these, parents first and then `prev`, or on nothing where there are none. */
  append(entry: Entry, edges: Int32Array): Appended {
    const { contributor, writer: name, seq, tsMs } = entry
    const { entries, writers } = this
    const prev = edges[PREV] as number
    const writer = prev === NONE ? writers.numberOf(contributor, name) : entries.writer(prev)
    const rival = writers.at(writer, seq)
    const index = entries.add({
      id: entry.id,
      writer,
      seq,
      tsMs,
      credits: creditsOf(entry.computeUnits),
      claim: claimKeyOf(taskHashOf(entry.taskId, this.#sha256), writers.contributor(writer)),
      edges,
      skip: writers.skipFrom(prev),
    })
    writers.advance(writer, index)
    this.contributors.countEntry(this.contributorOf(index), tsMs)
    this.claims.add(index, entry.receipt !== undefined)
    for (const to of edges) if (to !== NONE) this.tips.remove(to)
    this.tips.add(index)
    const confirmed = this.confirmation.add(index)
    for (const one of confirmed) this.contributors.countConfirmed(this.contributorOf(one))
    if (rival !== NONE) {
      this.forks.add(index, rival)
      this.contributors.markForked(this.contributorOf(index))
    }
    return { index, confirmed, isForked: rival !== NONE }
  }

  /** The writer's latest entry, or {@link NONE}. */
  head(contributor: Bytes, name: Bytes): number {
    const writer = this.writers.find(contributor, name)
    return writer === NONE ? NONE : this.writers.head(writer)
  }
}
