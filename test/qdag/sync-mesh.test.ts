/** Who is told of what where members hear by gossip, too: nothing twice, and all of what gossip does not bring. */
import { describe, expect, it } from 'vitest'
import type { Entry } from '../../client/qdag/entry.ts'
import { Replica } from '../../client/qdag/replica.ts'
import { Random } from '../sim/random.ts'
import { Contributor, Group, names } from './support/growing.ts'
import { Lab, type LabLink, type LabNode } from './support/lab.ts'
import { Rogue } from './support/rogue.ts'

/** Longer than gossip has, jitter included; and shorter than gossip has. */
const LATE_MS = 2_500
const SOON_MS = 900

/** Whose peers all have a mesh, but for those whose names say otherwise. */
function meshLab(): Lab {
  return new Lab({
    makeReplica: (ledger, output, options) =>
      new Replica(ledger, output, { ...options, hears: (peer) => !peer.startsWith('meshless') }),
  })
}

function line(lab: Lab, ...nodes: readonly LabNode[]): LabLink[] {
  const links = nodes.slice(1).map((node, i) => lab.link(nodes[i] ?? node, node))
  lab.run(1_000)
  return links
}

function say(node: LabNode, entry: Entry): void {
  node.replica.own(entry, node.time, true)
}

function hear(node: LabNode, entry: Entry, from = 'somebody'): void {
  node.replica.gossiped(entry, from, node.time)
}

const kindsOf = (link: LabLink | undefined, after = 0): unknown[] =>
  (link?.sent ?? []).slice(after).map(({ kind }) => kind)

describe('a member of a mesh', () => {
  it('is told nothing of what is said to everybody, and who has no mesh is told at once', () => {
    const lab = meshLab()
    const [author, member, meshless] = [lab.node('author'), lab.node('member'), lab.node('meshless')]
    const [link] = line(lab, author, member)
    line(lab, author, meshless)
    say(author, new Contributor('author').write([]))
    lab.run(LATE_MS)
    expect(kindsOf(link)).not.toContain('qdag_entries')
    expect(member.ledger.size).toBe(0)
    expect(meshless.ledger.size).toBe(1)
    // It shows when tips are compared.
    lab.run(30_000)
    expect(member.ledger.size).toBe(1)
  })

  it('is told of what a comparison has brought when gossip has had its time', () => {
    const lab = meshLab()
    const [far, middle, near] = [lab.node('far'), lab.node('middle'), lab.node('near')]
    line(lab, middle, near)
    far.load(new Group(names(3), new Random(1)).write(20))
    lab.link(far, middle)
    lab.run(SOON_MS)
    expect(middle.ledger.size).toBe(20)
    expect(near.ledger.size).toBe(0)
    lab.run(LATE_MS)
    expect(near.ledger.size).toBe(20)
  })

  it('is not told of what a comparison has brought when gossip brings it, too', () => {
    const lab = meshLab()
    const [far, middle, near] = [lab.node('far'), lab.node('middle'), lab.node('near')]
    const [link] = line(lab, middle, near)
    const entry = new Contributor('far').write([])
    far.load([entry])
    lab.link(far, middle)
    lab.run(SOON_MS)
    expect(middle.replica.isUnsaid(entry.id, middle.time)).toBe(true)
    middle.replica.said(entry.id)
    expect(middle.replica.isUnsaid(entry.id, middle.time)).toBe(false)
    hear(near, entry)
    lab.run(LATE_MS)
    expect(kindsOf(link)).not.toContain('qdag_entries')
    expect([middle.ledger.size, near.ledger.size]).toEqual([1, 1])
  })

  it('may tell of an entry by gossip for two seconds after a peer has brought it, and not later', () => {
    const lab = meshLab()
    const [far, middle, near] = [lab.node('far'), lab.node('middle'), lab.node('near')]
    line(lab, middle, near)
    const entry = new Contributor('far').write([])
    far.load([entry])
    lab.link(far, middle)
    lab.run(LATE_MS)
    expect(middle.ledger.size).toBe(1)
    expect(middle.replica.isUnsaid(entry.id, middle.time)).toBe(false)
  })

  it('asks for what an entry builds on when gossip has had its time, and not when gossip brings it', () => {
    const contributor = new Contributor('author')
    const [one, two] = [contributor.write([]), contributor.write([])]
    for (const isLost of [true, false]) {
      const lab = meshLab()
      const [author, member] = [lab.node('author'), lab.node('member')]
      const [link] = line(lab, author, member)
      say(author, one)
      say(author, two)
      hear(member, two)
      lab.run(SOON_MS)
      expect(kindsOf(link)).not.toContain('qdag_fetch')
      if (!isLost) hear(member, one)
      lab.run(LATE_MS)
      expect(kindsOf(link).includes('qdag_fetch')).toBe(isLost)
      expect(member.ledger.size).toBe(2)
    }
  })

  it('asks the one that passed an entry on first for what it builds on', () => {
    const lab = meshLab()
    const member = lab.node('member')
    const others = names(9).map((name) => lab.node(name))
    for (const other of others) line(lab, member, other)
    const contributor = new Contributor('author')
    const [one, two] = [contributor.write([]), contributor.write([])]
    const bringer = others[4] as LabNode
    // The others have not heard of it.
    say(bringer, one)
    hear(member, two, bringer.name)
    lab.run(1_100)
    expect(member.ledger.size).toBe(2)
  })

  it('compares with a peer when very much is missing of what it hears', () => {
    const lab = meshLab()
    const [author, member] = [lab.node('author'), lab.node('member')]
    line(lab, author, member)
    for (const name of names(200)) {
      const contributor = new Contributor(name)
      const [one, two] = [contributor.write([]), contributor.write([])]
      say(author, one)
      say(author, two)
      hear(member, two)
    }
    lab.run(LATE_MS)
    expect(member.ledger.size).toBe(400)
  })

  it('asks a peer to compare no more often than that pays, whatever strangers say that builds on nothing', () => {
    const lab = meshLab()
    const [member, other] = [lab.node('member'), lab.node('other')]
    const [link] = line(lab, member, other)
    const before = link?.sent.length ?? 0
    for (const name of names(3_000)) {
      const stranger = new Contributor(name)
      stranger.write([])
      hear(member, stranger.write([]))
      lab.run(10)
    }
    expect(other.misbehaviours).toEqual([])
    expect(other.replica.syncs.get('member')).toBe('live')
    expect(kindsOf(link, before).filter((kind) => kind === 'qdag_sync_request').length).toBeLessThan(20)
  })
})

describe('who passes on too much', () => {
  it('is not listened to beyond its pace, nor is who has no link', () => {
    const lab = meshLab()
    const [member, other] = [lab.node('member'), lab.node('other')]
    line(lab, member, other)
    const { replica } = member
    expect(replica.mayBring('nobody', 1, member.time)).toBe(false)
    let taken = 0
    while (replica.mayBring('other', 100, member.time)) taken += 100
    expect(taken).toBe(2_000)
    lab.run(10_000)
    expect(replica.mayBring('other', 100, member.time)).toBe(true)
  })

  it('may pass on what others have said when it is not listened to itself, at the same pace: nobody else brings that once more', () => {
    const lab = meshLab()
    const member = lab.node('member')
    const rogue = new Rogue()
    lab.link(member, rogue)
    rogue.utter(new Uint8Array([255]))
    lab.run(1_000)
    const { replica } = member
    expect(replica.syncs.get('rogue')).toBe('ended')
    expect(replica.mayBring('rogue', 2_000, member.time)).toBe(true)
    expect(replica.mayBring('rogue', 1, member.time)).toBe(false)
  })
})
