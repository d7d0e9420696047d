/** What the application brings may fail: its handlers, its identity. The SDK says so, once, and goes on or ends cleanly. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createIdentity, join } from '../../client/index.ts'
import { ScriptedRoom } from '../support/scripted-room.ts'

let room: ScriptedRoom

beforeEach(async () => {
  room = await ScriptedRoom.open('failing-application')
  vi.spyOn(Math, 'random').mockReturnValue(0)
})

afterEach(async () => {
  vi.restoreAllMocks()
  await room.close()
})

it('an identity that stops signing makes join fail, with the cause', async () => {
  const identity = await createIdentity()
  const cause = new Error('the token was removed')
  let signatures = 0
  const sign = (message: Uint8Array<ArrayBuffer>) => {
    if (++signatures > 1) return Promise.reject(cause)
    return identity.sign(message)
  }
  const joining = join(room.roomUrl, { direct: 'off', identity: { ...identity, sign } })
  await expect(joining).rejects.toMatchObject({ code: 'room-unreachable', cause })
})

it('a handler of errors that fails is not told of itself', async () => {
  const rejections: unknown[] = []
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', (error) => rejections.push(error))
  try {
    const network = await join(room.roomUrl, { direct: 'off' })
    const failing = vi.fn<() => Promise<void>>().mockRejectedValue(new Error('no'))
    network.on('error', failing)
    network.on('total', () => {
      throw new Error('boom')
    })
    room.seat(network.peerId).say({ type: 'peer-list', total: 7, peers: [] })
    await vi.waitFor(() => expect(rejections).toHaveLength(1))
    expect(failing).toHaveBeenCalledTimes(1)
    await network.close()
  } finally {
    process.removeAllListeners('unhandledRejection')
    for (const listener of others) process.on('unhandledRejection', listener)
  }
})
