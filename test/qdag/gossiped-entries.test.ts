/** Entries that are said to everybody by gossip: judged before they are passed on, taken once, and not told twice. */
import { describe, expect, it } from 'vitest'
import { createIdentity } from '../../client/identity/identity.ts'
import { openLedger, type SharedLedger } from '../../client/qdag/index.ts'
import type { Bytes } from '../../protocol/bytes.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { eventually } from '../support/eventually.ts'

const ENTRY_TOPIC = 2

type Judge = (payload: Bytes) => Promise<'accept' | 'ignore' | 'reject'>

/** A network in which everybody with a link has a mesh; nothing goes anywhere but where a test brings it. */
class Scene {
  readonly said: Bytes[] = []
  readonly told: Bytes[] = []
  judge: Judge = () => Promise.resolve('ignore')
  hasMesh = true
  readonly ledger: SharedLedger

  constructor(ledger: SharedLedger) {
    this.ledger = ledger
    const peer = { id: 'peer' as PeerId }
    ledger.attach({
      peers: new Map([[peer.id, peer]]),
      channel: () => undefined,
      on: () => undefined,
      send: (_, data) => {
        this.told.push(data)
        return Promise.resolve()
      },
      gossip: {
        publish: (topic, payload) => {
          expect(topic).toBe(ENTRY_TOPIC)
          this.said.push(payload)
        },
        take: (topic, judge) => {
          expect(topic).toBe(ENTRY_TOPIC)
          this.judge = judge
        },
        reaches: () => this.hasMesh,
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
}

async function twoScenes(): Promise<[Scene, Scene]> {
  return Promise.all([Scene.open(), Scene.open()])
}

describe('an entry', () => {
  it('is said to everybody once it is kept, and taken and passed on by whoever hears it', async () => {
    const [ada, bob] = await twoScenes()
    await ada.ledger.contribute({ taskId: 'one', computeUnits: 100 })
    expect(ada.said).toHaveLength(1)
    for (const payload of ada.said) expect(await bob.judge(payload)).toBe('accept')
    expect(bob.entries).toBe(1)
    expect(bob.ledger.statistics().digest).toBe(ada.ledger.statistics().digest)
    // Passing on is what gossip does.
    expect(bob.said).toEqual([])
  })

  it('is ignored when it is known, and whoever says it first is told nothing of it', async () => {
    const [ada, bob] = await twoScenes()
    await ada.ledger.contribute({ taskId: 'one', computeUnits: 100 })
    const [payload = new Uint8Array(0)] = ada.said
    expect(await bob.judge(payload)).toBe('accept')
    expect(await bob.judge(payload)).toBe('ignore')
    expect(await ada.judge(payload)).toBe('ignore')
    expect(bob.entries).toBe(1)
  })

  it('is passed on though what it builds on is missing, and becomes part of the ledger when that has come', async () => {
    const [ada, bob] = await twoScenes()
    await ada.ledger.contribute({ taskId: 'one', computeUnits: 100 })
    await ada.ledger.contribute({ taskId: 'two', computeUnits: 100 })
    const [one = new Uint8Array(0), two = new Uint8Array(0)] = ada.said
    expect(await bob.judge(two)).toBe('accept')
    expect(bob.entries).toBe(0)
    expect(bob.ledger.statistics().orphans).toBe(1)
    expect(await bob.judge(one)).toBe('accept')
    await eventually(() => expect(bob.entries).toBe(2))
  })

  it('is refused, and whoever passed it on pays, when it is none or not genuine', async () => {
    const [ada, bob] = await twoScenes()
    await ada.ledger.contribute({ taskId: 'one', computeUnits: 100 })
    const [payload = new Uint8Array(0)] = ada.said
    for (const bad of [new Uint8Array(0), payload.slice(1), new Uint8Array(100_000), new Uint8Array([...payload, 0])]) {
      expect(await bob.judge(bad)).toBe('reject')
    }
    const forged = payload.slice()
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
    expect(await bob.judge(forged)).toBe('reject')
    expect(bob.entries).toBe(0)
    expect(await bob.judge(payload)).toBe('accept')
  })

  it('is ignored by a ledger that is closed', async () => {
    const [ada, bob] = await twoScenes()
    await ada.ledger.contribute({ taskId: 'one', computeUnits: 100 })
    await bob.ledger.close()
    for (const payload of ada.said) expect(await bob.judge(payload)).toBe('ignore')
  })
})
