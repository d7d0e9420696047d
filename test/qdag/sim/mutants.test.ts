/** The simulation is worth something: a network whose peers lack one of their duties does not live through it. */
import { describe, expect, it } from 'vitest'
import { live } from './history.ts'
import { MUTANTS, mutated } from './mutants.ts'

/** Most are caught by the first few. */
const SEEDS = 60
const TIMEOUT_MS = 240_000

describe('the simulation', () => {
  it.each(MUTANTS)('catches a peer that %s', { timeout: TIMEOUT_MS }, async (name, changes) => {
    const parts = mutated(changes)
    let complaint: string | undefined
    let seed = 0
    while (complaint === undefined && seed < SEEDS) {
      complaint = await live(++seed, { parts }).then(
        () => undefined,
        (error: Error) => error.message.split('\n')[0],
      )
    }
    // Vitest hides the console of what passes.
    process.stdout.write(`${name}: seed ${seed}: ${complaint?.slice(0, 90) ?? 'not caught'}\n`)
    expect(complaint).toBeDefined()
  })
})
