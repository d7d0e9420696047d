/**
 * One honest replica has two neighbours: an honest one, and one who says what no honest replica says, or nothing. What is
 * provably wrong is reported and ends it; nothing wrong gets in; and what the honest two do goes on all the time.
 */
import { describe, expect, it } from 'vitest'
import { START_MS } from './support/growing.ts'
import {
  answering,
  bitsFor,
  comparing,
  expectUnharmed,
  HISTORY,
  listens,
  request,
  scene,
  unknownTips,
} from './support/hostile-scene.ts'
import { noId, type Rogue } from './support/rogue.ts'

describe('a peer is reported and not listened to any more', () => {
  it.each<[string, string, Rogue['answer']]>([
    ['says something that is no message', 'malformed', (_, rogue) => rogue.utter(new Uint8Array([99]))],
    [
      'sends a batch that is none',
      'malformed',
      (_, rogue) => rogue.say('qdag_entries', { batch: new Uint8Array([1, 1, 1]) }),
    ],
    [
      'knows a number of our entries that we have not named',
      'out-of-turn',
      comparing({ qdag_known: (rogue) => rogue.say('qdag_known', { bits: new Uint8Array(1) }) }),
    ],
    [
      'lists short ids that do not rise',
      'out-of-turn',
      comparing(
        {
          qdag_known: (rogue) => {
            rogue.say('qdag_known', { bits: bitsFor(rogue) })
            rogue.say('qdag_short_ids', { isLast: true, ids: new Uint8Array(16) })
          },
        },
        1,
      ),
    ],
    [
      'lists a few short ids at a time, without end',
      'out-of-turn',
      comparing(
        {
          qdag_known: (rogue) => {
            rogue.say('qdag_known', { bits: bitsFor(rogue) })
            rogue.say('qdag_short_ids', { isLast: false, ids: new Uint8Array(8) })
          },
        },
        1,
      ),
    ],
    [
      'wants more than was listed',
      'out-of-turn',
      comparing({
        qdag_known: (rogue) => rogue.say('qdag_known', { bits: bitsFor(rogue) }),
        qdag_short_ids: (rogue) => rogue.say('qdag_want', { bits: new Uint8Array(500) }),
      }),
    ],
    [
      'says which ranges differ when there are none',
      'out-of-turn',
      comparing({
        qdag_known: (rogue) => rogue.say('qdag_known', { bits: bitsFor(rogue) }),
        qdag_short_ids: (rogue) => rogue.say('qdag_range_difference', { bits: new Uint8Array(16) }),
      }),
    ],
  ])('that %s: %s', (_, reason, answer) => {
    const met = scene(answer)
    met.lab.run(1_000)
    expect(met.alice.misbehaviours).toEqual([{ peer: 'rogue', reason }])
    expect(met.alice.replica.syncs.get('rogue')).toBe('ended')
    const heard = met.rogue.heard.length
    met.rogue.request()
    met.lab.run(1_000)
    expect(met.rogue.heard.length).toBe(heard)
    expectUnharmed(met)
  })

  it('that says more than anybody has to say', () => {
    const met = scene()
    for (let i = 0; i < 1_000; i++) met.rogue.say('qdag_digest', { tipDigest: noId(`${i}`), count: i })
    met.lab.run(1_000)
    expect(met.alice.misbehaviours).toEqual([{ peer: 'rogue', reason: 'flood' }])
    expectUnharmed(met)
  })

  it('that goes on saying what does not fit, though not for one such message', () => {
    const met = scene()
    met.rogue.say('qdag_want', { bits: new Uint8Array(1) })
    met.lab.run(1_000)
    expect(met.alice.misbehaviours).toEqual([])
    for (let i = 0; i < 50; i++) met.rogue.say('qdag_want', { bits: new Uint8Array(1) })
    met.lab.run(1_000)
    expect(met.alice.misbehaviours).toEqual([{ peer: 'rogue', reason: 'out-of-turn' }])
    expectUnharmed(met)
  })

  it('that sends more entries than there is room for', () => {
    const met = scene()
    met.rogue.entries(met.group.write(5_000))
    met.lab.run(1_000)
    expect(met.alice.misbehaviours).toEqual([{ peer: 'rogue', reason: 'flood' }])
  })

  it('until it comes again and ten minutes have passed', () => {
    const met = scene((_, rogue) => rogue.utter(new Uint8Array([99])))
    const { lab, alice, rogue } = met
    rogue.answer = () => undefined
    const heard = rogue.heard.length
    const link = [...lab.links].at(-1)
    link?.cut()
    link?.open()
    lab.run(590_000)
    expect(rogue.heard.length).toBe(heard)
    lab.run(20_000)
    expect(rogue.heard.length).toBeGreaterThan(heard)
    expect(alice.replica.syncs.get('rogue')).toBe('comparing')
  })
})

describe('a peer gains nothing, and nobody loses', () => {
  it('when it never answers', () => {
    const met = scene()
    met.lab.run(600_000)
    expect(met.alice.replica.syncs.get('rogue')).toBe('comparing')
    // Asked again and again, less and less often.
    expect(met.rogue.heard.length).toBeLessThan(12)
    expectUnharmed(met)
  })

  it('when it announces tips that nobody has, and never sends them', () => {
    const met = scene(
      answering({ qdag_sync_request: request, qdag_frontier: (rogue) => rogue.frontier({ tips: unknownTips }) }),
    )
    met.lab.run(600_000)
    expect(met.alice.replica.syncs.get('rogue')).toBe('comparing')
    expect(met.rogue.heardOf('qdag_frontier').length).toBeLessThan(12)
    expectUnharmed(met)
  })

  it('when it says that there are always more tips', () => {
    const met = scene(
      answering({
        qdag_sync_request: request,
        qdag_frontier: (rogue) => rogue.frontier({ hasMore: true, tips: unknownTips }),
        qdag_known: (rogue) => rogue.respond([], true, true),
        qdag_sync_response: (rogue) => rogue.acknowledge(),
      }),
    )
    met.lab.run(60_000)
    expect(met.alice.misbehaviours.length).toBeLessThanOrEqual(1)
    expectUnharmed(met)
  })

  it('when it asks for a comparison all the time', () => {
    const met = scene(listens)
    for (let i = 0; i < 60; i++) {
      met.rogue.request()
      met.lab.run(1_000)
    }
    // The first few, and one every five seconds.
    expect(met.rogue.heardOf('qdag_frontier').length).toBeLessThanOrEqual(4 + 1 + 60 / 5)
    expect(met.rogue.heardOf('qdag_busy').length).toBeGreaterThan(30)
    expectUnharmed(met)
  })

  it('when it takes entries and never says so: what is under way to it is bounded', () => {
    const met = scene(listens)
    met.alice.load(met.group.write(5_000))
    met.bob.load(met.alice.log.slice(HISTORY))
    met.rogue.request()
    met.lab.run(5_000)
    const bytes = met.rogue.heardOf('qdag_sync_response').reduce((sum, { batch }) => sum + batch.length, 0)
    expect(bytes).toBeGreaterThan(100_000)
    expect(bytes).toBeLessThanOrEqual(256 * 1_024)
    met.lab.run(60_000)
    expectUnharmed(met)
  })

  it('when it asks for the same entries again and again', () => {
    const met = scene()
    const ids = met.alice.log.slice(0, 64).map(({ id }) => id)
    for (let i = 0; i < 100; i++) met.rogue.say('qdag_fetch', { ids })
    met.lab.run(100)
    const bytes = met.rogue.heardOf('qdag_entries').reduce((sum, { batch }) => sum + batch.length, 0)
    expect(bytes).toBeLessThanOrEqual(256 * 1_024)
    expectUnharmed(met)
  })

  it('when its clock is wrong', () => {
    const met = scene((message, rogue) => {
      if (message.kind === 'qdag_sync_request') rogue.request({ isAnswer: true, wallMs: START_MS + 86_400_000 })
    })
    met.lab.run(1_000)
    expect(met.alice.replica.clockOffsetMs).toBe(0)
    expectUnharmed(met)
  })
})
