/** The ledger says what the rules say, and says it in whatever order entries come. */
import * as fc from 'fast-check'
import { describe, test } from 'vitest'
import { Ledger } from '../../client/qdag/ledger.ts'
import { agreement, type MakeLedger } from './ledger-history.ts'
import { orderIndependence, ORDERS_PER_SET } from './ledger-orders.ts'

const ORDERS = 10_000
const TIMEOUT_MS = 120_000

const makeLedger: MakeLedger = (options) => new Ledger(options)

describe('the ledger', () => {
  test(
    'says what a plain computation from the same entries says, whatever has happened',
    { timeout: TIMEOUT_MS },
    () => {
      fc.assert(agreement(makeLedger), { numRuns: 200 })
    },
  )

  test('is the same in whatever order its entries came', { timeout: TIMEOUT_MS }, () => {
    fc.assert(orderIndependence(makeLedger), { numRuns: ORDERS / ORDERS_PER_SET })
  })
})
