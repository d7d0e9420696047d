/** The same entries in many orders: for the real ledger and for broken ones. */
import * as fc from 'fast-check'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import type { Entry } from '../../client/qdag/entry.ts'
import type { Ledger } from '../../client/qdag/ledger.ts'
import { Random } from '../sim/random.ts'
import type { MakeLedger } from './ledger-history.ts'
import { hex } from './reference.ts'
import { MIN_GAP_MS, NETWORK_ID, anyPlan, START_MS, Workshop } from './workshop.ts'

export const ORDERS_PER_SET = 20
const PEERS = ['ann', 'bob', 'eve']
/** A clock that is slow by this much finds entries from the middle of a set in its future. */
const SLOW_MS = 121_000
const LATER_MS = 3_600_000

/** Whatever the order in which entries come, all that the ledger says of them is the same. */
export function orderIndependence(makeLedger: MakeLedger) {
  const plans = fc.array(anyPlan, { minLength: 1, maxLength: 24, size: 'max' })
  return fc.property(plans, fc.integer({ min: 1, max: 4 }), fc.nat(), (made, confirmations, seed) => {
    const workshop = new Workshop()
    for (const one of made) workshop.make(one)
    const random = new Random(seed)
    const said = new Set<string>()
    for (let order = 0; order < ORDERS_PER_SET; order++) {
      const options = {
        networkId: NETWORK_ID,
        sha256,
        confirmations,
        minGapMs: MIN_GAP_MS,
        salt: random.below(2 ** 53),
      }
      const ledger = makeLedger(options)
      // The first one is the order in which they were made.
      deliver(ledger, order === 0 ? workshop.entries : shuffled(workshop.entries, random), random)
      said.add(`${hex(ledger.stateDigest())} ${hex(ledger.tipDigest())}`)
    }
    if (said.size > 1) throw new Error(`${said.size} different ledgers of the same ${workshop.entries.length} entries.`)
  })
}

function deliver(ledger: Ledger, entries: readonly Entry[], random: Random): void {
  const nowMs = random.chance(0.5) ? START_MS - SLOW_MS : START_MS + LATER_MS
  for (const entry of entries) {
    ledger.add(entry, random.pick(PEERS), nowMs)
    if (random.chance(0.1)) ledger.add(random.pick(entries), random.pick(PEERS), nowMs)
  }
  ledger.ripen(START_MS + LATER_MS)
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const left = [...items]
  return items.map(() => left.splice(random.below(left.length), 1)).flat()
}
