/** Entries that are said to everybody by gossip, in a ledger as applications have it. */
import { describe, expect, it } from 'vitest'
import { createIdentity } from '../../client/identity/identity.ts'
import type { LedgerJudgement } from '../../client/qdag/api.ts'
import { openLedger, type SharedLedger } from '../../client/qdag/index.ts'
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { eventually } from '../support/eventually.ts'

const ENTRIES_TOPIC = 2
const NEIGHBOUR = 'neighbour' as PeerId

type Judge = (payload: Bytes, from: PeerId) => Promise<LedgerJudgement>

/** A network in which everybody with a link has a mesh; nothing goes anywhere but where a test brings it. */
class Scene {
  readonly said: Bytes[] = []
  readonly ledger: SharedLedger
  #judge: Judge | undefined

  constructor(ledger: SharedLedger) {
    this.ledger = ledger
    ledger.attach({
      peers: new Map([[NEIGHBOUR, undefined]]),
      channel: () => undefined,
      on: () => undefined,
      send: () => Promise.resolve(),
      gossip: {
        publish: (topic, payload) => {
          expect(topic).toBe(ENTRIES_TOPIC)
          this.said.push(payload)
        },
        take: (topic, judge) => {
          expect(topic).toBe(ENTRIES_TOPIC)
          this.#judge = judge
          return () => (this.#judge = undefined)
        },
        reaches: () => true,
      },
    })
  }

  static async open(): Promise<Scene> {
    const identity = await createIdentity()
    return new Scene(await openLedger({ network: 'gossiped', identity }))
  }

  get entries(): number {
    return this.ledger.statistics().entries
  }

  contribute(taskId: string): Promise<unknown> {
    return this.ledger.contribute({ taskId, computeUnits: 100 })
  }

  /** What is of a topic that nobody takes is passed on. */
  judge(payload: Bytes | undefined): Promise<LedgerJudgement> {
    return this.#judge?.(payload ?? new Uint8Array(0), NEIGHBOUR) ?? Promise.resolve('accept')
  }
}

async function twoScenes(): Promise<[Scene, Scene]> {
  return Promise.all([Scene.open(), Scene.open()])
}

describe('an entry', () => {
  it('is said to everybody once it is kept, and taken and passed on by whoever hears it', async () => {
    const [ada, bob] = await twoScenes()
    await ada.contribute('one')
    expect(ada.said).toHaveLength(1)
    expect(await bob.judge(ada.said[0])).toBe('accept')
    expect(bob.entries).toBe(1)
    expect(bob.ledger.statistics().digest).toBe(ada.ledger.statistics().digest)
    // Passing on is what gossip does.
    expect(bob.said).toEqual([])
    expect(await bob.judge(ada.said[0])).toBe('ignore')
    expect(await ada.judge(ada.said[0])).toBe('ignore')
  })

  it('is said with those that are made right after it, all in the end', async () => {
    const [ada, bob] = await twoScenes()
    const tasks = Array.from({ length: 20 }, (_, i) => `task ${i}`)
    await Promise.all(tasks.map((task) => ada.contribute(task)))
    await eventually(async () => {
      for (const payload of ada.said) await bob.judge(payload)
      expect(bob.entries).toBe(tasks.length)
    })
    expect(ada.said.length).toBeLessThan(tasks.length)
  })

  it('is said before the ledger closes', async () => {
    const [ada, bob] = await twoScenes()
    for (const task of ['one', 'two', 'three']) await ada.contribute(task)
    await ada.ledger.close()
    for (const payload of ada.said) expect(await bob.judge(payload)).toBe('accept')
    expect(bob.entries).toBe(3)
  })

  it('is refused when its signature does not hold, and taken when it is the genuine one', async () => {
    const [ada, bob] = await twoScenes()
    await ada.contribute('one')
    const forged = ada.said[0]?.slice()
    forged?.set([(forged.at(-1) ?? 0) ^ 1], forged.length - 1)
    expect(await bob.judge(forged)).toBe('reject')
    expect(bob.entries).toBe(0)
    expect(await bob.judge(ada.said[0])).toBe('accept')
  })

  it('is passed on, and not taken, once the ledger is closed, as by members who have none', async () => {
    const [ada, bob] = await twoScenes()
    await ada.contribute('one')
    await bob.ledger.close()
    expect(await bob.judge(ada.said[0])).toBe('accept')
    expect(bob.entries).toBe(0)
  })
})
