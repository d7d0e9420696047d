/** Who hears of what, how often, and when: several replicas that are all honest. */
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../client/node/ledger/sha256.ts'
import { decodeBatch } from '../../client/qdag/batch.ts'
import { decodeMessage } from '../../client/qdag/sync/messages.ts'
import { toBase64Url } from '../../protocol/bytes.ts'
import { Random } from '../sim/random.ts'
import { Contributor, Group, names } from './support/growing.ts'
import { Lab, type LabLink, type LabNode } from './support/lab.ts'

/** Entries in all messages over these links. */
function entriesOver(...links: readonly LabLink[]): number {
  const batches = links.flatMap(({ sent }) => sent.map(({ bytes }) => decodeMessage(bytes)))
  return batches.reduce((sum, message) => {
    const batch = message && 'batch' in message && message.batch.length > 0 ? message.batch : undefined
    return sum + ((batch && decodeBatch(batch, sha256)?.length) ?? 0)
  }, 0)
}

function mesh(lab: Lab, nodes: readonly LabNode[]): LabLink[] {
  return nodes.flatMap((one, i) => nodes.slice(i + 1).map((other) => lab.link(one, other)))
}

function digests(nodes: readonly LabNode[]): number {
  return new Set(nodes.map(({ ledger }) => toBase64Url(ledger.tipDigest()))).size
}

describe('news', () => {
  it('that comes up in one turn leaves in one message', () => {
    const lab = new Lab()
    const [one, other] = [lab.node('one'), lab.node('other')]
    const link = lab.link(one, other)
    lab.run(1_000)
    const before = link.sent.length
    for (let i = 0; i < 10; i++) one.contribute()
    lab.run(1_000)
    expect(link.sent.slice(before).map(({ kind }) => kind)).toEqual(['qdag_entries'])
    expect(other.ledger.size).toBe(10)
  })

  it('takes each link once at most', () => {
    const lab = new Lab()
    const nodes = names(6, 'node').map((name) => lab.node(name))
    const links = mesh(lab, nodes)
    lab.run(1_000)
    for (const node of nodes) {
      node.contribute()
      lab.run(100)
    }
    expect(digests(nodes)).toBe(1)
    expect(entriesOver(...links)).toBeLessThanOrEqual(nodes.length * links.length)
  })

  it('that is made while a peer catches up is told when it has', () => {
    const lab = new Lab()
    const group = new Group(names(5), new Random(1))
    const one = lab.node('one').load(group.write(6_000))
    const other = lab.node('other')
    const link = lab.link(one, other)
    const made: string[] = []
    while (other.ledger.size < 6_000 && lab.step()) {
      // Both make some, now and then.
      if (lab.random.chance(0.2)) made.push(toBase64Url(lab.random.pick([one, other]).contribute().id))
    }
    lab.run(100)
    expect(made.length).toBeGreaterThan(5)
    expect(digests([one, other])).toBe(1)
    expect(one.ledger.size).toBe(6_000 + made.length)
    expect(entriesOver(link)).toBe(6_000 + made.length)
  })
})

describe('a newcomer with eight neighbours', () => {
  it('is sent everything once', () => {
    const lab = new Lab()
    const history = new Group(names(5), new Random(1)).write(3_000)
    const neighbours = names(8, 'neighbour').map((name) => lab.node(name).load(history))
    mesh(lab, neighbours)
    lab.run(1_000)
    const newcomer = lab.node('newcomer')
    const links = neighbours.map((neighbour) => lab.link(neighbour, newcomer))
    lab.run(3_000)
    expect([...newcomer.replica.syncs.values()]).toEqual(neighbours.map(() => 'live'))
    expect(newcomer.ledger.size).toBe(3_000)
    expect(entriesOver(...links)).toBe(3_000)
  })
})

describe('two groups that were parted', () => {
  it('have the same soon after a link joins them, and nobody is sent anything twice', () => {
    const lab = new Lab()
    const random = new Random(1)
    const common = new Group(names(5), random)
    const history = common.write(500)
    const sides = ['here', 'there'].map((side) => {
      const own = new Group(names(3, side), random, common.tips).write(1_000)
      const nodes = names(4, side).map((name) => lab.node(name).load(history).load(own))
      return { nodes, links: mesh(lab, nodes) }
    })
    lab.run(1_000)
    const [here, there] = sides
    const [one] = here?.nodes ?? []
    const [other] = there?.nodes ?? []
    if (!one || !other) throw new Error('there are four of each')
    const bridge = lab.link(one, other)
    lab.run(5_000)
    const all = sides.flatMap(({ nodes }) => nodes)
    expect(digests(all)).toBe(1)
    expect(entriesOver(bridge, ...sides.flatMap(({ links }) => links))).toBe(all.length * 1_000)
  })
})

describe('a link that ends', () => {
  it.each([1, 2, 3, 5, 8, 12, 20, 40])('after %d steps, and begins again, costs nothing but time', (steps) => {
    const lab = new Lab()
    const group = new Group(names(5), new Random(1))
    const history = group.write(500)
    const one = lab
      .node('one')
      .load(history)
      .load(new Group(['one'], lab.random, group.tips).write(2_000))
    const other = lab
      .node('other')
      .load(history)
      .load(new Group(['other'], lab.random, group.tips).write(1_000))
    const link = lab.link(one, other)
    for (let i = 0; i < steps; i++) lab.step()
    link.cut()
    lab.run(1_000)
    link.open()
    lab.run(1_000)
    expect(digests([one, other])).toBe(1)
    expect([...one.replica.syncs, ...other.replica.syncs]).toEqual([
      ['other', 'live'],
      ['one', 'live'],
    ])
    expect([...one.misbehaviours, ...other.misbehaviours]).toEqual([])
  })

  it('does no harm when what was said over it is said again over the next one', () => {
    const lab = new Lab()
    const group = new Group(names(5), new Random(1))
    const one = lab.node('one').load(group.write(200))
    const other = lab.node('other').load(new Group(['other'], lab.random).write(100))
    const link = lab.link(one, other)
    lab.run(1_000)
    const said = link.sent.filter(({ from }) => from === 'other')
    link.cut()
    one.load([new Contributor('late').write(group.tips)])
    link.open()
    for (const { bytes } of said) one.message('other', bytes)
    lab.run(60_000)
    expect(digests([one, other])).toBe(1)
    expect(one.misbehaviours).toEqual([])
  })
})
