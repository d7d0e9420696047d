/** The model is worth something: a link that lacks one of its duties does not live through it. */
import { describe, expect, it } from 'vitest'
import { live } from './history.ts'
import { MUTANTS } from './mutants.ts'

/** Most are caught by the first. */
const SEEDS = 120
const MOVES = 100
const TIMEOUT_MS = 120_000

describe('the model', () => {
  it.each(MUTANTS)('catches a link that is %s', { timeout: TIMEOUT_MS }, (name, makeLink) => {
    let complaint: string | undefined
    let seed = 0
    while (complaint === undefined && seed < SEEDS) {
      try {
        live(++seed, { makeLink, moves: MOVES })
      } catch (error) {
        complaint = (error as Error).message.split('\n')[0]
      }
    }
    // Vitest hides the console of what passes.
    process.stdout.write(`${name}: seed ${seed}: ${complaint?.slice(0, 90) ?? 'not caught'}\n`)
    expect(complaint).toBeDefined()
  })
})
