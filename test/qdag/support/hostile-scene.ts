/** One honest replica with two neighbours: an honest one, and one of whom anything can be expected. */
import { expect } from 'vitest'
import type { SyncMessage } from '../../../client/qdag/sync/messages.ts'
import { compareBytes } from '../../../protocol/bytes.ts'
import { Random } from '../../sim/random.ts'
import { Group, names } from './growing.ts'
import { Lab, type LabNode } from './lab.ts'
import { noPrefix, Rogue } from './rogue.ts'

export const HISTORY = 300
const TIPS = 12

export interface Scene {
  readonly lab: Lab
  readonly alice: LabNode
  readonly bob: LabNode
  readonly rogue: Rogue
  /** Who knows all that the honest ones know, and more. */
  readonly group: Group
}

/** The honest two have the same; the rogue has just come. */
export function scene(answer: Rogue['answer'] = () => undefined): Scene {
  const lab = new Lab()
  const group = new Group(names(5), new Random(7))
  const history = group.write(HISTORY)
  const alice = lab.node('alice').load(history)
  const bob = lab.node('bob').load(history)
  const rogue = new Rogue()
  rogue.answer = answer
  lab.link(alice, bob)
  lab.run()
  lab.link(alice, rogue)
  lab.run()
  return { lab, alice, bob, rogue, group }
}

/** What Bob makes reaches Alice, and the other way round, and nothing else has come. */
export function expectUnharmed({ lab, alice, bob }: Scene, withinMs = 100): void {
  const before = alice.ledger.size
  bob.contribute()
  alice.contribute()
  lab.run(withinMs)
  expect(compareBytes(alice.ledger.tipDigest(), bob.ledger.tipDigest())).toBe(0)
  expect(alice.ledger.size).toBe(before + 2)
  expect(bob.misbehaviours).toEqual([])
}

/** Answers with these, in the place of what an honest one says. */
export function answering(answers: {
  [K in SyncMessage['kind']]?: (rogue: Rogue, message: SyncMessage) => void
}): Rogue['answer'] {
  return (message, rogue) => answers[message.kind]?.(rogue, message)
}

export const unknownTips = Array.from({ length: TIPS }, (_, i) => noPrefix(`tip ${i}`))
export const request = (rogue: Rogue) => rogue.request({ isAnswer: true })
/** Has nothing, and takes everything. */
export const listens = answering({ qdag_sync_request: request, qdag_frontier: (rogue) => rogue.frontier() })
/** Is told a frontier of which nothing is known, so that both sides lack something. */
export const comparing = (more: Parameters<typeof answering>[0], count = 1_000) =>
  answering({
    qdag_sync_request: (rogue) => rogue.request({ isAnswer: true, count }),
    qdag_frontier: (rogue) => rogue.frontier({ tips: unknownTips }),
    qdag_known: (rogue) => rogue.say('qdag_known', { bits: new Uint8Array(3) }),
    ...more,
  })

/** As many as its frontier had tips and locators, none of them known. */
export function bitsFor(rogue: Rogue): Uint8Array<ArrayBuffer> {
  const frontier = rogue.heardOf('qdag_frontier').at(-1)
  return new Uint8Array(Math.ceil(((frontier?.tips.length ?? 0) + (frontier?.locators.length ?? 0)) / 8))
}
