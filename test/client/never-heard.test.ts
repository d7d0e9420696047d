/**
 * Members whom somebody tells of and who never answer. A carrier such as Gun tells for minutes of those who have left, and
 * strangers can have it tell of anybody: links to them end, and keep nobody out for longer. The room knows who is there.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryAir } from '../../client/carrier/memory.ts'
import type { JoinOptions } from '../../client/index.ts'
import { MAX_PEERS } from '../../client/peer/arrivals.ts'
import type { Bytes } from '../../protocol/bytes.ts'
import { networkIdOfName } from '../../protocol/network.ts'
import { keysIn, type Keys } from '../support/mesh-world.ts'
import { joinObserved, type ObservedNetwork } from '../support/observed-network.ts'
import { holdTime, pass, releaseTime, until } from '../support/passing-time.ts'
import { ScriptedRoom } from '../support/scripted-room.ts'

const NAME = 'never-heard'
/** Nobody listens at port 1. */
const NO_ROOM = `http://127.0.0.1:1/n/${NAME}`
/** Ten seconds without an answer, a minute without a path. */
const LOST_MS = 70_000

const observed: ObservedNetwork[] = []
let network: Bytes

beforeEach(async () => {
  network = await networkIdOfName(NAME)
  holdTime()
})
afterEach(async () => {
  releaseTime()
  await Promise.all(observed.splice(0).map((of) => of.network.close()))
})

/** A medium whose carriers never say whom they do not find. */
class Air extends MemoryAir {
  /** Members of whom it tells everybody, and who answer nothing. */
  haunt(ghosts: readonly Keys[]): void {
    const nothing = () => undefined
    for (const { peerId, announcement } of ghosts) {
      const ghost = this.carrier()
      ghost.start(
        { networkId: network, peerId, announcement: () => announcement, nowMs: Date.now },
        { up: nothing, down: nothing, met: nothing, envelope: nothing, unreachable: nothing, ready: nothing },
      )
      queueMicrotask(() => ghost.announce())
    }
  }
}

async function member(name: string, by: Air | readonly Air[], options: JoinOptions = {}): Promise<ObservedNetwork> {
  const joining = joinObserved(NO_ROOM, {
    name,
    attempts: 1,
    carriers: [by].flat().map((air) => air.carrier()),
    ...options,
  })
  let joined: ObservedNetwork | undefined
  void joining.then((of) => observed.push((joined = of)))
  await until(() => expect(joined).toBeDefined())
  return joining
}

const ghostsNamed = (count: number) =>
  Promise.all(Array.from({ length: count }, (_, i) => keysIn(network, `ghost ${i}`)))
const events = ({ presence }: ObservedNetwork, { network: { peerId } }: ObservedNetwork) =>
  presence.filter((event) => event.endsWith(peerId)).map((event) => event.split(' ')[0])

describe('those of whom another carrier than the room tells', () => {
  it.each([1, 2])('are lost when they never answer, over %s such carriers', async (count) => {
    const airs = Array.from({ length: count }, () => new Air())
    const ada = await member('Ada', airs)
    const [ghost] = (await ghostsNamed(1)) as [Keys]
    for (const air of airs) air.haunt([ghost])
    await until(() => expect(ada.presence).toEqual([`announced ${ghost.peerId}`]))
    await pass(LOST_MS - 5_000, 1_000)
    expect(ada.presence).toHaveLength(1)
    await pass(10_000, 1_000)
    expect(ada.presence).toEqual([`announced ${ghost.peerId}`, `lost ${ghost.peerId}`])
  })

  it('keep no newcomer out for longer than that', async () => {
    const air = new Air()
    const ada = await member('Ada', air)
    air.haunt(await ghostsNamed(MAX_PEERS))
    await until(() => expect(ada.presence).toHaveLength(MAX_PEERS))
    const early = await member('Early', air)
    await pass(5_000)
    expect(events(ada, early)).toEqual([])
    await pass(LOST_MS, 1_000)
    const bob = await member('Bob', air)
    await until(() => expect(events(ada, bob)).toEqual(['announced', 'peer']))
  })

  it.each([
    [30_000, ['announced', 'peer']],
    [100_000, ['announced', 'lost', 'announced', 'peer']],
  ])('are met when they answer after %s ms', async (afterMs, told) => {
    const air = new Air()
    const ada = await member('Ada', air)
    const authorize = () => new Promise<boolean>((resolve) => setTimeout(resolve, afterMs, true))
    const bob = await member('Bob', air, { authorize })
    await pass(afterMs + 5_000, 1_000)
    expect(events(ada, bob)).toEqual(told)
    const [peer] = ada.network.peers.values()
    void peer?.send('there you are')
    await until(() => expect(bob.messages).toHaveLength(1))
    await pass(2 * LOST_MS, 1_000)
    expect(events(ada, bob)).toEqual(told)
  })
})

describe('those of whom the room tells', () => {
  it('may take as long as they like', async () => {
    const room = await ScriptedRoom.open(NAME)
    try {
      const ada = await joinObserved(room.roomUrl, { name: 'Ada', carriers: [new Air().carrier()] })
      observed.push(ada)
      const [{ peerId, announcement }] = (await ghostsNamed(1)) as [Keys]
      room.admit({ peerId, announcement, receive: () => undefined })
      await pass(3 * LOST_MS, 1_000)
      expect(ada.presence).toEqual([`announced ${peerId}`])
    } finally {
      await room.close()
    }
  })
})
