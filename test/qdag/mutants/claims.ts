/** Ways to credit contributors wrongly. */
import { claimKeyOf } from '../../../client/qdag/ledger/claim-key.ts'
import { Claims } from '../../../client/qdag/ledger/claims.ts'
import { Mixer } from '../../../client/qdag/ledger/mixer.ts'
import type { State } from '../../../client/qdag/ledger/state.ts'

interface Claim {
  credits: number
  isAttested: boolean
}

interface Rule {
  /** What is credited, out of what was before and what is claimed now. */
  credits(before: number, now: number): number
  isAttested(before: boolean, now: boolean): boolean
  /** What of it is attested. */
  attested?(claim: Claim, now: number): number
}

/** Credits by another rule. */
class ClaimsBy extends Claims {
  readonly #state: State
  readonly #rule: Rule
  readonly #keyOf: (index: number) => string
  readonly #claims = new Map<string, Claim & { attested: number }>()

  constructor(state: State, rule: Rule, keyOf: (index: number) => string) {
    super(state.entries, state.contributors, state.contributorOf, new Mixer(0))
    this.#state = state
    this.#rule = rule
    this.#keyOf = keyOf
  }

  override add(index: number, hasReceipt: boolean): void {
    const now = this.#state.entries.credits(index)
    const before = this.#claims.get(this.#keyOf(index))
    const claim: Claim = {
      credits: before ? this.#rule.credits(before.credits, now) : now,
      isAttested: before ? this.#rule.isAttested(before.isAttested, hasReceipt) : hasReceipt,
    }
    const attested = claim.isAttested ? (this.#rule.attested?.(claim, now) ?? claim.credits) : 0
    this.#claims.set(this.#keyOf(index), { ...claim, attested })
    const contributor = this.#state.contributorOf(index)
    this.#state.contributors.credit(
      contributor,
      claim.credits - (before?.credits ?? 0),
      attested - (before?.attested ?? 0),
    )
  }
}

const either = (before: boolean, now: boolean) => before || now
const RULES: Record<string, Rule> = {
  'crediting the first claim': { credits: (before) => before, isAttested: either },
  'crediting the last claim': { credits: (_, now) => now, isAttested: either },
  'crediting the greatest claim': { credits: Math.max, isAttested: either },
  'crediting all claims': { credits: (before, now) => before + now, isAttested: either },
  'looking at the first receipt': { credits: Math.min, isAttested: (before) => before },
  'asking for all receipts': { credits: Math.min, isAttested: (before, now) => before && now },
  'attesting what the last claim says': { credits: Math.min, isAttested: either, attested: (_, now) => now },
}

/** By name: what takes the place of the real thing. */
export const CLAIMS: Record<string, (state: State) => Claims> = {
  ...Object.fromEntries(
    Object.entries(RULES).map(([name, rule]) => [
      name,
      (state: State) => new ClaimsBy(state, rule, byContributor(state)),
    ]),
  ),
  'crediting a task to one contributor': (state) =>
    new ClaimsBy(state, { credits: Math.min, isAttested: either }, (index) => taskOf(state, index)),
}

function byContributor(state: State): (index: number) => string {
  return (index) => `${taskOf(state, index)} ${state.contributorOf(index)}`
}

function taskOf({ entries, contributorOf }: State, index: number): string {
  const claim = { high: entries.claimHigh(index), low: entries.claimLow(index) }
  return JSON.stringify(claimKeyOf(claim, contributorOf(index)))
}
