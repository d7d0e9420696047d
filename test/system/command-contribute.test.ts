/** `edge-net join` with a ledger: what it contributes, and what it keeps, as processes in rooms of the real Worker. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startCommand, type RunningCommand } from '../support/command.ts'
import { runLedger, shownLedger, type LedgerRun } from '../support/ledger-command.ts'
import { startService, type Service } from '../support/server.ts'

let service: Service
let parent: string
let rooms = 0
let folders = 0
const running: RunningCommand[] = []
const freshRoom = () => service.roomUrl(`contribute-${++rooms}`)
const freshFolder = () => join(parent, `folder-${++folders}`)

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
  parent = await mkdtemp(join(tmpdir(), 'edge-net-contribute-'))
})
afterAll(async () => {
  await service.close()
  await rm(parent, { recursive: true })
})
afterEach(async () => {
  for (const command of running) command.signal('SIGKILL')
  await Promise.all(running.splice(0).map(({ ended }) => ended))
})

/** `join` with its identity and ledger in a folder. */
function joined(room: string, folder: string, ...args: readonly string[]): RunningCommand {
  const command = startCommand(['join', room, '--json', ...args], { env: { EDGE_NET_DATA: folder } })
  running.push(command)
  return command
}

async function leave(...commands: readonly RunningCommand[]): Promise<void> {
  for (const command of commands) command.signal('SIGINT')
  for (const command of commands) expect(await command.ended).toMatchObject({ code: 0, stderr: '' })
}

const contributing = (room: string, folder: string) => joined(room, folder, '--contribute', '--share', '100')

describe('two who contribute', () => {
  it('record what they have computed, and have the same ledger, which a third one gets', async () => {
    const room = freshRoom()
    const [here, there] = [freshFolder(), freshFolder()]
    const both = [contributing(room, here), contributing(room, there)]
    const done = await Promise.all(both.map((one) => one.event('contributed')))
    for (const { entry, resultHash, elapsedMs } of done) {
      expect(entry.taskId).toMatch(/^vectors\/1\//)
      expect(entry.computeUnits).toBeGreaterThan(100)
      expect(resultHash).toHaveLength(43)
      expect(elapsedMs).toBeGreaterThan(0)
    }
    // Each hears of what the other did.
    const [mine, yours] = done.map(({ entry }) => entry.id)
    await both[1]?.event('entry', ({ entry, isOwn }) => entry.id === mine && !isOwn)
    await both[0]?.event('entry', ({ entry, isOwn }) => entry.id === yours && !isOwn)
    await leave(...both)
    const totals = await Promise.all(both.map((one) => one.event('ledger', ({ own }) => own !== undefined)))
    for (const { own } of totals) expect(own?.credits).toBeGreaterThan(0)

    // Whoever left first may lack the other's last pieces until they meet again.
    const again = [joined(room, here), joined(room, there)]
    await Promise.all(again.map((one) => one.event('sync', ({ state }) => state === 'live')))
    const third = await shownLedger(freshFolder(), room, '--sync', '30')
    expect(third.only('synced')).toMatchObject({ peers: 2, live: 2, isComplete: true })
    await leave(...again)
    const [first, second] = [await shownLedger(here, room), await shownLedger(there, room)]
    expect(first.statistics.digest).toBe(second.statistics.digest)
    expect(third.statistics.digest).toBe(first.statistics.digest)
    expect(first.statistics).toMatchObject({ contributors: 2, forkedContributors: 0 })
    // Each knows which of the two it is, also after it came back.
    const self = ({ all }: LedgerRun) => all('contributor').find(({ isSelf }) => isSelf)
    expect(self(first)).toMatchObject({ contributor: done[0]?.entry.contributor })
    expect(self(second)).toMatchObject({ contributor: done[1]?.entry.contributor })
    expect((await again[0]?.event('joined'))?.siteId).toBe(done[0]?.entry.contributor)
  })

  it('in one folder are two peers of one contributor, who does not fork', async () => {
    const room = freshRoom()
    const folder = freshFolder()
    const both = [contributing(room, folder), contributing(room, folder)]
    const ids = await Promise.all(both.map(async (one) => (await one.event('joined')).siteId))
    expect(ids[0]).toBe(ids[1])
    const done = await Promise.all(both.map((one) => one.event('contributed')))
    await both[0]?.event('entry', ({ entry }) => entry.id === done[1]?.entry.id)
    await leave(...both)
    const { statistics, entries } = await shownLedger(folder, room)
    expect(statistics).toMatchObject({ contributors: 1, forkedContributors: 0 })
    expect(statistics.entries).toBeGreaterThanOrEqual(2)
    const kept = new Set(entries.map(({ id }) => id))
    for (const { entry } of done) expect(kept).toContain(entry.id)
    await expect(runLedger(folder, ['verify', room])).resolves.toMatchObject({ code: 0 })
  })
})

describe('a process that is killed', () => {
  it('has kept every piece that it told of, and goes on where it was', async () => {
    const room = freshRoom()
    const folder = freshFolder()
    const told: string[] = []
    for (let life = 0; life < 3; life++) {
      const command = contributing(room, folder)
      const { entry } = await command.event('contributed')
      command.signal('SIGKILL')
      const { stdout } = await command.ended
      const lines = stdout.split('\n').filter((line) => line.includes('"event":"contributed"'))
      told.push(...lines.map((line) => (JSON.parse(line) as { entry: { id: string } }).entry.id))
      expect(told).toContain(entry.id)
    }
    const back = joined(room, folder)
    const { own } = await back.event('ledger')
    expect(own).toMatchObject({ isForked: false })
    expect(own?.entries).toBeGreaterThanOrEqual(told.length)
    await leave(back)
    const { entries } = await shownLedger(folder, room, '--last', '1000')
    const ids = entries.map(({ id }) => id)
    for (const id of told) expect(ids).toContain(id)
    // One chain, without gaps.
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, i) => i))
    expect(new Set(entries.map(({ writer }) => writer)).size).toBe(1)
    await expect(runLedger(folder, ['verify', room])).resolves.toMatchObject({ code: 0 })
  })
})

describe('what is kept', () => {
  it('is for its owner alone, and stays when there is no ledger', async () => {
    const room = freshRoom()
    const folder = freshFolder()
    const first = joined(room, folder, '--no-ledger')
    const { siteId } = await first.event('joined')
    await leave(first)
    expect(await readdir(folder)).toEqual(['identity.pem', 'networks'])
    expect((await stat(join(folder, 'identity.pem'))).mode & 0o777).toBe(0o600)
    const second = joined(room, folder)
    expect((await second.event('joined')).siteId).toBe(siteId)
    await leave(second)
  })

  it('is nothing at all with --ephemeral', async () => {
    const room = freshRoom()
    const folder = freshFolder()
    const ids = []
    for (let i = 0; i < 2; i++) {
      const command = joined(room, folder, '--ephemeral')
      ids.push((await command.event('joined')).siteId)
      await command.event('ledger')
      await leave(command)
    }
    expect(new Set(ids).size).toBe(2)
    await expect(stat(folder)).rejects.toThrow('ENOENT')
  })

  it('is refused before the room is asked, when it cannot be an identity', async () => {
    const folder = freshFolder()
    await mkdir(folder)
    await writeFile(join(folder, 'identity.pem'), 'no key', { mode: 0o600 })
    const { code, stderr } = await joined('http://127.0.0.1:9/n/mainnet', folder).ended
    expect(code).toBe(2)
    expect(stderr).toMatch(/^edge-net: .*identity\.pem is no Ed25519 private key in PEM\.\nhint: .+\n$/)
    await writeFile(join(folder, 'identity.pem'), 'no key', { mode: 0o644 })
    expect(await readFile(join(folder, 'identity.pem'), 'utf8')).toBe('no key')
  })
})
