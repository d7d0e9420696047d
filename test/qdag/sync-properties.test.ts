/** Whatever replicas have, whatever happens between them, and in whatever order: in the end they have the same. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toBase64Url } from '../../protocol/bytes.ts'
import { Random } from '../sim/random.ts'
import { Group, names } from './support/growing.ts'
import { Lab, type LabNode, type LabOptions } from './support/lab.ts'

const PLACES = ['a', 'b', 'c'] as const

const move = fc.oneof(
  fc.record({ kind: fc.constant('contribute' as const), at: fc.nat(2), count: fc.constantFrom(1, 1, 1, 5, 300) }),
  fc.record({ kind: fc.constant('break' as const), at: fc.nat(2) }),
  fc.record({ kind: fc.constant('steps' as const), count: fc.nat(40) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(1, 600, 6_000, 12_000, 60_000) }),
)

const plan = fc.record({
  seed: fc.nat(),
  replicas: fc.constantFrom(2, 2, 3),
  common: fc.constantFrom(0, 0, 1, 20, 200),
  own: fc.array(fc.constantFrom(0, 0, 1, 3, 30, 400), { minLength: 3, maxLength: 3 }),
  moves: fc.array(move, { maxLength: 12 }),
})
type Plan = typeof plan extends fc.Arbitrary<infer P> ? P : never

/** Lives through it, and says what is wrong in the end. */
function live({ seed, replicas, common, own, moves }: Plan, options: LabOptions = {}): string | undefined {
  const lab = new Lab({ seed, isShuffled: true, ...options })
  const random = new Random(seed + 1)
  const base = new Group(names(3), random)
  const history = base.write(common)
  const nodes = PLACES.slice(0, replicas).map((name, i) => {
    const group = new Group(names(2, name), random, base.tips)
    return lab
      .node(name)
      .load(history)
      .load(group.write(own[i] ?? 0))
  })
  const links = nodes.flatMap((one, i) => nodes.slice(i + 1).map((other) => lab.link(one, other)))
  for (const next of moves) {
    if (next.kind === 'contribute') for (let i = 0; i < next.count; i++) nodes[next.at % replicas]?.contribute()
    if (next.kind === 'steps') for (let i = 0; i < next.count; i++) lab.step()
    if (next.kind === 'wait') lab.run(next.ms)
    if (next.kind === 'break') {
      const link = links[next.at % links.length]
      if (link?.isOpen) link.cut()
      else link?.open()
    }
  }
  for (const link of links) if (!link.isOpen) link.open()
  lab.run(60_000)
  return faultOf(nodes)
}

function faultOf(nodes: readonly LabNode[]): string | undefined {
  const digests = new Set(nodes.map(({ ledger }) => toBase64Url(ledger.stateDigest())))
  if (digests.size > 1) return `ledgers differ: ${nodes.map(({ ledger }) => ledger.size).join()}`
  const blamed = nodes.find(({ misbehaviours }) => misbehaviours.length > 0)
  if (blamed) return `${blamed.name} blames ${JSON.stringify(blamed.misbehaviours)}`
  const behind = nodes.find(({ replica }) => [...replica.syncs.values()].some((state) => state !== 'live'))
  return behind && `${behind.name} is ${JSON.stringify([...behind.replica.syncs])}`
}

describe('replicas', () => {
  it('have the same in the end', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(plan, (chosen) => {
        expect(live(chosen)).toBeUndefined()
      }),
      { numRuns: 300 },
    )
  })
})
