/** Whether a host is there is found out without sockets, of which Chromium lets a page have few that fail. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { probe } from '../../client/carrier/probe.ts'
import { RoomCarrier, type RoomEvents } from '../../client/carrier/room.ts'
import { join } from '../../client/node/index.ts'
import type { PeerId } from '../../protocol/peer-id.ts'
import { eventually } from '../support/eventually.ts'

/** Nobody listens at port 1. */
const DEAD = 'ws://127.0.0.1:1/n/probe'
const TIMEOUT_MS = 5_000
const ignore = () => undefined
const NOBODY: RoomEvents = { connecting: ignore, message: ignore, refused: ignore, failed: ignore, rejected: ignore }
const EVENTS = { up: ignore, down: ignore, met: ignore, envelope: ignore, unreachable: ignore, ready: ignore }
const SELF = {
  networkId: new Uint8Array(32),
  peerId: 'self' as PeerId,
  announcement: () => new Uint8Array(0),
  nowMs: () => 0,
}

const servers: Server[] = []
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** @returns ws: URL of a server that answers `status`, or nothing */
async function hostThat(answers: number | undefined): Promise<string> {
  const server = createServer((_, response) => {
    if (answers !== undefined) response.writeHead(answers).end()
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/n/probe`
}

describe('a probe', () => {
  it('lets the first three of sixteen tries in a row be made blindly', async () => {
    const wasFetched: boolean[] = []
    for (let failures = 0; failures < 32; failures++)
      await probe(DEAD, failures, AbortSignal.timeout(TIMEOUT_MS)).then(
        () => wasFetched.push(false),
        () => wasFetched.push(true),
      )
    const round = [...Array(3).fill(false), ...Array(13).fill(true)]
    expect(wasFetched).toEqual([...round, ...round])
  })

  it('takes any answer for one', async () => {
    for (const status of [200, 404, 426, 500]) await probe(await hostThat(status), 3, AbortSignal.timeout(TIMEOUT_MS))
  })

  it('ends when nobody waits for it any more', async () => {
    const probing = new AbortController()
    const waiting = probe(await hostThat(undefined), 3, probing.signal)
    probing.abort()
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' })
  })
})

it('a client whose host is gone makes a socket for three of sixteen tries at most', async () => {
  let sockets = 0
  class Counted extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols)
      sockets++
    }
  }
  vi.stubGlobal('WebSocket', Counted)
  const fetched = vi.fn(fetch)
  vi.stubGlobal('fetch', fetched)
  const stop = new AbortController()
  const joining = join('http://127.0.0.1:1/n/probe', { attempts: 1_000, signal: stop.signal }).catch(() => undefined)
  await eventually(() => expect(fetched.mock.calls.length).toBeGreaterThan(4), 20_000)
  stop.abort()
  await joining
  expect(sockets).toBe(3)
})

it('a client whose host takes connections and answers nothing tries again all the same, and leaves at once', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  let failures = 0
  const hung: AbortSignal[] = []
  vi.stubGlobal('fetch', (_: string, { signal }: RequestInit) => {
    if (signal) hung.push(signal)
    return new Promise(() => undefined)
  })
  const carrier = new RoomCarrier(DEAD, async () => 'ticket', { ...NOBODY, failed: () => void failures++ })
  carrier.start(SELF, EVENTS)
  await vi.waitFor(async () => {
    await vi.advanceTimersByTimeAsync(1_000)
    expect(hung.length).toBeGreaterThan(1)
  }, 20_000)
  expect(failures).toBeGreaterThan(3)
  await carrier.close()
  expect(hung.every(({ aborted }) => aborted)).toBe(true)
})
