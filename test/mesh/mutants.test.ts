/** The simulation is worth something: a mesh that lacks one of its rules does not live through what the true one does. */
import { describe, expect, it } from 'vitest'
import { complaintOf } from './sim/complaints.ts'
import { barsOf, LIVES, MUTANTS, mutated, scenarioOf, TRUE_POLICY, type Life } from './sim/mutants.ts'
import { live } from './sim/scenario.ts'
import type { MeshPolicy } from '../../client/mesh/mesh.ts'

const SEED = Number(process.env['EDGE_NET_SEED'] ?? 1)
/** Most are caught by the first. */
const SEEDS = 4
const TIMEOUT_MS = 120_000

function complaint(life: Life, seed: number, policy: MeshPolicy): string | undefined {
  try {
    return complaintOf(live(scenarioOf(life, seed, policy)), barsOf(life))
  } catch (error) {
    return (error as Error).message
  }
}

describe('the true mesh', () => {
  it.each(Object.keys(LIVES) as Life[])('lives through this: %s', { timeout: TIMEOUT_MS }, (life) => {
    expect(complaint(life, SEED, TRUE_POLICY)).toBeUndefined()
  })
})

describe('the simulation', () => {
  it.each(MUTANTS)('catches a mesh that %s', { timeout: TIMEOUT_MS }, (name, change, life) => {
    let found: string | undefined
    let seed = 0
    while (found === undefined && seed < SEEDS) found = complaint(life, ++seed, mutated(change))
    // Vitest hides the console of what passes.
    process.stdout.write(`${name}: seed ${seed}: ${found ?? 'not caught'}\n`)
    expect(found).toBeDefined()
  })
})
