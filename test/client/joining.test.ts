/** Joining: what cannot be right is refused before anything is sent, what does not answer is given up, in time. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join as joinPaths } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createIdentity, join, type JoinPhase } from '../../client/index.ts'
import { joinObserved } from '../support/observed-network.ts'
import { runProgram } from '../support/program.ts'
import { ScriptedRoom } from '../support/scripted-room.ts'

let room: ScriptedRoom

beforeEach(async () => {
  room = await ScriptedRoom.open('joining')
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(async () => {
  vi.useRealTimers()
  vi.restoreAllMocks()
  await room.close()
})

const relayOnly = { direct: 'off' } as const

describe('join', () => {
  it('tells its phases in order, and what was joined', async () => {
    const phases: JoinPhase[] = []
    const identity = await createIdentity()
    const options = {
      ...relayOnly,
      identity,
      name: 'Ada',
      capabilities: ['gpu'],
      onPhase: (phase: JoinPhase) => void phases.push(phase),
    }
    const network = await join(room.roomUrl, options)
    expect(phases).toEqual(['identity', 'connecting', 'welcome'])
    expect(network).toMatchObject({
      name: 'joining',
      roomUrl: room.roomUrl,
      state: 'open',
      total: 1,
      siteId: identity.siteId,
    })
    expect(network.id).toMatch(/^net-[\w-]{43}$/)
    expect(room.tickets).toMatchObject([
      {
        purpose: 'join',
        host: room.host,
        announcement: { profile: { name: 'Ada', capabilities: ['gpu'], rtc: false } },
      },
    ])
    await network.close()
  })

  it.each([
    ['a URL that is none', 'mainnet', {}, 'room-url'],
    ['a name that is none', 'http://127.0.0.1/n/Not-A-Name', {}, 'network-name'],
    ['a name of 65 bytes', undefined, { name: 'x'.repeat(65) }, 'name'],
    ['a name of 17 four-byte characters', undefined, { name: '😀'.repeat(17) }, 'name'],
    ['nine capabilities', undefined, { capabilities: Array.from({ length: 9 }, String) }, 'capabilities'],
    ['a capability of 33 bytes', undefined, { capabilities: ['c'.repeat(33)] }, 'capabilities'],
  ])('refuses %s before it connects', async (_, url, options, reason) => {
    const joining = join(url ?? room.roomUrl, { ...relayOnly, ...options })
    await expect(joining).rejects.toMatchObject({
      code: 'invalid-argument',
      reason,
      hint: expect.any(String) as string,
    })
    expect(room.tickets).toHaveLength(0)
  })

  it('takes the longest name and the most capabilities there may be, and they still fit into an introduction', async () => {
    const capabilities = Array.from({ length: 8 }, (_, i) => `${i}`.padEnd(32, 'c'))
    const ada = await joinObserved(room.roomUrl, { name: '😀'.repeat(16), capabilities })
    const bob = await joinObserved(room.roomUrl)
    await vi.waitFor(() =>
      expect([...bob.network.peers.values()]).toMatchObject([{ name: '😀'.repeat(16), capabilities }]),
    )
    await Promise.all([ada.network.close(), bob.network.close()])
  })
})

describe('an onPhase that throws', () => {
  const program = joinPaths(import.meta.dirname, '..', 'support', 'throwing-program.ts')

  // A process of its own, since what happens is an unhandled rejection, which ends Node: or joining never settles.
  it.each(['connecting', 'welcome'])('at %s neither ends the process nor leaves join waiting', async (phase) => {
    const { code, output } = await runProgram(program, [room.roomUrl, phase], 3_000)
    expect(code).toBe(0)
    expect(output).toMatch(/^joined$|the application failed/)
  })
})

describe('a carrier that throws when it is started', () => {
  it('is what join fails for, and nothing is left of it', async () => {
    const cause = new Error('no such broker')
    let closed = 0
    const idle = {
      carriesBulk: false,
      isReady: false,
      sendEnvelope() {},
      announce() {},
      seek() {},
      nudge() {},
      suspend() {},
      resume() {},
    }
    const carrier = (name: string, start: () => void) => ({
      ...idle,
      name,
      start,
      close: () => Promise.resolve(void closed++),
    })
    const carriers = [
      carrier('good', () => undefined),
      carrier('bad', () => {
        throw cause
      }),
    ]
    await expect(join(room.roomUrl, { ...relayOnly, carriers })).rejects.toBe(cause)
    await vi.waitFor(() => expect(closed).toBe(2))
    await vi.waitFor(() => expect(room.members.size).toBe(0))
  })
})

describe('a room that cannot be reached', () => {
  it('is given up after as many attempts as were allowed', async () => {
    await room.close()
    const phases: JoinPhase[] = []
    const joining = join(room.roomUrl, { ...relayOnly, attempts: 4, onPhase: (phase) => void phases.push(phase) })
    await expect(joining).rejects.toMatchObject({ code: 'room-unreachable', hint: expect.any(String) as string })
    expect(phases).toEqual(['identity', ...Array<JoinPhase>(4).fill('connecting')])
    room = await ScriptedRoom.open('joining')
  })

  it('is one where something else answers', async () => {
    const other = createServer((_, response) => response.writeHead(500).end())
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const joining = join(`http://127.0.0.1:${port}/n/joining`, { ...relayOnly, attempts: 2 })
    await expect(joining).rejects.toMatchObject({ code: 'room-unreachable' })
    other.closeAllConnections()
    await new Promise((resolve) => other.close(resolve))
  })

  it('is one that accepts connections and never answers: ten seconds an attempt', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    let connections = 0
    room.upgrade = () => ++connections > 0
    const joining = join(room.roomUrl, { ...relayOnly, attempts: 2 })
    const outcome = joining.catch((error: unknown) => error)
    await vi.waitFor(() => expect(connections).toBe(1), { interval: 1 })
    await vi.advanceTimersByTimeAsync(10_000)
    await vi.waitFor(() => expect(connections).toBe(2), { interval: 1 })
    await vi.advanceTimersByTimeAsync(10_600)
    expect(await outcome).toMatchObject({ code: 'room-unreachable' })
  })
})

describe('an abort signal', () => {
  it('that has aborted before keeps join from connecting', async () => {
    const joining = join(room.roomUrl, { ...relayOnly, signal: AbortSignal.abort() })
    await expect(joining).rejects.toMatchObject({ code: 'aborted' })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(room.seats).toHaveLength(0)
  })

  it('that aborts while joining ends it at once', async () => {
    const abort = new AbortController()
    room.upgrade = () => {
      abort.abort()
      return true
    }
    const startedMs = performance.now()
    await expect(join(room.roomUrl, { ...relayOnly, signal: abort.signal })).rejects.toMatchObject({ code: 'aborted' })
    expect(performance.now() - startedMs).toBeLessThan(1_000)
  })

  it('that aborts later leaves the network, with a bye', async () => {
    const abort = new AbortController()
    const { network, states } = await joinObserved(room.roomUrl, { signal: abort.signal })
    abort.abort()
    await vi.waitFor(() => expect(room.seat(network.peerId).texts).toEqual(['{"type":"bye"}']))
    expect(states).toEqual(['closed'])
  })
})
