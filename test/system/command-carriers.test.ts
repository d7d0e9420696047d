/** The command while the room cannot be reached: over neighbours, and over a real Gun relay. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startCommand, type RunningCommand } from '../support/command.ts'
import { startGunRelay, type GunRelay } from '../support/gun-relay.ts'
import { startService, type Service } from '../support/server.ts'

let service: Service
let relay: GunRelay
const commands: RunningCommand[] = []

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
  relay = await startGunRelay()
})
afterAll(async () => {
  await relay.close()
  await service.close()
})
afterEach(async () => {
  for (const running of commands.splice(0)) {
    running.signal('SIGKILL')
    await running.ended
  }
})

function joined(...args: string[]): RunningCommand {
  const started = startCommand(['join', ...args])
  commands.push(started)
  return started
}

const isDirect = (running: RunningCommand) => running.event('path', ({ path }) => path.kind === 'direct')
const left = async (running: RunningCommand) => {
  running.signal('SIGINT')
  return (await running.ended).code
}

describe('members whose room is gone', () => {
  it('go on over each other, are told so, and are in the room again when it is back', async () => {
    const room = service.roomUrl('command-carriers')
    const ada = joined(room, '--json', '--name', 'Ada')
    await ada.event('carrier-up', ({ carrier }) => carrier === 'room')
    const bob = joined(room, '--json', '--name', 'Bob')
    await Promise.all([isDirect(ada), isDirect(bob)])
    await Promise.all([ada, bob].map((one) => one.event('carrier-up', ({ carrier }) => carrier === 'neighbours')))
    const { port } = service
    await service.close()
    await ada.event('carrier-down', ({ carrier }) => carrier === 'room')
    expect(await ada.event('state', ({ state }) => state === 'reconnecting')).toMatchObject({
      carriers: [
        { name: 'room', isUp: false },
        { name: 'neighbours', isUp: true },
      ],
    })
    ada.type('still here')
    expect(await bob.event('message')).toMatchObject({ text: 'still here', peer: { name: 'Ada', isNeighbour: true } })
    ada.signal('SIGUSR2')
    expect(await ada.event('explain')).toMatchObject({ explanation: { isNeighbour: true } })
    service = await startService({ rateLimits: 'off', port })
    await ada.event('state', ({ state }) => state === 'open')
    expect(await Promise.all([ada, bob].map(left))).toEqual([0, 0])
  })
})

describe('a room that was never there', () => {
  /** Nobody listens at port 1. */
  const ROOM = 'http://127.0.0.1:1/n/command-carriers'

  it('is done without, over a Gun relay that all of them name', async () => {
    const ada = joined(ROOM, '--json', '--name', 'Ada', '--gun', relay.url)
    const bob = startCommand(['join', ROOM, '--json', '--name', 'Bob'], { env: { EDGE_NET_GUN: relay.url } })
    commands.push(bob)
    expect(await ada.event('state')).toMatchObject({
      state: 'reconnecting',
      carriers: [{ name: 'room', isUp: false }, { name: 'neighbours' }, { name: 'gun', isUp: true }],
    })
    await ada.event('carrier-up', ({ carrier }) => carrier === 'gun')
    expect(await ada.event('peer')).toMatchObject({ peer: { name: 'Bob' } })
    await Promise.all([isDirect(ada), isDirect(bob)])
    bob.type('hello without a room')
    expect(await ada.event('message')).toMatchObject({ text: 'hello without a room' })
    await relay.stop()
    await ada.event('carrier-down', ({ carrier }) => carrier === 'gun')
    await relay.start()
    expect(await Promise.all([ada, bob].map(left))).toEqual([0, 0])
  })

  it('says to people by which ways it goes on', async () => {
    const ada = joined(ROOM, '--name', 'Ada', '--gun', relay.url)
    await expect.poll(() => ada.stdout()).toContain('members go on over Gun relays')
    expect(ada.stdout()).toContain('carrier-up   Gun relays: members can be reached without the room')
    expect(await left(ada)).toBe(0)
    expect(ada.stdout()).toContain('left         the room is out of reach; peers that can be reached know')
    const afterJoining = ada.stdout().split('joined ')[1]
    expect(afterJoining).not.toContain('connecting')
  })

  it('ends a command that has no other way', async () => {
    const { code, stdout } = await startCommand(['join', ROOM, '--json']).ended
    expect(code).toBe(4)
    expect(stdout).toContain('"room-unreachable"')
  })
})

describe('Gun relays', () => {
  it('that are none are told before anything is done', async () => {
    const { code, stderr } = await startCommand(['join', service.roomUrl('x'), '--gun', 'relay.example']).ended
    expect(code).toBe(2)
    expect(stderr).toContain('--gun has "relay.example", which is not the URL of a Gun relay.')
    expect(stderr).toContain('hint: For example: --gun https://relay.example.org/gun')
  })

  it('that do not answer are told of, once', async () => {
    const ada = joined(service.roomUrl('x'), '--json', '--name', 'Ada', '--gun', 'http://127.0.0.1:1/gun')
    await ada.event('carrier-down', ({ carrier }) => carrier === 'gun')
    expect(await left(ada)).toBe(0)
    expect(ada.stdout().match(/"carrier":"gun"/g)).toHaveLength(1)
  })

  it('take Gun, and without it say how it is installed', async () => {
    const absent = `import { registerHooks } from 'node:module'
      registerHooks({
        resolve(name, context, next) {
          if (name.startsWith('gun')) throw Object.assign(new Error('not installed'), { code: 'ERR_MODULE_NOT_FOUND' })
          return next(name, context)
        },
      })`
    const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(absent)}`]
    const args = ['join', service.roomUrl('x'), '--json', '--gun', relay.url]
    const { code, stdout, stderr } = await startCommand(args, { nodeArgs }).ended
    expect(code).toBe(1)
    expect(stdout).toContain('"gun-missing"')
    expect(stderr).toContain('hint: npm install gun')
  })
})
