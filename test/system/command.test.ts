/** The command, as a process, in rooms of the real Worker. */
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COMMAND, startCommand } from '../support/command.ts'
import { startMisnamingProxy } from '../support/misnaming-proxy.ts'
import { startService, type Service } from '../support/server.ts'

let service: Service
let rooms = 0
const freshRoom = () => service.roomUrl(`command-${++rooms}`)

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
})
afterAll(() => service.close())

describe('two commands in one room', () => {
  it('meet, talk, and tell each other when they leave', async () => {
    const room = freshRoom()
    const ada = startCommand(['join', room, '--json', '--name', 'Ada'])
    const joined = await ada.event('joined')
    expect(joined).toMatchObject({ name: `command-${rooms}`, roomUrl: room, total: 1 })
    const bob = startCommand(['join', room, '--json'], { env: { EDGE_NET_NAME: 'Bob' } })
    const [metByAda, metByBob] = await Promise.all([ada.event('peer'), bob.event('peer')])
    expect(metByAda.peer.name).toBe('Bob')
    expect(metByBob.peer).toMatchObject({ name: 'Ada', id: joined.peerId, siteId: joined.siteId })

    ada.type('hello from Ada')
    const message = await bob.event('message')
    expect(message).toMatchObject({ text: 'hello from Ada', peer: { name: 'Ada' } })
    await expect(ada.event('sent')).resolves.toMatchObject({ text: 'hello from Ada', receivers: 1 })

    const { path } = await bob.event('path', (event) => event.path.kind === 'direct' && event.path.local !== 'unknown')
    expect(path).toMatchObject({ local: expect.stringMatching(/^(host|prflx)$/) })
    expect((await bob.event('rtt')).rttMs).toBeGreaterThan(0)

    const leftAtMs = performance.now()
    ada.signal('SIGINT')
    await expect(bob.event('peer-left')).resolves.toMatchObject({ peer: { name: 'Ada' }, reason: 'left' })
    // A place without bye would be kept for 8 s.
    expect(performance.now() - leftAtMs).toBeLessThan(4_000)
    expect((await ada.ended).code).toBe(0)
    await ada.event('left')

    bob.signal('SIGTERM')
    await expect(bob.ended).resolves.toMatchObject({ code: 0, stderr: '' })
  })

  it('keep typed lines until somebody is there, and send --message to whoever is met', async () => {
    const room = freshRoom()
    const early = startCommand(['join', room, '--json', '--name', 'early'])
    early.type('typed before anybody came')
    early.endInput()
    await early.event('joined')
    const late = startCommand(['join', room, '--json', '--message', 'good evening'])
    await expect(late.event('message')).resolves.toMatchObject({ text: 'typed before anybody came' })
    await expect(early.event('message')).resolves.toMatchObject({ text: 'good evening' })
    early.signal('SIGINT')
    late.signal('SIGINT')
    expect((await early.ended).code).toBe(0)
    expect((await late.ended).code).toBe(0)
  })

  it('explain on request how they reach each other', async () => {
    const room = freshRoom()
    const [asked, other] = [startCommand(['join', room, '--json']), startCommand(['join', room, '--json'])]
    await asked.event('path', ({ path }) => path.kind === 'direct')
    // On a busy machine a path may be in doubt for a moment; who asks again is told again.
    const asking = setInterval(() => asked.signal('SIGUSR2'), 250)
    const isDirect = asked.event('explain', (event) => event.explanation.phase === 'direct')
    const { explanation, peer } = await isDirect.finally(() => clearInterval(asking))
    expect(peer.id).toBe((await other.event('joined')).peerId)
    expect(explanation).toMatchObject({ peerId: peer.id, phase: 'direct', relayIsUp: true, path: { kind: 'direct' } })
    expect(explanation.attempts.at(-1)).toMatchObject({ state: 'open' })
    for (const command of [asked, other]) {
      command.signal('SIGINT')
      expect((await command.ended).code).toBe(0)
    }
  })

  it('wait for one that is stopped, say so, and go on', async () => {
    const room = freshRoom()
    const waits = startCommand(['join', room, '--json'])
    const stopped = startCommand(['join', room, '--json'])
    await waits.event('path', ({ path }) => path.kind === 'direct')
    stopped.signal('SIGSTOP')
    const { peer } = await waits.event('peer-state', ({ state }) => state === 'stalled')
    const { explanation } = await waits.event('explain', (event) => event.explanation.phase === 'stalled')
    expect(explanation.peerId).toBe(peer.id)
    waits.type('said meanwhile')
    stopped.signal('SIGCONT')
    await waits.event('peer-state', ({ state }) => state === 'verified')
    await stopped.event('message', ({ text }) => text === 'said meanwhile')
    for (const command of [waits, stopped]) {
      command.signal('SIGINT')
      await command.ended
    }
  })

  it('stay on the relay with --direct off', async () => {
    const room = freshRoom()
    const plain = startCommand(['join', room, '--json'])
    const shy = startCommand(['join', room, '--json', '--direct', 'off', '--message', 'hi', '--for', '3'])
    await expect(plain.event('peer')).resolves.toMatchObject({ peer: { rtc: false } })
    await plain.event('message')
    const { code, stdout } = await shy.ended
    expect(code).toBe(0)
    expect(stdout).not.toContain('"kind":"direct"')
    plain.signal('SIGINT')
    await plain.ended
  })

  it('say what is missing where there is no WebRTC engine, and talk through the room', async () => {
    const room = freshRoom()
    const absent = `import { registerHooks } from 'node:module'
      registerHooks({
        resolve(name, context, next) {
          if (name.startsWith('node-datachannel')) throw new Error('not installed')
          return next(name, context)
        },
      })`
    const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(absent)}`]
    const bare = startCommand(['join', room, '--json', '--message', 'hi', '--for', '2'], { nodeArgs })
    const other = startCommand(['join', room, '--json'])
    await expect(other.event('message')).resolves.toMatchObject({ text: 'hi', peer: { rtc: false } })
    const { code, stderr } = await bare.ended
    expect(code).toBe(0)
    expect(stderr).toContain('hint: npm install node-datachannel')
    other.signal('SIGINT')
    await other.ended
  })

  it('show escape sequences of others instead of obeying them', async () => {
    const room = freshRoom()
    const victim = startCommand(['join', room])
    const attacker = startCommand(['join', room, '--json', '--name', 'x\u001b[2Jy', '--message', 'a\u001b]0;t\u0007b'])
    await attacker.event('sent')
    await expect.poll(() => victim.stdout()).toContain('a\\u001b]0;t\\u0007b')
    expect(victim.stdout()).toContain('x\\u001b[2Jy')
    expect(victim.stdout()).not.toContain('\u001b')
    for (const command of [victim, attacker]) {
      command.signal('SIGINT')
      await command.ended
    }
  })
})

describe('a stay that ends', () => {
  it('by itself after --for is a success, told in plain lines', async () => {
    const { code, stdout, stderr } = await startCommand(['join', freshRoom(), '--for', '0.5']).ended
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const word of ['identity', 'connecting', 'welcome', 'joined', 'left']) expect(stdout).toContain(word)
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .every((line) => /^ *[\d.]+ m?s {2}\S/.test(line)),
    ).toBe(true)
  })

  it('because nobody reads it any more tells the peers all the same', async () => {
    const room = freshRoom()
    const piped = startCommand(['join', room, '--json', '--name', 'piped'])
    const watcher = startCommand(['join', room, '--json'])
    await Promise.all([piped.event('peer'), watcher.event('peer')])
    piped.stopReading()
    watcher.type('anybody there?')
    await expect(watcher.event('peer-left')).resolves.toMatchObject({ peer: { name: 'piped' }, reason: 'left' })
    await expect(piped.ended).resolves.toMatchObject({ code: 0, stderr: '' })
    watcher.signal('SIGINT')
    await watcher.ended
  })

  it('before it began, by Ctrl-C, is an interruption', async () => {
    const silent = createServer()
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    const command = startCommand(['join', `http://127.0.0.1:${port}/n/mainnet`, '--json'])
    await command.event('phase', ({ phase }) => phase === 'connecting')
    command.signal('SIGINT')
    expect((await command.ended).code).toBe(130)
    silent.close()
  })
})

describe('failures', () => {
  it.each([
    [['join', 'mainnet'], 'room URL'],
    [['join', 'http://127.0.0.1/n/Bad_Name'], 'network name'],
    [['join', 'http://127.0.0.1/n/mainnet', '--for', 'ever'], '--for'],
    [['join', 'http://127.0.0.1/n/mainnet', '--unknown'], '--unknown'],
    [['join'], 'room-url'],
    [['leap'], 'leap'],
  ])('of the arguments exit with 2 and a hint: %j', async (args, named) => {
    const { code, stdout, stderr } = await startCommand(args).ended
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^edge-net: /)
    expect(stderr).toContain(named)
    expect(stderr).toContain('hint: ')
  })

  it('to reach the room exit with 4 and a hint', async () => {
    const command = startCommand(['join', `http://127.0.0.1:${await closedPort()}/n/mainnet`, '--json'])
    const { code, stderr } = await command.ended
    expect(code).toBe(4)
    expect(stderr).toMatch(/^edge-net: .+\nhint: .+\n$/)
    await expect(command.event('failed')).resolves.toMatchObject({ exitCode: 4, error: { code: 'room-unreachable' } })
  })

  it('at the door exit with 3 and its reason', async () => {
    const proxy = await startMisnamingProxy(service.port)
    try {
      const command = startCommand(['join', `${proxy.url}/n/mainnet`, '--json'])
      const { code, stderr } = await command.ended
      expect(code).toBe(3)
      expect(stderr).toMatch(/^edge-net: .+\nhint: .+\n$/)
      await expect(command.event('failed')).resolves.toMatchObject({
        exitCode: 3,
        error: { code: 'join-refused', reason: 'host-mismatch' },
      })
    } finally {
      await proxy.close()
    }
  })

  it('of an old Node are told before anything else is tried', async () => {
    const pretend = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })"
    const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(pretend)}`]
    const { code, stderr } = await startCommand(['join', freshRoom()], { nodeArgs }).ended
    expect(code).toBe(1)
    expect(stderr).toContain('this is Node 20.20.2')
    expect(stderr).toContain('hint: ')
  })
})

describe('the command line', () => {
  it('knows its version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string
    }
    const { code, stdout } = await startCommand(['--version']).ended
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${version}\n` })
  })

  it('teaches with examples, exit codes and every variable that it reads', async () => {
    const { code: exitCode, stdout } = await startCommand(['join', '--help']).ended
    expect(exitCode).toBe(0)
    for (const word of ['Examples:', 'Exit codes:', 'JSON events', 'Ctrl-C']) expect(stdout).toContain(word)
    // Those that only advice names are the host's.
    const code = readFileSync(COMMAND, 'utf8')
    // What it loads at once; sub-commands that are loaded later have variables of their own, and so has one of these.
    const ofIdentities = await startCommand(['identity', 'export', '--help']).ended
    const chunks = code.match(/(?<=from ")\.\/chunk-\w+\.js/g) ?? []
    const loaded = [code, ...chunks.map((chunk) => readFileSync(join(COMMAND, '..', chunk), 'utf8'))].join('')
    const read = new Set(loaded.match(/(?<=")EDGE_NET_[A-Z_]+(?=")/g))
    expect(read.size).toBeGreaterThan(5)
    for (const variable of read) expect(stdout + ofIdentities.stdout).toContain(variable)
    for (const name of ['ping', 'doctor']) {
      const help = await startCommand([name, '--help']).ended
      expect(help.code).toBe(0)
      for (const word of ['Examples:', 'Exit codes:', 'JSON events']) expect(help.stdout).toContain(word)
    }
  })
})

describe('the README', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  const sectionOf = (heading: string) => readme.split(`### ${heading}\n`)[1]?.split(/^##/m)[0] ?? ''
  const optionsIn = (text: string) => new Set(text.match(/--[a-z][a-z-]*/g))

  it('lists the options of ping that it has', async () => {
    const { stdout } = await startCommand(['ping', '--help']).ended
    const options = stdout.split('Options:')[1]?.split('\n\n')[0] ?? ''
    expect(new Set([...optionsIn(sectionOf('ping')), '--help'])).toEqual(optionsIn(options))
  })

  it('lists the checks, events and exit codes of the doctor that it has', async () => {
    const { stdout } = await startCommand(['doctor', '--help']).ended
    const [, events = ''] = /JSON events.*\n {2}(.+)/.exec(stdout) ?? []
    for (const event of events.split(', ')) expect(sectionOf('doctor')).toContain(`\`${event}\``)
    const codes = [...(stdout.split('Exit codes:')[1] ?? '').matchAll(/^ {2}(\d+) +(.+)$/gm)]
    expect(codes.length).toBe(5)
    for (const [, code, meaning] of codes) expect(sectionOf('doctor')).toContain(`| ${code} | ${meaning} |`)
  })
})

function closedPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
