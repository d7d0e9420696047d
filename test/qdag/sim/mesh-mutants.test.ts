/** The simulation of a mesh is worth something: members who lack one of their duties do not live through it. */
import { describe, expect, it } from 'vitest'
import { live } from './history.ts'
import { MUTANTS } from './mesh-mutants.ts'

/** Most are caught by the first few. */
const SEEDS = 40
const TIMEOUT_MS = 240_000

describe('the simulation of a mesh', () => {
  it.each(MUTANTS)('catches a member that %s', { timeout: TIMEOUT_MS }, async (name, parts) => {
    let complaint: string | undefined
    let seed = 0
    while (complaint === undefined && seed < SEEDS) {
      complaint = await live(++seed, { parts, hasMesh: true }).then(
        () => undefined,
        (error: Error) => error.message.split('\n')[0],
      )
    }
    // Vitest hides the console of what passes.
    process.stdout.write(`${name}: seed ${seed}: ${complaint?.slice(0, 90) ?? 'not caught'}\n`)
    expect(complaint).toBeDefined()
  })
})
