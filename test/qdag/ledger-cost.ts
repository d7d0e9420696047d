/** What it takes to keep up with new entries, in entries that are looked at: for the real ledger and for others. */
import * as fc from 'fast-check'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import type { Ledger } from '../../client/qdag/ledger.ts'
import { EDGES } from '../../client/qdag/ledger/entries.ts'
import type { State } from '../../client/qdag/ledger/state.ts'
import type { MakeLedger } from './ledger-history.ts'
import { NETWORK_ID, anyPlan, START_MS, Workshop } from './workshop.ts'

/** What the ledger shows nobody else. */
export function stateOf(ledger: Ledger): State {
  return (ledger as unknown as { state: State }).state
}

/** How often the walks of all confirmations together looked at an entry. */
export function visitsOf(ledger: Ledger): number {
  return stateOf(ledger).confirmation.visits
}

/** Each entry is passed once for each witness that it needs, and what it builds on is looked at then, and when it comes. */
export function affordableVisits(entries: number, confirmations: number): number {
  return EDGES * (confirmations + 1) * entries
}

/** However many entries there are, one more costs the same. */
export function affordability(makeLedger: MakeLedger) {
  const sound = anyPlan.map((one) => ({ ...one, flaw: undefined }))
  const plans = fc.array(sound, { minLength: 150, maxLength: 200 })
  return fc.property(plans, fc.integer({ min: 1, max: 4 }), (made, confirmations) => {
    const workshop = new Workshop()
    const ledger = makeLedger({ networkId: NETWORK_ID, sha256, confirmations })
    for (const one of made) ledger.add(workshop.make(one), 'ann', START_MS + 3_600_000)
    const visits = visitsOf(ledger)
    if (visits > affordableVisits(ledger.size, confirmations)) {
      throw new Error(`${visits} looks for ${ledger.size} entries.`)
    }
  })
}
