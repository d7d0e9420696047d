/** A socket can be dead without a word: behind a cut cable nothing arrives and nothing fails. Pings find out. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { joinObserved, type ObservedNetwork } from '../support/observed-network.ts'
import { holdTime, pass, releaseTime, until } from '../support/passing-time.ts'
import { ScriptedRoom } from '../support/scripted-room.ts'

let room: ScriptedRoom
let ada: ObservedNetwork
let bob: ObservedNetwork

beforeEach(async () => {
  holdTime()
  vi.spyOn(Math, 'random').mockReturnValue(0)
  room = await ScriptedRoom.open('silence')
  ada = await joinObserved(room.roomUrl, { name: 'Ada' })
  bob = await joinObserved(room.roomUrl, { name: 'Bob' })
  await until(() => expect([ada.network.peers.size, bob.network.peers.size]).toEqual([1, 1]))
})
afterEach(async () => {
  releaseTime()
  vi.restoreAllMocks()
  await Promise.all([ada.network.close(), bob.network.close()])
  await room.close()
})

/** How long it takes until Ada notices, in milliseconds. */
async function msUntilNoticed(): Promise<number> {
  const startedMs = performance.now()
  while (ada.states.length === 0 && performance.now() - startedMs < 120_000) await pass(250)
  return performance.now() - startedMs
}

const seatOf = ({ network }: ObservedNetwork) => room.seat(network.peerId)
const texts = ({ messages }: ObservedNetwork) => messages.map(({ data }) => data)

describe('a socket that is half open', () => {
  it('is replaced, and what was sent into it arrives', async () => {
    await pass(10_000, 1_000)
    const dead = seatOf(ada)
    dead.freeze()
    void ada.network.send(bob.network.peerId, 'into the dead socket')
    expect(await msUntilNoticed()).toBeLessThanOrEqual(3_000)
    await pass(5_000)
    await until(() => expect(texts(bob)).toEqual(['into the dead socket']))
    expect(ada.states).toEqual(['reconnecting', 'open'])
    expect(seatOf(ada)).not.toBe(dead)
    expect(bob.presence).toHaveLength(2)
  })

  it('is noticed half a minute later when nothing is being sent', async () => {
    await pass(10_000, 1_000)
    seatOf(ada).freeze()
    expect(await msUntilNoticed()).toBeLessThanOrEqual(28_000)
  })

  it('that hears pongs and nothing else is alive, for as long as one likes', async () => {
    await pass(180_000, 1_000)
    expect(ada.states).toEqual([])
    expect(room.seats).toHaveLength(2)
  })

  it('that is quiet and well is not pinged without need', async () => {
    await pass(180_000, 1_000)
    // One ping in 25 s: often enough for address translations, seldom enough for a phone. Answers to others count.
    expect(seatOf(ada).pings).toBeGreaterThanOrEqual(5)
    expect(seatOf(ada).pings).toBeLessThanOrEqual(12)
  })

  it('that hears messages but no pongs is alive', async () => {
    room.answersPings = false
    for (let i = 0; i < 30; i++) {
      await bob.network.send(ada.network.peerId, `${i}`)
      await pass(1_000)
    }
    expect(ada.messages).toHaveLength(30)
    expect(ada.states).toEqual([])
  })
})
