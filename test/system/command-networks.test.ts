/** `edge-net create` and `edge-net networks` as processes, at a real Worker. */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { FoundedDescription } from '../../protocol/http.ts'
import { loadIdentity } from '../../client/node/identity-file.ts'
import { startCommand, type RunningCommand } from '../support/command.ts'
import { runJson } from '../support/json-command.ts'
import { startService, type Service } from '../support/server.ts'

let service: Service
let parent: string
let folders = 0
const running: RunningCommand[] = []
const freshFolder = () => join(parent, `folder-${++folders}`)

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
  parent = await mkdtemp(join(tmpdir(), 'edge-net-networks-'))
})
afterAll(async () => {
  await service.close()
  await rm(parent, { recursive: true })
})
afterEach(async () => {
  for (const command of running) command.signal('SIGKILL')
  await Promise.all(running.splice(0).map(({ ended }) => ended))
})

async function joined(room: string, folder: string): Promise<RunningCommand> {
  const command = startCommand(['join', room, '--json', '--direct', 'off'], { env: { EDGE_NET_DATA: folder } })
  running.push(command)
  await command.event('joined')
  return command
}

async function created(folder: string, name: string, ...args: readonly string[]) {
  const run = await runJson(folder, ['create', service.url, '--name', name, ...args])
  expect(run).toMatchObject({ code: 0, stderr: '' })
  return run.only('created')
}

describe('a network that was created', () => {
  it('is known to its host as its creator wrote it, and to his folder', async () => {
    const folder = freshFolder()
    const options = [
      '--description',
      'Frames of the film',
      '--confirmations',
      '5',
      '--degree',
      '12',
      '--entry-gap',
      '1',
    ]
    const network = await created(folder, 'Render farm', '--policy', 'private', ...options)
    const { siteId } = await loadIdentity(folder)
    expect(network).toMatchObject({
      name: 'Render farm',
      description: 'Frames of the film',
      policy: 'private',
      creator: siteId,
      approvers: [siteId],
      approvalsNeeded: 1,
      parameters: { confirmations: 5, maxDegree: 12, entryGapMs: 1_000 },
      folder,
    })
    expect(network.roomUrl).toBe(service.roomUrl(network.id))
    const answer = await fetch(network.roomUrl, { headers: { Accept: 'application/json' } })
    const described = (await answer.json()) as FoundedDescription
    expect(described).toMatchObject({ id: network.id, name: 'Render farm', genesis: network.genesis })

    const place = join(folder, 'networks', network.id)
    for (const name of await readdir(place)) expect((await stat(join(place, name))).mode & 0o777, name).toBe(0o600)
    const known = await runJson(folder, ['networks'])
    expect(known.code).toBe(0)
    expect(known.only('known')).toMatchObject({
      network: { id: network.id, name: 'Render farm', policy: 'private', roomUrl: network.roomUrl },
      siteId,
      standing: 'member',
      role: 'creator',
      invites: 0,
    })
    expect(known.stdout).not.toContain('chain')
  })

  it('is told with what comes next', async () => {
    const args = ['create', service.url, '--name', 'Lab', '--policy', 'private']
    const { code, stdout } = await startCommand(args, { env: { EDGE_NET_DATA: freshFolder() } }).ended
    expect(code).toBe(0)
    const [, roomUrl = ''] = /^ {2}(http\S+)$/m.exec(stdout) ?? []
    expect(roomUrl).toContain('/n/net-')
    for (const command of ['join', 'invite', 'approve']) expect(stdout).toContain(`edge-net ${command} ${roomUrl}`)
  })

  it('may have the name of another one, and is another all the same', async () => {
    const folder = freshFolder()
    const [one, other] = [await created(folder, 'Same'), await created(folder, 'Same')]
    expect(one.id).not.toBe(other.id)
    expect((await runJson(folder, ['networks'])).all('known')).toHaveLength(2)
  })

  it('takes as many approvers to agree as its creator says, or more than half', async () => {
    const approvers = await Promise.all(
      Array.from({ length: 3 }, async () => (await loadIdentity(freshFolder())).siteId),
    )
    const args = ['--policy', 'consortium', ...approvers.flatMap((siteId) => ['--approver', siteId])]
    const usual = await created(freshFolder(), 'Alliance', ...args)
    expect(usual.approvalsNeeded).toBe(2)
    expect(new Set(usual.approvers)).toEqual(new Set(approvers))
    expect((await created(freshFolder(), 'Alliance', ...args, '--threshold', '3')).approvalsNeeded).toBe(3)
  })
})

describe('networks', () => {
  it('that were joined are known, those with plain names, too', async () => {
    const folder = freshFolder()
    expect((await runJson(folder, ['networks'])).only('listed')).toMatchObject({ networks: 0 })
    await joined(service.roomUrl('mainnet'), folder)
    expect((await runJson(folder, ['networks'])).only('known')).toMatchObject({
      network: { name: 'mainnet', policy: 'public', roomUrl: service.roomUrl('mainnet') },
      role: 'everybody',
    })
  })

  it('of a host are listed with those who are there, by what is looked for, and none that is closed', async () => {
    const folder = freshFolder()
    const farm = await created(folder, 'Frame farm', '--description', 'pictures')
    await created(folder, 'Frame cellar', '--policy', 'private')
    const crowded = service.roomUrl('crowded-frames')
    await Promise.all([
      joined(crowded, freshFolder()),
      joined(crowded, freshFolder()),
      joined(farm.roomUrl, freshFolder()),
    ])

    const listed = async (...args: readonly string[]) => runJson(freshFolder(), ['networks', service.url, ...args])
    await expect
      .poll(async () => (await listed('--query', 'FRAME')).all('network'))
      .toMatchObject([
        { name: 'crowded-frames', members: 2, url: crowded, policy: 'public' },
        { name: 'Frame farm', members: 1, url: farm.roomUrl, description: 'pictures', creator: farm.creator },
      ])
    const one = await listed('--query', 'frame', '--limit', '1')
    expect(one.all('network')).toHaveLength(1)
    expect(one.only('listed')).toEqual(expect.objectContaining({ networks: 1, isComplete: false }))
    const all = await listed('--all')
    expect(all.only('listed')).toMatchObject({ isComplete: true })
    expect(all.all('network').length).toBeGreaterThanOrEqual(2)
    expect((await listed('--query', 'no such network')).only('listed')).toMatchObject({ networks: 0, isComplete: true })
  })
})

describe('failures', () => {
  it.each([
    [['create'], 'host'],
    [['create', 'HOST'], '--name'],
    [['create', 'edge.example', '--name', 'x'], 'is no host'],
    [['create', 'HOST', '--name', 'x', '--policy', 'secret'], '--policy'],
    [['create', 'HOST', '--name', 'x', '--policy', 'consortium'], '--approver'],
    [['create', 'HOST', '--name', 'x', '--approver', 'me'], '--policy consortium'],
    [['create', 'HOST', '--name', 'x', '--ephemeral'], '--ephemeral'],
    [['networks', '--query', 'x'], '--query'],
    [['networks', 'HOST', '--limit', 'many'], '--limit'],
    [['networks', 'ftp://edge.example'], 'is no host'],
  ])('of the arguments exit with 2 and a hint: %j', async (args, named) => {
    const real = args.map((arg) => (arg === 'HOST' ? service.url : arg))
    const { code, stdout, stderr } = await startCommand(real).ended
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^edge-net: /)
    expect(stderr).toContain(named)
    expect(stderr).toContain('hint: ')
  })

  it.each([['create', '--name', 'x'], ['networks']])('to reach the host exit with 4: %s', async (name, ...options) => {
    const run = await runJson(freshFolder(), [name, 'http://127.0.0.1:9', ...options])
    expect(run.code).toBe(4)
    expect(run.only('failed')).toMatchObject({ exitCode: 4, error: { code: 'room-unreachable' } })
  })
})

describe('help and README', () => {
  it('teach with examples, and say the same', async () => {
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
    const section = readme.split('### networks and members\n')[1]?.split(/^##/m)[0] ?? ''
    const names = ['create', 'networks', 'invite', 'approve', 'remove']
    const helps = await Promise.all(names.map(async (name) => (await startCommand([name, '--help']).ended).stdout))
    for (const help of helps) {
      for (const word of ['Examples:', 'Exit codes:', 'JSON events', 'Environment:']) expect(help).toContain(word)
    }
    const optionsIn = (text: string) => text.match(/(?<![\w-])--[a-z][a-z-]*/g) ?? []
    const options = helps.flatMap((help) => optionsIn(help.split('Options:')[1]?.split('\n\n')[0] ?? ''))
    const listed = section
      .split('\n')
      .flatMap((line) => (line.startsWith('| `--') ? optionsIn(line.split(' | ')[0] ?? '') : []))
    expect(new Set([...listed, '--help'])).toEqual(new Set(options))
    const events = helps.flatMap((help) => /JSON events.*\n {2}(.+)/.exec(help)?.[1]?.split(', ') ?? [])
    const told = /The events are ([\s\S]*?)\.\n/.exec(section)?.[1] ?? ''
    expect(new Set(told.match(/(?<=`)[a-z]+(?=`)/g))).toEqual(new Set(events))
    const codes = [...(helps[0]?.split('Exit codes:')[1] ?? '').matchAll(/^ {2}(\d+) +(.+)$/gm)]
    expect(codes).toHaveLength(7)
    for (const [, code, meaning] of codes) expect(section).toContain(`| ${code} | ${meaning} |`)
  })
})
