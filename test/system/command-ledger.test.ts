/** `edge-net ledger`, as a process, on ledgers in folders of its own and in rooms of the real Worker. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startCommand, type RunningCommand } from '../support/command.ts'
import { exportedLines, runLedger, shownLedger } from '../support/ledger-command.ts'
import { startService, type Service } from '../support/server.ts'

let service: Service
let parent: string
let rooms = 0
let folders = 0
const running: RunningCommand[] = []
const freshRoom = () => service.roomUrl(`ledger-${++rooms}`)
const freshFolder = () => join(parent, `folder-${++folders}`)

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
  parent = await mkdtemp(join(tmpdir(), 'edge-net-ledger-'))
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

/** A folder into which this was imported. */
async function folderWith(room: string, lines: readonly string[]): Promise<string> {
  const folder = freshFolder()
  const { only, code } = await runLedger(folder, ['import', room], lines.join('\n'))
  expect(only('imported')).toMatchObject({ added: lines.length, rejected: 0 })
  expect(code).toBe(0)
  return folder
}

describe('copies', () => {
  it('through a file and through a pipe are the same ledger', async () => {
    const room = freshRoom()
    const lines = await exportedLines(room, 300, 3)
    const origin = await folderWith(room, lines)
    const { statistics } = await shownLedger(origin, room)
    expect(statistics).toMatchObject({ entries: 300, contributors: 3 })

    const file = join(parent, 'copy.jsonl')
    const toFile = await runLedger(origin, ['export', room, '--output', file])
    expect(toFile).toMatchObject({ code: 0, stderr: '' })
    expect(toFile.only('exported')).toMatchObject({ entries: 300, file })
    const { stdout: piped } = await startCommand(['ledger', 'export', room], { env: { EDGE_NET_DATA: origin } }).ended
    expect(piped).toBe(await readFile(file, 'utf8'))

    const byFile = freshFolder()
    const imported = await runLedger(byFile, ['import', room, file])
    expect(imported).toMatchObject({ code: 0, stderr: '' })
    expect(imported.only('imported')).toMatchObject({ added: 300, known: 0, orphans: 0, rejected: 0 })
    expect((await runLedger(byFile, ['import', room, file])).only('imported')).toMatchObject({ added: 0, known: 300 })
    const byPipe = await folderWith(room, piped.trimEnd().split('\n'))
    for (const folder of [byFile, byPipe]) {
      expect((await shownLedger(folder, room)).statistics.digest).toBe(statistics.digest)
    }
  })

  it('of which lines were changed are taken as far as they are genuine', async () => {
    const room = freshRoom()
    const lines = await exportedLines(room, 20)
    const changed = lines.map((line, i) => (i === 4 ? line.replace(/"computeUnits":\d+/, '"computeUnits":9') : line))
    const { code, all, only } = await runLedger(freshFolder(), ['import', room], [...changed, 'no entry'].join('\n'))
    expect(code).toBe(1)
    const rejected = all('rejected').map(({ line }) => line)
    expect(rejected).toEqual(expect.arrayContaining([5, 21]))
    expect(only('imported').added).toBe(4)
  })

  it('of another network are not taken', async () => {
    const lines = await exportedLines(freshRoom(), 3)
    const { code, all } = await runLedger(freshFolder(), ['import', freshRoom()], lines.join('\n'))
    expect(code).toBe(1)
    expect(all('rejected')).toHaveLength(3)
  })

  it('are not added to a ledger that another process is writing', async () => {
    const room = freshRoom()
    const folder = freshFolder()
    const writing = joined(room, folder)
    await writing.event('ledger')
    const refused = await runLedger(folder, ['import', room], (await exportedLines(room, 1)).join('\n'))
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/^edge-net: Another process .*\nhint: .*--data/)
    // To be read it is there.
    await shownLedger(folder, room)
    await leave(writing)
  })

  it('end without a word when nobody reads on', async () => {
    const room = freshRoom()
    const folder = await folderWith(room, await exportedLines(room, 2_000))
    const command = startCommand(['ledger', 'export', room], { env: { EDGE_NET_DATA: folder } })
    await expect.poll(() => command.stdout()).toContain('\n')
    command.stopReading()
    await expect(command.ended).resolves.toMatchObject({ code: 0, stderr: '' })
  })
})

describe('show', () => {
  it('answers questions about contributors, tasks and times', async () => {
    const room = freshRoom()
    const folder = await folderWith(room, await exportedLines(room, 200, 2))
    const { entries } = await shownLedger(folder, room, '--last', '1000')
    expect(entries).toHaveLength(200)
    const fitting = async (...args: readonly string[]) => {
      const { entries: found, only } = await shownLedger(folder, room, '--last', '1000', ...args)
      const ids = found.map(({ id }) => id)
      expect(only('matched')).toMatchObject({ entries: ids.length, shown: ids.length })
      return ids
    }
    const idsOf = (fits: (entry: (typeof entries)[number]) => boolean) => entries.filter(fits).map(({ id }) => id)
    const one = entries[0]?.contributor ?? ''
    expect(await fitting('--contributor', one.slice(0, 8))).toEqual(idsOf(({ contributor }) => contributor === one))
    expect(await fitting('--task', 'task 3')).toEqual(idsOf(({ taskId }) => taskId === 'task 3'))
    const middle = entries[100]?.tsMs ?? 0
    const time = new Date(middle).toISOString()
    expect(await fitting('--from', time)).toEqual(idsOf(({ tsMs }) => tsMs >= middle))
    expect(await fitting('--until', time)).toEqual(idsOf(({ tsMs }) => tsMs < middle))
    expect(await fitting('--confirmed')).toEqual(idsOf(({ isConfirmed }) => isConfirmed))
    const { entries: latest } = await shownLedger(folder, room)
    expect(latest).toEqual(entries.slice(-10))
  })

  it('is readable', async () => {
    const room = freshRoom()
    const folder = await folderWith(room, await exportedLines(room, 5))
    const { stdout, code } = await startCommand(['ledger', 'show', room], { env: { EDGE_NET_DATA: folder } }).ended
    expect(code).toBe(0)
    expect(stdout).toContain(`kept in ${folder}\n5 entries by 1 contributor; 0 confirmed`)
    expect(stdout).toMatch(/\ncontributor .*\n[\w-]{12} +50 +0 +5 +0 /)
    expect(stdout).toMatch(/\ntime .*\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ [\w-]{12} [\w-]{12} +1,000 task 0\n/)
  })

  it('catches up with those who have a ledger, and does not wait for others', async () => {
    const room = freshRoom()
    const silent = joined(room, freshFolder(), '--no-ledger')
    const keeping = joined(room, await folderWith(room, await exportedLines(room, 3)))
    await Promise.all([silent.event('peer'), keeping.event('peer')])
    const { only, statistics } = await shownLedger(freshFolder(), room, '--sync', '50')
    expect(only('synced')).toMatchObject({ peers: 2, live: 1, isComplete: true })
    expect(statistics.entries).toBe(3)
    await leave(silent, keeping)
  })

  it('says when there is nobody to catch up with, and when the room is not there', async () => {
    const alone = await shownLedger(freshFolder(), freshRoom(), '--sync', '30')
    expect(alone.only('synced')).toMatchObject({ peers: 0, isComplete: true })
    const nowhere = await runLedger(freshFolder(), ['show', 'http://127.0.0.1:9/n/mainnet', '--sync', '30'])
    expect(nowhere.code).toBe(4)
    expect(nowhere.only('failed')).toMatchObject({ exitCode: 4, error: { code: 'room-unreachable' } })
  })
})

describe('verify', () => {
  it('finds nothing wrong with what is as it was written, and changes nothing', async () => {
    const room = freshRoom()
    const folder = await folderWith(room, await exportedLines(room, 1_500))
    const { code, only } = await runLedger(folder, ['verify', room])
    expect(code).toBe(0)
    expect(only('verified')).toMatchObject({ entries: 1_500, faults: 0 })
  })

  it('finds a damaged segment, again and again, until a join gets it anew', async () => {
    const room = freshRoom()
    const lines = await exportedLines(room, 2_500)
    const [folder, whole] = [await folderWith(room, lines), await folderWith(room, lines)]
    const [file = ''] = (await readdir(join(folder, 'ledgers'))).filter((name) => name.endsWith('.sqlite'))
    const database = new DatabaseSync(join(folder, 'ledgers', file))
    const bytes = database.prepare('SELECT bytes FROM segments WHERE number = 1').get()?.['bytes'] as Uint8Array
    bytes[1_000] = (bytes[1_000] ?? 0) ^ 1
    database.prepare('UPDATE segments SET bytes = ? WHERE number = 1').run(bytes)
    database.close()
    for (const _ of ['once', 'twice']) {
      const { code, all, only } = await runLedger(folder, ['verify', room])
      expect(code).toBe(1)
      expect(only('verified')).toMatchObject({ faults: 2 })
      expect(all('fault')).toMatchObject([{ id: 'segment 1 of 3', reason: 'damaged' }, { reason: 'left out' }])
    }
    // What is left of it is not shown or handed on as if it were all.
    for (const args of [
      ['show', room],
      ['export', room, '--output', join(parent, 'part.jsonl')],
    ]) {
      const { code, all } = await runLedger(folder, args)
      expect(code).toBe(1)
      expect(all('fault')).toHaveLength(1)
    }
    const healthy = joined(room, whole)
    const healing = joined(room, folder)
    await healing.event('error', ({ error }) => error.code === 'ledger-failed' && error.reason === 'damaged')
    await healing.event('sync', ({ state }) => state === 'live')
    await leave(healing, healthy)
    const { code, only } = await runLedger(folder, ['verify', room])
    expect(code).toBe(0)
    expect(only('verified')).toMatchObject({ entries: 2_500, faults: 0 })
  })

  it('and all others say when a file is no ledger at all', async () => {
    const room = freshRoom()
    const folder = await folderWith(room, await exportedLines(room, 1))
    const [file = ''] = (await readdir(join(folder, 'ledgers'))).filter((name) => name.endsWith('.sqlite'))
    await writeFile(join(folder, 'ledgers', file), 'something else'.repeat(1_000))
    for (const args of [
      ['verify', room],
      ['show', room],
    ]) {
      const { code, stderr } = await runLedger(folder, args)
      expect(code).toBe(1)
      expect(stderr).toMatch(/^edge-net: .+\nhint: .+\n$/)
    }
  })
})

describe('failures', () => {
  it.each([
    [['ledger', 'show'], 'room-url'],
    [['ledger', 'show', 'mainnet'], 'room URL'],
    [['ledger', 'show', 'http://127.0.0.1/n/mainnet', '--from', 'yesterday'], '--from'],
    [['ledger', 'show', 'http://127.0.0.1/n/mainnet', '--last', 'few'], '--last'],
    [['ledger', 'show', 'http://127.0.0.1/n/mainnet', '--sync', 'soon'], '--sync'],
    [['ledger', 'verify', 'http://127.0.0.1/n/mainnet', '--data', ''], '--data'],
    [['ledger', 'verify', 'http://127.0.0.1/n/mainnet', '--sync', '5'], '--sync'],
    [['ledger', 'import', 'http://127.0.0.1/n/mainnet', '/no/such/file'], '/no/such/file'],
    [['ledger', 'burn'], 'burn'],
    [['join', 'http://127.0.0.1/n/mainnet', '--share', '50'], '--contribute'],
    [['join', 'http://127.0.0.1/n/mainnet', '--contribute', '--share', '0'], '--share'],
    [['join', 'http://127.0.0.1/n/mainnet', '--contribute', '--no-ledger'], '--no-ledger'],
  ])('of the arguments exit with 2 and a hint: %j', async (args, named) => {
    const { code, stdout, stderr } = await startCommand(args).ended
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^edge-net: /)
    expect(stderr).toContain(named)
    expect(stderr).toContain('hint: ')
  })

  it.each(['show', 'verify', 'export'])('to find a ledger exit with 1, and make none: %s', async (name) => {
    const folder = freshFolder()
    const { code, stderr } = await startCommand(['ledger', name, freshRoom(), '--data', folder]).ended
    expect(code).toBe(1)
    expect(stderr).toMatch(/^edge-net: There is no ledger of ledger-\d+ in .+\nhint: .+\n$/)
    await expect(stat(folder)).rejects.toThrow('ENOENT')
  })
})

describe('help and README', () => {
  it('teach with examples, and say the same', async () => {
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
    const section = readme.split('### ledger\n')[1]?.split(/^##/m)[0] ?? ''
    const helps = await Promise.all(
      ['show', 'verify', 'export', 'import'].map(
        async (name) => (await startCommand(['ledger', name, '--help']).ended).stdout,
      ),
    )
    for (const help of helps)
      for (const word of ['Examples:', 'Exit codes:', 'JSON events']) expect(help).toContain(word)
    const optionsIn = (text: string) => text.match(/--[a-z][a-z-]*/g) ?? []
    const options = helps.flatMap((help) => optionsIn(help.split('Options:')[1]?.split('\n\n')[0] ?? ''))
    expect(new Set([...optionsIn(section), '--help'])).toEqual(new Set(options))
    const events = helps.flatMap((help) => /JSON events.*\n {2}(.+)/.exec(help)?.[1]?.split(', ') ?? [])
    const listed = /The events are ([\s\S]*?)\.\n/.exec(section)?.[1] ?? ''
    expect(new Set(listed.match(/(?<=`)[a-z]+(?=`)/g))).toEqual(new Set(events))
    const codes = [...(helps[0]?.split('Exit codes:')[1] ?? '').matchAll(/^ {2}(\d+) +(.+)$/gm)]
    expect(codes).toHaveLength(7)
    for (const [, code, meaning] of codes) expect(section).toContain(`| ${code} | ${meaning} |`)
  })
})
