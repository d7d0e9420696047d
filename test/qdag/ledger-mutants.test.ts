/** The model is worth something: a ledger that lacks one of its rules does not live through it. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { affordability } from './ledger-cost.ts'
import { agreement, type MakeLedger } from './ledger-history.ts'
import { orderIndependence } from './ledger-orders.ts'
import { MUTANTS } from './mutants/mutants.ts'

/** Most are caught by the first few. */
const CHECKS: Record<string, (makeLedger: MakeLedger) => boolean> = {
  affordability: (makeLedger) => fails(affordability(makeLedger), 10),
  agreement: (makeLedger) => fails(agreement(makeLedger), 400),
  'order independence': (makeLedger) => fails(orderIndependence(makeLedger), 400),
}
const TIMEOUT_MS = 120_000

describe('the checks', () => {
  it.each(MUTANTS)('catch a ledger that is %s', { timeout: TIMEOUT_MS }, (name, makeLedger) => {
    const caught = Object.entries(CHECKS).find(([, catches]) => catches(makeLedger))
    // Vitest hides the console of what passes.
    process.stdout.write(`${name}: ${caught?.[0] ?? 'not caught'}\n`)
    expect(caught).toBeDefined()
  })
})

function fails<T>(property: fc.IProperty<T>, numRuns: number): boolean {
  return fc.check(property, { numRuns, seed: 1, endOnFailure: true }).failed
}
