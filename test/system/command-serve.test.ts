/** `edge-net serve`, as a process: the Worker that the package carries, from its first start to its end. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { foundNetwork, openNetwork } from '../../client/networks/index.ts'
import { createIdentity, join } from '../../client/node/index.ts'
import type { ServeEvent } from '../../client/node/serve/report.ts'
import { startCommand, type RunningCommand } from '../support/command.ts'

let folder: string
const running: RunningCommand[] = []

beforeAll(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), 'edge-net-serve-'))
})
afterAll(() => rm(folder, { recursive: true }))
afterEach(async () => {
  for (const command of running) command.signal('SIGTERM')
  await Promise.all(running.splice(0).map(({ ended }) => ended))
})

type Listening = Extract<ServeEvent, { event: 'listening' }>

/** Serves on a free port, and resolves when it answers. */
async function served(
  args: readonly string[] = [],
  { env = {}, data = folder }: { env?: Record<string, string>; data?: string } = {},
): Promise<{ readonly command: RunningCommand; readonly listening: Listening; readonly url: string }> {
  const command = startCommand(['serve', '--json', '--port', '0', '--data', data, ...args], { env })
  running.push(command)
  const line = await Promise.race([
    expect.poll(() => command.stdout()).toContain('\n'),
    command.ended.then(({ stderr }) => Promise.reject(new Error(stderr))),
  ]).then(() => command.stdout())
  const listening = JSON.parse(line) as Listening
  return { command, listening, url: new URL(listening.roomUrl).origin }
}

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(new RegExp(`^edge_net_${name} (\\d+)$`, 'm').exec(text)?.[1])
}

/** One request with its headers as they are: `fetch` would not let a Host or a path through. */
function raw(url: string, head: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(Number(port), hostname, () =>
      socket.write([...head, 'Connection: close', '', ''].join('\r\n')),
    )
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text))
    socket.on('error', reject).on('close', () => resolve(answer))
  })
}

describe('a served room', () => {
  it('introduces peers, and what is stored outlives a restart', async () => {
    const first = await served()
    expect(first.listening).toMatchObject({
      event: 'listening',
      host: '127.0.0.1',
      folder: joinPath(folder, 'service'),
    })
    const ada = startCommand(['join', first.listening.roomUrl, '--json', '--name', 'Ada'])
    running.push(ada)
    await ada.event('joined')
    const bob = startCommand(['join', first.listening.roomUrl, '--json', '--name', 'Bob', '--message', 'hello'])
    running.push(bob)
    await expect(ada.event('message')).resolves.toMatchObject({ text: 'hello', peer: { name: 'Bob' } })
    await ada.event('path', ({ path }) => path.kind === 'direct')
    for (const peer of [ada, bob]) peer.signal('SIGINT')
    await Promise.all([ada.ended, bob.ended])
    // The room reports to the registry, which is another object, some seconds later.
    await expect.poll(() => metric(first.url, 'joins_total')).toBe(2)
    first.command.signal('SIGTERM')
    const { code, stderr } = await first.command.ended
    expect(code).toBe(0)
    // The log, and nothing else.
    const logged = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string })
    expect(logged.map(({ event }) => event)).toContain('room-report')
    expect(first.command.stdout()).toContain('"event":"stopped"')

    const second = await served()
    expect(await metric(second.url, 'joins_total')).toBe(2)
  })

  it('knows a network that was founded, and who its members are, after a restart', async () => {
    const identity = await createIdentity()
    const first = await served()
    const founded = await foundNetwork({ host: first.url, identity, name: 'Friends', policy: 'private' })
    const { code } = await founded.invite()
    first.command.signal('SIGTERM')
    await first.command.ended

    const second = await served()
    const roomUrl = `${second.url}/n/${founded.facts.id}`
    await expect(openNetwork(roomUrl, { identity })).resolves.toMatchObject({
      standing: 'member',
      role: 'creator',
      hostFault: undefined,
      facts: { name: 'Friends', policy: 'private' },
    })
    const guest = await createIdentity()
    const membership = await openNetwork(roomUrl, { identity: guest, invite: code })
    const network = await join(roomUrl, { identity: guest, membership, direct: 'off' })
    expect(network.state).toBe('open')
    await network.close()
    await expect(join(roomUrl, { direct: 'off', attempts: 1 })).rejects.toMatchObject({ reason: 'membership-missing' })
  })

  it('keeps its peers over a restart on the same port', async () => {
    const first = await served()
    const { port, roomUrl } = first.listening
    const peer = startCommand(['join', roomUrl, '--json'])
    running.push(peer)
    await peer.event('joined')
    first.command.signal('SIGINT')
    expect((await first.command.ended).code).toBe(0)
    await peer.event('state', ({ state }) => state === 'reconnecting')
    await served(['--port', String(port)])
    await peer.event('state', ({ state }) => state === 'open')
  })

  it('has its page and the SDK, with the headers that are deployed', async () => {
    const { url } = await served()
    const page = await fetch(`${url}/n/mainnet`, { headers: { Accept: 'text/html' } })
    expect(page.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
    expect(await page.text()).toContain('<script type="module"')
    const sdk = await fetch(`${url}/edge-net.js`)
    expect(sdk.headers.get('Access-Control-Allow-Origin')).toBe('*')
    expect(await sdk.text()).toMatch(/^export \* from '\.\/sdk\/edge-net-\w+\.js'/)
  })

  it('takes its settings from flags and from the variables of the Worker', async () => {
    const health = async (url: string) => (await (await fetch(`${url}/health`)).json()) as { ice: string }
    const turn = { EDGE_NET_TURN_URLS: 'turn:127.0.0.1:3478', EDGE_NET_TURN_SECRET: 'secret' }
    const guarded = await served(['--stun', ''], { env: { ...turn, EDGE_NET_METRICS_TOKEN: 'token' } })
    expect(await health(guarded.url)).toMatchObject({ ice: 'shared-secret' })
    expect((await fetch(`${guarded.url}/metrics`)).status).toBe(404)
    const headers = { Authorization: 'Bearer token' }
    expect((await fetch(`${guarded.url}/metrics`, { headers })).status).toBe(200)
    guarded.command.signal('SIGTERM')
    await guarded.command.ended
    expect(await health((await served(['--stun', ''])).url)).toMatchObject({ ice: 'none' })
  })
})

describe('behind a proxy', () => {
  it('knows its public name and that TLS is spoken there', async () => {
    const { url } = await served()
    const answer = await raw(url, [
      'GET /n/mainnet HTTP/1.1',
      'Host: edge.example',
      'Accept: application/json',
      'X-Forwarded-Proto: https',
      'X-Forwarded-For: 203.0.113.9',
    ])
    expect(answer).toContain('"url":"https://edge.example/n/mainnet"')
  })

  it('limits each client by its own address, and no client by one that it makes up', async () => {
    const { url } = await served()
    const statuses = async (headers: readonly (readonly string[])[]) => {
      const answers = await Promise.all(
        headers.map((own) => raw(url, ['GET /networks HTTP/1.1', 'Host: edge.example', ...own])),
      )
      return answers.map((answer) => Number(answer.slice('HTTP/1.1 '.length, 12)))
    }
    // 40 in 10 s are allowed; two windows cannot hold as many as these.
    const asked = 100
    const one = await statuses(Array.from({ length: asked }, () => ['X-Forwarded-For: 198.51.100.7']))
    expect(one).toContain(429)
    const many = await statuses(Array.from({ length: asked }, (_, i) => [`X-Forwarded-For: 10.${i}.0.1`]))
    expect(new Set(many)).toEqual(new Set([200]))
    const liar = await statuses(
      Array.from({ length: asked }, (_, i) => [`CF-Connecting-IP: 10.${i}.1.1`, 'X-Forwarded-For: 192.0.2.1']),
    )
    expect(liar).toContain(429)
  })

  it('lets nobody reach what Miniflare has for developers', async () => {
    const { url } = await served()
    for (const path of ['/cdn-cgi/local/explorer', '/x/../cdn-cgi/local/platform-proxy', '/__cf_local/stream/x']) {
      expect(await raw(url, [`GET ${path} HTTP/1.1`, 'Host: localhost']), path).toMatch(/^HTTP\/1\.1 404 /)
    }
    const renamed = await raw(url, [
      'GET /n/mainnet HTTP/1.1',
      'Host: edge.example',
      'Accept: application/json',
      'MF-Original-URL: https://elsewhere.example/n/mainnet',
    ])
    expect(renamed).toContain('"url":"http://edge.example/n/mainnet"')
  })
})

describe('what goes wrong', () => {
  it.each([
    [['--port', '99999'], '--port'],
    [['--port', 'http'], '--port'],
    [['--host', ''], '--host'],
    [['--stun', 'stun.example.org'], '--stun'],
    [['--proxy', 'caddy'], '--proxy'],
    [['--data', ''], '--data'],
    [['--unknown'], '--unknown'],
  ])('with the arguments exits with 2 and a hint: %j', async (args, named) => {
    const { code, stdout, stderr } = await startCommand(['serve', ...args]).ended
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^edge-net: /)
    expect(stderr).toContain(named)
    expect(stderr).toContain('hint: ')
  })

  it('with the folder exits with 2 and says where', async () => {
    const file = joinPath(folder, 'file')
    await writeFile(file, '')
    const { code, stderr } = await startCommand(['serve', '--port', '0', '--data', file]).ended
    expect(code).toBe(2)
    expect(stderr).toContain(joinPath(file, 'service'))
    expect(stderr).toContain('hint: Choose another folder')
  })

  it('with the port exits with 1 and names the next one', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as AddressInfo
    const { code, stderr } = await startCommand(['serve', '--port', String(port), '--data', folder]).ended
    other.close()
    expect(code).toBe(1)
    expect(stderr).toContain(`Port ${port} is taken`)
    expect(stderr).toContain(`--port ${port + 1}`)
  })

  it('with an address that is not this machine’s exits with 1', async () => {
    const { code, stderr } = await startCommand(['serve', '--host', '192.0.2.1', '--port', '0', '--data', folder]).ended
    expect(code).toBe(1)
    expect(stderr).toContain('hint: This machine has no such address')
  })

  it('with two services in one folder stops the second', async () => {
    await served()
    const { code, stderr } = await startCommand(['serve', '--port', '0', '--data', folder]).ended
    expect(code).toBe(1)
    expect(stderr).toContain('Another edge-net serve')
  })

  it('with a missing Miniflare says which one to install', async () => {
    const absent = `import { registerHooks } from 'node:module'
      registerHooks({
        resolve(name, context, next) {
          if (name === 'miniflare') throw Object.assign(new Error('not installed'), { code: 'ERR_MODULE_NOT_FOUND' })
          return next(name, context)
        },
      })`
    const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(absent)}`]
    const { code, stderr } = await startCommand(['serve', '--port', '0', '--data', folder], { nodeArgs }).ended
    expect(code).toBe(1)
    const { devDependencies } = JSON.parse(
      await readFile(joinPath(import.meta.dirname, '../../package.json'), 'utf8'),
    ) as {
      devDependencies: { miniflare: string }
    }
    expect(stderr).toContain(`hint: npm install miniflare@${devDependencies.miniflare}\n`)
  })
})

describe('its help', () => {
  it('names every variable that the Worker reads, and the exit codes', async () => {
    const { code, stdout } = await startCommand(['serve', '--help']).ended
    expect(code).toBe(0)
    const path = joinPath(import.meta.dirname, '../../dist/npm/service/service.json')
    const { variables } = JSON.parse(await readFile(path, 'utf8')) as { variables: string[] }
    expect(variables.length).toBeGreaterThan(5)
    for (const name of [...variables, 'EDGE_NET_PORT', 'EDGE_NET_DATA']) expect(stdout).toContain(name)
    for (const word of ['Examples:', 'Exit codes:', 'JSON events', 'https:']) expect(stdout).toContain(word)
  })

  it('is what the README says', async () => {
    const { stdout } = await startCommand(['serve', '--help']).ended
    const readme = await readFile(joinPath(import.meta.dirname, '../../README.md'), 'utf8')
    const section = readme.split('### serve\n')[1]?.split(/^##/m)[0] ?? ''
    const optionsIn = (text: string) => new Set(text.match(/--[a-z][a-z-]*/g))
    const options = stdout.split('Options:')[1]?.split('\n\n')[0] ?? ''
    expect(new Set([...optionsIn(section), '--help'])).toEqual(optionsIn(options))
    const codes = [...(stdout.split('Exit codes:')[1] ?? '').matchAll(/^ {2}(\d+) +(.+)$/gm)]
    expect(codes).toHaveLength(4)
    for (const [, exit, meaning] of codes) expect(section).toContain(`| ${exit} | ${meaning} |`)
    const [, events = ''] = /JSON events.*\n {2}(.+)/.exec(stdout) ?? []
    for (const event of events.split(', ')) expect(section).toContain(`\`${event}\``)
  })
})
