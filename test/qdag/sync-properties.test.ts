/** Whatever replicas have, whatever happens between them, and in whatever order: in the end they have the same. */
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Ledger } from '../../client/qdag/ledger.ts'
import { Replica, type Time } from '../../client/qdag/replica.ts'
import { decodeMessage } from '../../client/qdag/sync/messages.ts'
import { toBase64Url, type Bytes } from '../../protocol/bytes.ts'
import { Random } from '../sim/random.ts'
import { Contributor, Group, names, START_MS } from './support/growing.ts'
import { Lab, type LabNode, type LabOptions } from './support/lab.ts'

const PLACES = ['a', 'b', 'c'] as const
const TIMEOUT_MS = 120_000
/** Less than two checks of digests, which would hide what the comparisons leave undone. */
const QUIET_MS = 12_000

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
  /** Each own entry is a tip: more than a frontier has room for. */
  isWide: fc.constantFrom(false, false, true),
  moves: fc.array(move, { maxLength: 12 }),
})
type Plan = typeof plan extends fc.Arbitrary<infer P> ? P : never

/** Lives through it, and says what is wrong in the end. */
function live({ seed, replicas, common, own, isWide, moves }: Plan, options: LabOptions = {}): string | undefined {
  const lab = new Lab({ seed, isShuffled: true, ...options })
  const random = new Random(seed + 1)
  const base = new Group(names(3), random)
  const history = base.write(common)
  const nodes = PLACES.slice(0, replicas).map((name, i) => {
    const count = own[i] ?? 0
    const wide = names(isWide ? count : 0, `${name} alone`).map((alone) => new Contributor(alone).write([]))
    const entries = isWide ? wide : new Group(names(2, name), random, base.tips).write(count)
    return lab.node(name).load(history).load(entries)
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
  lab.run(QUIET_MS)
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

/** What is told of the tips in requests and digests is always the same. */
class SameDigest extends Ledger {
  override tipDigest(): Bytes {
    return new Uint8Array(32)
  }
}

/** Finds one entry too few that others lack. */
class OneTooFew extends Ledger {
  override notIn(past: readonly number[]): number[] {
    return super.notIn(past).slice(1)
  }
}

/** Does not hear what others say they have while both are live. */
class Deaf extends Replica {
  override message(peer: string, bytes: Bytes, time: Time): void {
    if (decodeMessage(bytes)?.kind !== 'qdag_digest') super.message(peer, bytes, time)
  }
}

describe('replicas', () => {
  it('have the same in the end', { timeout: TIMEOUT_MS }, () => {
    fc.assert(
      fc.property(plan, (chosen) => {
        expect(live(chosen)).toBeUndefined()
      }),
      { numRuns: 300 },
    )
  })

  it.each<Plan>([
    { seed: 2_147_483_636, replicas: 3, common: 0, own: [30, 30, 30], isWide: false, moves: [] },
    { seed: 2_147_483_417, replicas: 3, common: 0, own: [30, 30, 30], isWide: false, moves: [] },
  ])('are live though one has got from others what it was too busy to take, seed $seed', (chosen) => {
    expect(live(chosen)).toBeUndefined()
  })

  it.each<[string, LabOptions]>([
    ['say that they have the same when they have not', { makeLedger: (options) => new SameDigest(options) }],
    ['push one entry too few', { makeLedger: (options) => new OneTooFew(options) }],
  ])('would be caught if they %s', { timeout: TIMEOUT_MS }, (_, options) => {
    const found = fc.check(
      fc.property(plan, (chosen) => live(chosen, options) === undefined),
      { numRuns: 300, endOnFailure: true },
    )
    expect(found.failed).toBe(true)
  })
})

describe('an entry that waits for its time', () => {
  it('and is forgotten with the peer that had sent it first, is found missing again', () => {
    expect(forgotten({})).toBe(true)
  })

  it('would be lost if nobody heard digests', () => {
    expect(forgotten({ makeReplica: (...args) => new Deaf(...args) })).toBe(false)
  })

  /** Whether `b` has it in the end. */
  function forgotten(options: LabOptions): boolean {
    const lab = new Lab(options)
    const ahead = { clockOffsetMs: 200_000 }
    const a = lab.node('a', ahead)
    const c = lab.node('c', ahead)
    const b = lab.node('b')
    // So that the clock of most is as that of b.
    for (const name of ['d', 'e']) lab.link(b, lab.node(name))
    lab.link(a, c)
    const first = lab.link(c, b)
    lab.run(1_000)
    const late = a.contribute({ tsMs: START_MS + 200_000 })
    lab.run(1_000)
    lab.link(a, b)
    lab.run(1_000)
    expect(b.ledger.statistics().parked).toBe(1)
    first.cut()
    expect(b.ledger.statistics().parked).toBe(0)
    lab.run(1_200_000)
    return b.ledger.indexOf(late.id) >= 0
  }
})
