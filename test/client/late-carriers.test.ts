/** Joining where the room refuses at once, and other carriers take their time to say whether they work. */
import { afterEach, expect, it } from 'vitest'
import { EdgeNetError } from '../../client/errors.ts'
import { join, type Network } from '../../client/node/index.ts'
import { ToldCarrier } from '../support/carrier-crossroads.ts'

/** Nobody listens at port 1. */
const NO_ROOM = 'http://127.0.0.1:1/n/late-carriers'
/** By then joining has tried to reach the room three times. */
const LATE_MS = 1_500

let joining: Promise<Network>
afterEach(async () => {
  const [result] = await Promise.allSettled([joining])
  if (result.status === 'fulfilled') await result.value.close()
})

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function joinBy(...carriers: ToldCarrier[]): Promise<{ readonly isSettled: boolean }> {
  const state = { isSettled: false }
  const settle = () => void (state.isSettled = true)
  joining = join(NO_ROOM, { direct: 'off', carriers })
  joining.then(settle, settle)
  await pause(LATE_MS)
  return state
}

it('waits for a carrier that has not said yet whether it works, and does with it', async () => {
  const slow = new ToldCarrier('slow')
  expect(await joinBy(slow)).toEqual({ isSettled: false })
  slow.tell.up()
  expect((await joining).carriers).toEqual([
    { name: 'room', isUp: false },
    { name: 'slow', isUp: true },
  ])
})

it('waits for all of them, and fails when the last one has said that it does not', async () => {
  const [slow, slower] = [new ToldCarrier('slow'), new ToldCarrier('slower')]
  const state = await joinBy(slow, slower)
  slow.tell.down()
  await pause(LATE_MS)
  expect(state).toEqual({ isSettled: false })
  slower.tell.down(new EdgeNetError('unsupported', 'gun', 'Gun is missing.', 'Install it.'))
  await expect(joining).rejects.toMatchObject({ code: 'room-unreachable' })
})

it('waits 10 s for one that never says anything', async () => {
  const startedMs = performance.now()
  await joinBy(new ToldCarrier('silent'))
  await expect(joining).rejects.toMatchObject({ code: 'room-unreachable' })
  expect(performance.now() - startedMs).toBeGreaterThan(10_000)
}, 20_000)
