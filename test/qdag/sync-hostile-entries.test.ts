/** Entries that are wrong, that nobody can use, or that are too many: none gets in, and what is good still does. */
import { describe, expect, it } from 'vitest'
import type { Entry } from '../../client/qdag/entry.ts'
import { compareBytes } from '../../protocol/bytes.ts'
import { Contributor, START_MS } from './support/growing.ts'
import { answering, expectUnharmed, HISTORY, request, scene, unknownTips, type Scene } from './support/hostile-scene.ts'
import type { Rogue } from './support/rogue.ts'

/** As it was signed, but for the signature. */
function forged(entry: Entry): Entry {
  return { ...entry, signature: entry.signature.map((byte) => byte ^ 1) }
}

const has = ({ alice }: Scene, { id }: Entry) => alice.ledger.indexOf(id) >= 0

/** Entries that build on one that is kept back. */
function orphans({ group }: Scene, count: number): { readonly root: Entry; readonly entries: readonly Entry[] } {
  const root = new Contributor('root').write(group.tips)
  return { root, entries: Array.from({ length: count }, (_, i) => new Contributor(`orphan ${i}`).write([root])) }
}

describe('an entry', () => {
  it('with a forged signature ends its sender; those before it in its batch are good', () => {
    const met = scene()
    const [first, second, third] = met.group.write(3)
    if (!first || !second || !third) throw new Error('three are three')
    met.rogue.entries([first, forged(second), third])
    met.lab.run(1_000)
    expect(met.alice.misbehaviours).toEqual([{ peer: 'rogue', reason: 'invalid-signature' }])
    expect([first, second, third].map((entry) => has(met, entry))).toEqual([true, false, false])
    expectUnharmed(met)
  })

  it('that no rule allows ends its sender', () => {
    const met = scene()
    const early = new Contributor('early').write(met.group.tips, { tsMs: START_MS })
    met.rogue.entries([early])
    met.lab.run(1_000)
    expect(met.alice.misbehaviours).toEqual([{ peer: 'rogue', reason: 'invalid-entry' }])
    expect(has(met, early)).toBe(false)
    expectUnharmed(met)
  })

  it('that one peer sends forged gets in when another sends it as it was signed', () => {
    const met = scene()
    const { lab, alice, bob } = met
    const [good] = met.group.write(1)
    if (!good) throw new Error('one is one')
    met.rogue.entries([forged(good)])
    bob.own(good)
    lab.run(1_000)
    expect(has(met, good)).toBe(true)
    expect(alice.misbehaviours).toEqual([{ peer: 'rogue', reason: 'invalid-signature' }])
    expectUnharmed(met)
  })

  it('that two peers send at once is verified once', () => {
    const met = scene()
    const { lab, alice, bob } = met
    const [good] = met.group.write(1)
    if (!good) throw new Error('one is one')
    met.rogue.entries([good])
    bob.own(good)
    lab.run(1_000)
    expect(has(met, good)).toBe(true)
    expect(alice.verifiedEntries).toBe(1)
  })

  it('of the far future waits, and is told to nobody', () => {
    const met = scene()
    const late = Array.from({ length: 1_000 }, (_, i) =>
      new Contributor(`late ${i}`).write(met.group.tips, { tsMs: START_MS + 86_400_000 + i }),
    )
    met.rogue.entries(late)
    met.lab.run(1_000)
    expect(met.alice.ledger.statistics().parked).toBeLessThanOrEqual(256)
    expect(met.bob.verifiedEntries).toBe(0)
    expectUnharmed(met)
  })
})

describe('orphans', () => {
  it('are bounded; what they lack is asked for a few times, and then left alone', () => {
    const met = scene()
    const { entries } = orphans(met, 1_000)
    met.rogue.entries(entries)
    met.lab.run(60_000)
    expect(met.alice.ledger.size).toBe(HISTORY)
    expect(met.alice.ledger.statistics().orphans).toBeLessThanOrEqual(256)
    expect(met.rogue.heardOf('qdag_fetch').length).toBeLessThanOrEqual(4)
    expect(met.alice.misbehaviours).toEqual([])
    expectUnharmed(met)
  })

  it('that turn out to break a rule end the peer that sent them, and not the one that sent what they lacked', () => {
    const met = scene()
    const root = new Contributor('root').write(met.group.tips)
    const early = new Contributor('early').write([root], { tsMs: START_MS })
    met.rogue.entries([early])
    met.lab.run(100)
    expect(met.alice.ledger.statistics().orphans).toBe(1)
    met.bob.own(root)
    met.lab.run(100)
    expect(has(met, root)).toBe(true)
    expect(met.alice.misbehaviours).toEqual([{ peer: 'rogue', reason: 'invalid-entry' }])
    expect(met.alice.ledger.statistics().orphans).toBe(0)
    expectUnharmed(met)
  })

  it('of which each is followed by what it lacks have nobody else asked more often than he bears', () => {
    const met = scene()
    const { lab, alice, bob, rogue } = met
    for (let i = 0; i < 2_000; i++) {
      const contributor = new Contributor(`hasty ${i}`)
      const [one, two] = [contributor.write([]), contributor.write([])]
      rogue.entries([two])
      lab.run(5)
      rogue.entries([one])
      lab.run(5)
    }
    expect(alice.ledger.size).toBe(HISTORY + 4_000)
    expect(bob.misbehaviours).toEqual([])
    lab.run(1_000)
    expectUnharmed(met)
  })

  it('get in when somebody else has what they lack', () => {
    const met = scene()
    const { root, entries } = orphans(met, 20)
    met.rogue.entries(entries)
    met.lab.run(100)
    met.bob.own(root)
    met.lab.run(100)
    expect(entries.every((entry) => has(met, entry))).toBe(true)
    expect(met.bob.ledger.size).toBe(met.alice.ledger.size)
  })

  it('are asked for of another peer when the one that sent them does not answer', () => {
    const met = scene()
    const { root, entries } = orphans(met, 1)
    met.bob.load([root])
    met.rogue.entries(entries)
    met.lab.run(2_000)
    expect(entries.every((entry) => has(met, entry))).toBe(true)
  })
})

describe('a peer that sends entries as an answer', () => {
  /** Claims to have more, and then sends so many at a time, at such intervals. */
  const claims = answering({
    qdag_sync_request: request,
    qdag_frontier: (rogue: Rogue) => rogue.frontier({ tips: unknownTips }),
  })

  it('but only such as are known, without end, is given up, and another takes its place', () => {
    const met = scene(claims)
    const { lab, alice, rogue } = met
    for (let i = 0; i < 40; i++) {
      rogue.respond(alice.log.slice(0, 5), false)
      lab.run(500)
    }
    expect(alice.replica.syncs.get('rogue')).not.toBe('catching-up')
    expectUnharmed(met)
  })

  it('but only such as are known, as fast as it can, is held to the pace of news', () => {
    const met = scene(claims)
    const { lab, alice, rogue } = met
    let sent = 0
    const send = () => {
      rogue.respond(alice.log.slice(0, 250), false)
      sent += 250
    }
    rogue.answer = (message) => message.kind === 'qdag_taken' && send()
    for (let i = 0; i < 5; i++) send()
    lab.run(5_000)
    expect(sent).toBeGreaterThan(2_000)
    expect(sent).toBeLessThan(2_000 + 5 * 200 + 2_500)
    expectUnharmed(met)
  })

  it('a few now and then: others do not wait for it', () => {
    const met = scene(claims)
    const { lab, alice, bob, rogue, group } = met
    const [link] = lab.links
    link?.cut()
    const trickle = group.write(100)
    bob.load(trickle).load(group.write(300))
    rogue.respond(trickle.splice(0, 1), false)
    link?.open()
    for (let i = 0; i < 10; i++) {
      rogue.respond(trickle.splice(0, 1), false)
      lab.run(500)
    }
    expect(alice.replica.syncs.get('rogue')).toBe('catching-up')
    expect(compareBytes(alice.ledger.tipDigest(), bob.ledger.tipDigest())).toBe(0)
    expectUnharmed(met)
  })

  it('too slowly for a minute is given up', () => {
    const met = scene(claims)
    const { lab, alice, rogue, group } = met
    const trickle = group.write(400)
    for (let i = 0; i < 65; i++) {
      rogue.respond(trickle.splice(0, 5), false)
      lab.run(1_000)
    }
    expect(alice.replica.syncs.get('rogue')).toBe('comparing')
  })

  it('that nobody asked for, is held to the pace of news', () => {
    const met = scene()
    const { lab, alice, rogue } = met
    const many = Array.from({ length: 2_600 }, (_, i) => new Contributor(`many ${i}`).write([]))
    let at = 0
    rogue.answer = (message) => {
      if (message.kind === 'qdag_taken') rogue.entries(many.slice(at, (at += 300)))
    }
    rogue.entries(many.slice(0, (at = 600)))
    lab.run()
    const atOnce = alice.ledger.size - HISTORY
    expect(atOnce).toBeGreaterThanOrEqual(2_000)
    expect(atOnce).toBeLessThanOrEqual(2_300)
    lab.run(4_000)
    expect(alice.ledger.size - HISTORY).toBe(2_600)
    expect(alice.misbehaviours).toEqual([])
    expectUnharmed(met)
  })
})

it('what comes from a peer that is gone counts for its entries', () => {
  const met = scene()
  const [link] = [...met.lab.links].slice(-1)
  const entries = met.group.write(3)
  met.rogue.entries(entries)
  // The message arrives, and is being verified when the link ends.
  met.lab.step()
  link?.cut()
  met.lab.run(100)
  expect(entries.every((entry) => has(met, entry))).toBe(true)
})
