/** Catching up leaves others their turn: nothing takes a whole batch at once, and whatever happens in between is all right. */
import { describe, expect, it } from 'vitest'
import { Replica } from '../../client/qdag/replica.ts'
import { compareBytes } from '../../protocol/bytes.ts'
import { Random } from '../sim/random.ts'
import { Group, names } from './support/growing.ts'
import { Lab, type LabNode } from './support/lab.ts'

const ENTRIES = 3_000
/** What the replica does in one turn, and what it hashes besides ids. */
const MAX_AT_ONCE = 256

class Scene {
  readonly lab = new Lab({
    makeReplica: (ledger, output, { sha256, ...options }) => {
      const counted = (bytes: Parameters<typeof sha256>[0]) => {
        this.hashes++
        return sha256(bytes)
      }
      return new Replica(ledger, output, { ...options, sha256: counted })
    },
  })
  readonly group = new Group(names(5), new Random(1))
  readonly source = this.lab.node('source').load(this.group.write(ENTRIES))
  readonly learner = this.lab.node('learner')
  hashes = 0

  /** Goes on, one step after the other, until that is so. */
  runUntil(isSo: () => boolean, afterStep: () => void = () => undefined): void {
    while (!isSo()) {
      if (!this.lab.step()) this.lab.run(1)
      afterStep()
    }
  }

  expectEqual(...nodes: readonly LabNode[]): void {
    this.lab.run(30_000)
    for (const { ledger } of nodes) {
      expect(compareBytes(ledger.stateDigest(), this.source.ledger.stateDigest())).toBe(0)
    }
  }
}

describe('a peer that catches up', () => {
  it('decodes and takes in no more than some entries at a time', () => {
    const scene = new Scene()
    const { lab, source, learner } = scene
    lab.link(source, learner)
    const most = { hashes: 0, grown: 0 }
    let before = { hashes: 0, size: 0 }
    scene.runUntil(
      () => learner.ledger.size === ENTRIES,
      () => {
        const { size } = learner.ledger
        most.hashes = Math.max(most.hashes, scene.hashes - before.hashes)
        most.grown = Math.max(most.grown, size - before.size)
        before = { hashes: scene.hashes, size }
      },
    )
    expect(most.grown).toBe(MAX_AT_ONCE)
    expect(most.hashes).toBe(MAX_AT_ONCE)
    scene.expectEqual(learner)
  })

  it('can write an entry of its own in the middle of a batch', () => {
    const scene = new Scene()
    const { lab, source, learner } = scene
    lab.link(source, learner)
    scene.runUntil(() => learner.ledger.size === MAX_AT_ONCE)
    learner.contribute()
    scene.runUntil(() => learner.ledger.size > 5 * MAX_AT_ONCE)
    learner.contribute()
    scene.expectEqual(learner)
    expect(learner.ledger.size).toBe(ENTRIES + 2)
  })

  it('does not tell others the parts of a batch as news', () => {
    const scene = new Scene()
    const { lab, source, learner } = scene
    const other = lab.node('other')
    const quiet = lab.link(learner, other)
    lab.run(1_000)
    lab.link(source, learner)
    scene.runUntil(() => learner.ledger.size === ENTRIES)
    expect(quiet.sent.filter(({ kind }) => kind === 'qdag_entries')).toEqual([])
    scene.expectEqual(learner, other)
  })

  it('keeps what it has begun with when the other side goes in the middle of it, and gets the rest later', () => {
    for (const size of [0, 1, MAX_AT_ONCE, 3 * MAX_AT_ONCE]) {
      const scene = new Scene()
      const { lab, source, learner } = scene
      const link = lab.link(source, learner)
      // Something has been decoded, and so much taken in.
      scene.runUntil(() => scene.hashes > 2 * MAX_AT_ONCE && learner.ledger.size >= size)
      link.cut()
      lab.run(1_000)
      expect(learner.ledger.size).toBeLessThan(ENTRIES)
      link.open()
      scene.expectEqual(learner)
    }
  })
})
