/** `edge-net ping`, as a process, in rooms of the real Worker. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { PingEvent } from '../../client/node/ping/report.ts'
import { startCommand, type RunningCommand } from '../support/command.ts'
import { startService, type Service } from '../support/server.ts'

let service: Service
let rooms = 0
const neighbours: RunningCommand[] = []

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
})
afterAll(() => service.close())
afterEach(async () => {
  for (const neighbour of neighbours) neighbour.signal('SIGINT')
  await Promise.all(neighbours.splice(0).map((neighbour) => neighbour.ended))
})

/** A fresh room with these people in it. */
async function roomOf(...people: readonly (readonly string[])[]): Promise<string> {
  const room = service.roomUrl(`ping-${++rooms}`)
  for (const args of people) neighbours.push(startCommand(['join', room, '--json', ...args]))
  await Promise.all(neighbours.map((neighbour) => neighbour.event('joined')))
  return room
}

const ping = (...args: readonly string[]) => startCommand(['ping', ...args])

function eventsOf(stdout: string): PingEvent[] {
  const lines = stdout.split('\n').filter((line) => line !== '')
  return lines.map((line) => JSON.parse(line) as PingEvent)
}

describe('ping', () => {
  it('measures the direct path to one peer by its name, until Ctrl-C, and sums up', async () => {
    const room = await roomOf(['--name', 'Ada'], ['--name', 'Bob'])
    const endless = ping(room, 'Ada', '--interval', '0.2', '--json')
    const repliesIn = (stdout: string) => {
      const whole = stdout.slice(0, stdout.lastIndexOf('\n') + 1)
      return eventsOf(whole).filter((event) => event.event === 'reply')
    }
    const direct = () => repliesIn(endless.stdout()).filter(({ path }) => path.kind === 'direct').length
    await expect.poll(direct, { timeout: 20_000 }).toBeGreaterThanOrEqual(3)
    endless.signal('SIGINT')
    const { code, stdout, stderr } = await endless.ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const replies = repliesIn(stdout)
    expect(new Set(replies.map(({ peer }) => peer.name))).toEqual(new Set(['Ada']))
    expect(new Set(replies.map(({ seq }) => seq)).size).toBe(replies.length)
    for (const { rttMs } of replies) expect(rttMs).toBeGreaterThan(0)
    const summary = eventsOf(stdout).at(-1)
    expect(summary).toMatchObject({ event: 'summary', answered: replies.length })
    const { minMs = 0, avgMs = 0, maxMs = 0 } = summary?.event === 'summary' ? summary : {}
    expect(minMs).toBeLessThanOrEqual(avgMs)
    expect(avgMs).toBeLessThanOrEqual(maxMs)
  })

  it('ends by itself when all have had as many as wanted', async () => {
    const room = await roomOf(['--name', 'Ada'])
    const { code, stdout } = await ping(room, '--count', '4', '--interval', '0.1', '--json').ended
    expect(code).toBe(0)
    expect(eventsOf(stdout).at(-1)).toMatchObject({ event: 'summary', sent: 4 })
  })

  it('measures the relay where there is nothing else, to everybody, by lines for people', async () => {
    const room = await roomOf(['--name', 'Ada'], ['--name', 'Bob'])
    const { code, stdout } = await ping(room, '--direct', 'off', '--count', '2', '--interval', '0.2').ended
    expect(code).toBe(0)
    for (const name of ['Ada', 'Bob']) {
      expect(stdout).toMatch(new RegExp(`^${name} \\([\\w-]{6}\\): seq 2, [\\d.]+ m?s, relay$`, 'm'))
      expect(stdout).toMatch(
        new RegExp(`^${name} .*: 2 sent, 2 answered, 0 % lost\\n  min .*, avg .*, max .*, jitter `, 'm'),
      )
    }
  })

  it('takes the beginning of an id, and goes on until Ctrl-C', async () => {
    const room = await roomOf(['--name', 'Ada'])
    const { peerId } = (await neighbours[0]?.event('joined')) ?? { peerId: '' }
    const endless = ping(room, peerId.slice(0, 8), '--interval', '0.2', '--json')
    await expect.poll(() => endless.stdout(), { timeout: 20_000 }).toContain('"seq":3')
    endless.signal('SIGINT')
    const { code, stdout } = await endless.ended
    expect(code).toBe(0)
    expect(eventsOf(stdout).at(-1)).toMatchObject({ event: 'summary', peer: { id: peerId } })
  })

  it('tells that a peer leaves', async () => {
    const room = await roomOf(['--name', 'Ada'])
    const endless = ping(room, 'Ada', '--interval', '0.2', '--json')
    await expect.poll(() => endless.stdout(), { timeout: 20_000 }).toContain('"reply"')
    neighbours[0]?.signal('SIGINT')
    const { code, stdout } = await endless.ended
    // It has answered; then there is nobody left to be pinged.
    expect(code).toBe(0)
    expect(stdout).toContain('"event":"peer-left"')
  })

  it('refuses a name that several have', async () => {
    const room = await roomOf(['--name', 'Ada'], ['--name', 'Ada'], ['--name', 'Bob'])
    const { code, stderr } = await ping(room, 'Ada', '--count', '3', '--json').ended
    expect(code).toBe(2)
    expect(stderr).toContain('"Ada" means several peers')
  })

  it.each([
    [['nobody', '--wait', '0.5'], 'In the room: Ada', 1],
    [['--count', '0'], '--count', 2],
    [['--interval', '0.01'], '--interval', 2],
    [['--wait', 'long'], '--wait', 2],
  ])('fails with a hint: %j', async (args, named, exitCode) => {
    const room = await roomOf(['--name', 'Ada'])
    const { code, stderr } = await ping(room, ...args).ended
    expect(code).toBe(exitCode)
    expect(stderr).toContain(named)
    expect(stderr).toContain('hint: ')
  })

  it('fails where nobody is, and where no room is', async () => {
    const alone = await ping(await roomOf(), '--wait', '0.5').ended
    expect(alone.code).toBe(1)
    expect(alone.stderr).toContain('Nobody else is in the room.')
    expect((await ping('http://127.0.0.1:9/n/mainnet').ended).code).toBe(4)
  })
})
