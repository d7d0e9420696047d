/** The table of row numbers does what a `Map` does, whatever the hashes are. */
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { IndexTable, type Keys } from '../../client/qdag/ledger/index-table.ts'

/** Keys are whole numbers; `spread` says how many different hashes they have. */
class Numbers implements Keys<number> {
  readonly keys: number[] = []
  readonly #spread: number

  constructor(spread: number) {
    this.#spread = spread
  }
  hash(key: number): number {
    return (Math.imul(key % this.#spread, 0x9e3779b1) >>> 0) % 2 ** 32
  }
  hashAt(index: number): number {
    return this.hash(this.keys[index] ?? -1)
  }
  matches(index: number, key: number): boolean {
    return this.keys[index] === key
  }
}

test.each([
  ['spread evenly', 1_000_003, 3_000],
  ['shared by many', 7, 300],
  ['all the same', 1, 200],
])('finds the row of each key, where hashes are %s', (_, spread, count) => {
  const steps = fc.array(fc.record({ key: fc.nat(count), replaces: fc.boolean() }), {
    minLength: count,
    maxLength: 2 * count,
  })
  fc.assert(
    fc.property(steps, (list) => {
      const numbers = new Numbers(spread)
      const table = new IndexTable<number>(numbers)
      const expected = new Map<number, number>()
      for (const { key, replaces } of list) {
        const known = expected.get(key)
        expect(table.find(key)).toBe(known ?? -1)
        if (known !== undefined && !replaces) continue
        const index = numbers.keys.push(key) - 1
        if (known === undefined) table.add(index)
        else table.replace(known, index)
        expected.set(key, index)
      }
      for (const [key, index] of expected) expect(table.find(key)).toBe(index)
      for (let key = count + 1; key < count + 100; key++) expect(table.find(key)).toBe(-1)
    }),
    { numRuns: 20 },
  )
})
