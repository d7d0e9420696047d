/** Whether a host is there is found out without sockets, of which Chromium lets a page have few that fail. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { probe } from '../../client/carrier/probe.ts'
import { join } from '../../client/node/index.ts'
import { eventually } from '../support/eventually.ts'

/** Nobody listens at port 1. */
const DEAD = 'ws://127.0.0.1:1/n/probe'
const TIMEOUT_MS = 5_000

const servers: Server[] = []
afterEach(() => {
  vi.unstubAllGlobals()
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
      await probe(DEAD, failures, TIMEOUT_MS).then(
        () => wasFetched.push(false),
        () => wasFetched.push(true),
      )
    const round = [...Array(3).fill(false), ...Array(13).fill(true)]
    expect(wasFetched).toEqual([...round, ...round])
  })

  it('takes any answer for one', async () => {
    for (const status of [200, 404, 426, 500]) await probe(await hostThat(status), 3, TIMEOUT_MS)
  })

  it('does not wait for ever', async () => {
    await expect(probe(await hostThat(undefined), 3, 50)).rejects.toMatchObject({ name: 'TimeoutError' })
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
