/** `edge-net bench`, as a process, in rooms of the real Worker. */
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BenchEvent } from '../../client/node/bench/report.ts'
import { join, type Network } from '../../client/node/index.ts'
import { FULL_LIST_PEERS } from '../../protocol/limits.ts'
import { startCommand } from '../support/command.ts'
import { startMisnamingProxy } from '../support/misnaming-proxy.ts'
import { startService, type Service } from '../support/server.ts'

let service: Service
let rooms = 0
const freshRoom = () => service.roomUrl(`bench-${++rooms}`)

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
})
afterAll(() => service.close())

const bench = (...args: readonly string[]) => startCommand(['bench', ...args])

function eventsOf(stdout: string): BenchEvent[] {
  const lines = stdout.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as BenchEvent)
}

const measuredIn = (events: readonly BenchEvent[]) => events.filter((event) => event.event === 'measured')

describe('the bench', () => {
  it('measures both ways, each number beside its control where there is one', async () => {
    const room = freshRoom()
    const { code, stdout, stderr } = await bench(room, '--json').ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const events = eventsOf(stdout)
    expect(events.find(({ event }) => event === 'began')).toMatchObject({ roomUrl: room, ownRoom: false, total: 0 })
    expect(measuredIn(events).map(({ what, unit, control }) => [what, unit, control?.what])).toEqual([
      ['join', 'ms', 'websocket'],
      ['first-message', 'ms', 'websocket'],
      ['rtt-relay', 'ms', 'http'],
      ['throughput-relay', 'MiB/s', undefined],
      ['direct', 'ms', 'data-channel'],
      ['rtt-direct', 'ms', 'data-channel'],
      ['throughput-direct', 'MiB/s', 'data-channel'],
    ])
    for (const { figures, control, what } of measuredIn(events)) {
      for (const { count, least, p50, p95, most } of [figures, ...(control ? [control.figures] : [])]) {
        expect(count, what).toBeGreaterThan(0)
        expect([least, p50, p95, most], what).toEqual([least, p50, p95, most].toSorted((a, b) => a - b))
        expect(least, what).toBeGreaterThan(0)
      }
    }
    // Nobody can have the first message before having joined.
    const [joined, first] = measuredIn(events)
    expect(first?.figures.least).toBeGreaterThan(joined?.figures.least ?? Infinity)
    expect(events.at(-1)?.event).toBe('done')
  })

  it('is seen by nobody who is in the room, and says how it reads, as a table', async () => {
    const room = freshRoom()
    const neighbour = await join(room, { direct: 'off' })
    const heard: unknown[] = []
    neighbour.on('message', ({ data }) => void heard.push(data))
    const { code, stdout } = await bench(room).ended
    await neighbour.close()
    expect(code).toBe(0)
    expect(heard).toEqual([])
    for (const row of ['join', 'first message', 'round trip, relay', 'round trip, direct', 'throughput, direct']) {
      expect(stdout).toMatch(new RegExp(`^${row} +[\\d.]+ (?:m?s|MiB/s)`, 'm'))
    }
  })

  it('meets in a room of its own where there is a crowd', async () => {
    const room = freshRoom()
    const crowd: Network[] = []
    for (let i = 0; i < FULL_LIST_PEERS; i++) crowd.push(await join(room, { direct: 'off' }))
    const { code, stdout } = await bench(room, '--json').ended
    await Promise.all(crowd.map((network) => network.close()))
    expect(code).toBe(0)
    const began = eventsOf(stdout).find(({ event }) => event === 'began')
    expect(began).toMatchObject({
      ownRoom: true,
      total: FULL_LIST_PEERS,
      roomUrl: expect.stringContaining('/n/bench-'),
    })
    expect(measuredIn(eventsOf(stdout))).toHaveLength(7)
  })

  it('measures the relay alone where there is no WebRTC engine, and says so', async () => {
    const absent = `import { registerHooks } from 'node:module'
      registerHooks({
        resolve(name, context, next) {
          if (name.startsWith('node-datachannel')) throw new Error('not installed')
          return next(name, context)
        },
      })`
    const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(absent)}`]
    const { code, stdout } = await startCommand(['bench', freshRoom(), '--json'], { nodeArgs }).ended
    expect(code).toBe(0)
    expect(measuredIn(eventsOf(stdout))).toHaveLength(4)
    const skipped = eventsOf(stdout).find(({ event }) => event === 'skipped')
    expect(skipped).toMatchObject({ what: 'direct', reason: expect.stringContaining('npm install node-datachannel') })
  })
})

describe('failures', () => {
  it.each([
    [['mainnet'], 'room URL'],
    [['http://127.0.0.1/n/mainnet', '--unknown'], '--unknown'],
    [[], 'room-url'],
  ])('of the arguments exit with 2 and a hint: %j', async (args, named) => {
    const { code, stderr } = await bench(...args).ended
    expect(code).toBe(2)
    expect(stderr).toContain(named)
    expect(stderr).toContain('hint: ')
  })

  it('to reach the room exit with 4', async () => {
    const closed = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => closed.once('listening', resolve))
    const { port } = closed.address() as AddressInfo
    await new Promise((resolve) => closed.close(resolve))
    const { code, stderr } = await bench(`http://127.0.0.1:${port}/n/mainnet`).ended
    expect(code).toBe(4)
    expect(stderr).toMatch(/^edge-net: .+\nhint: .+\n$/)
  })

  it('at the door exit with 3', async () => {
    const proxy = await startMisnamingProxy(service.port)
    const { code } = await bench(`${proxy.url}/n/mainnet`).ended
    await proxy.close()
    expect(code).toBe(3)
  })

  it('by Ctrl-C exit with 130', async () => {
    const command = bench(freshRoom(), '--json')
    await expect.poll(() => command.stdout()).toContain('"began"')
    command.signal('SIGINT')
    expect((await command.ended).code).toBe(130)
  })
})

it('the README lists the events and exit codes that its help has', async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const section = readme.split('### bench\n')[1]?.split(/^##/m)[0] ?? ''
  const { stdout } = await bench('--help').ended
  const codes = [...(stdout.split('Exit codes:')[1] ?? '').matchAll(/^ {2}(\d+) +(.+)$/gm)]
  expect(codes.length).toBeGreaterThan(5)
  for (const [, code, meaning] of codes) expect(section).toContain(`| ${code} | ${meaning} |`)
  const [, events = ''] = /JSON events.*\n {2}(.+)/.exec(stdout) ?? []
  for (const event of events.split(', ')) expect(section).toContain(`\`${event}\``)
})
