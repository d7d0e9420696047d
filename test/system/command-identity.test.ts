/** `edge-net identity`, as a process, and joining as one or the other of several identities. */
import { spawn } from 'node:child_process'
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sealBackup } from '../../client/identity/backup.ts'
import { createRecoverableIdentity, restore } from '../../client/identity/index.ts'
import type { IdentityEvent } from '../../client/node/identity-command/report.ts'
import type { FailedEvent } from '../../client/node/telling.ts'
import { COMMAND, startCommand } from '../support/command.ts'
import { startService, type Service } from '../support/server.ts'

const PASS_PHRASE = 'correct horse battery staple'

let parent: string
let folders = 0
const freshFolder = () => join(parent, `folder-${++folders}`)
const freshFile = () => join(parent, `backup-${++folders}.json`)

beforeAll(async () => {
  parent = await mkdtemp(join(tmpdir(), 'edge-net-identities-'))
})
afterAll(() => rm(parent, { recursive: true }))

type Told = IdentityEvent | FailedEvent

interface Run {
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs `edge-net identity … --json` to its end. */
async function identity(folder: string, args: readonly string[], { input, env }: Run = {}) {
  const command = startCommand(['identity', ...args, '--json'], { env: { EDGE_NET_DATA: folder, ...env } })
  if (input !== undefined) command.type(input)
  command.endInput()
  const ended = await command.ended
  const lines = ended.stdout.startsWith('{\n') ? [] : ended.stdout.split('\n').filter((line) => line !== '')
  return { ...ended, events: lines.map((line) => JSON.parse(line) as Told & { siteId: string; file: string }) }
}

/** What must succeed, and its only event. */
async function done(folder: string, args: readonly string[], run?: Run) {
  const { code, stderr, events } = await identity(folder, args, run)
  expect({ code, stderr, count: events.length }).toEqual({ code: 0, stderr: '', count: 1 })
  return events[0] as Told & { siteId: string; file: string }
}

const listed = async (folder: string) => (await identity(folder, ['list'])).events

/** A backup that costs nothing to open: what it costs is not the subject here. */
async function cheapBackup(label: string) {
  const recoverable = await createRecoverableIdentity()
  const cost = { memoryKiB: 8, passes: 1, lanes: 1 }
  const file = freshFile()
  await writeFile(file, await sealBackup(recoverable, PASS_PHRASE, { label, createdAtMs: 0, cost }))
  return { file, siteId: recoverable.identity.siteId }
}

const givenPassPhrase: Run = { env: { EDGE_NET_PASS_PHRASE: PASS_PHRASE } }

describe('identities of a folder', () => {
  it('are made, listed and chosen, for their owner alone', async () => {
    const folder = freshFolder()
    expect(await listed(folder)).toMatchObject([{ event: 'empty', folder }])
    const laptop = await done(folder, ['new', 'laptop'])
    expect(laptop).toMatchObject({ event: 'made', label: 'laptop', isCurrent: true })
    const first = await done(folder, ['new'])
    expect(first).toMatchObject({ event: 'made', label: 'default', isCurrent: false })
    expect(await listed(folder)).toMatchObject([
      { event: 'identity', label: 'default', siteId: first.siteId, isCurrent: false },
      { event: 'identity', label: 'laptop', siteId: laptop.siteId, isCurrent: true },
    ])
    expect(await done(folder, ['use', 'default'])).toMatchObject({ event: 'using', siteId: first.siteId })
    expect(await listed(folder)).toMatchObject([{ isCurrent: true }, { isCurrent: false }])
    expect((await stat(folder)).mode & 0o777).toBe(0o700)
    for (const name of await readdir(folder)) expect((await stat(join(folder, name))).mode & 0o777, name).toBe(0o600)
  })

  it('are never overwritten', async () => {
    const folder = freshFolder()
    const { file } = await done(folder, ['new', 'one'])
    const before = await readFile(file, 'utf8')
    const { file: backup } = await cheapBackup('one')
    for (const args of [
      ['new', 'one'],
      ['import', backup],
    ]) {
      const { code, events, stderr } = await identity(folder, args, givenPassPhrase)
      expect(code).toBe(1)
      expect(events).toMatchObject([{ event: 'failed', error: { reason: 'label-taken' } }])
      expect(stderr).toContain('hint: ')
    }
    expect(await readFile(file, 'utf8')).toBe(before)
  })

  it('that cannot be used are told, with what helps, and do not hide the others', async () => {
    const folder = freshFolder()
    const open = await done(folder, ['new', 'open'])
    const damaged = await done(folder, ['new', 'damaged'])
    await done(folder, ['new', 'whole'])
    await chmod(open.file, 0o644)
    await writeFile(damaged.file, 'no key')
    const { code, events } = await identity(folder, ['list'])
    expect(code).toBe(1)
    expect(events).toMatchObject([
      { label: 'damaged', fault: expect.stringContaining('no Ed25519 private key') },
      { label: 'open', fault: expect.stringContaining(`chmod 600 ${open.file}`) },
      { label: 'whole', isCurrent: false },
    ])
    expect((await identity(folder, ['export', 'open'], givenPassPhrase)).code).toBe(2)
  })

  it.each(['', '../evil', 'Ada', 'a b', '-x', 'x'.repeat(64), 'a/b', 'a\u202eb'])(
    'are not called %j',
    async (label) => {
      const folder = freshFolder()
      const { code, stderr } = await identity(folder, ['new', '--', label])
      expect(code).toBe(2)
      expect(stderr).toContain('hint: ')
      await expect(readdir(folder)).rejects.toThrow('ENOENT')
    },
  )
})

describe('backups', () => {
  it('are written once, for their owner alone, and restored elsewhere as the one in use', async () => {
    const [here, there] = [freshFolder(), freshFolder()]
    const { siteId } = await done(here, ['new', 'laptop'])
    const output = freshFile()
    const exported = await done(here, ['export', '--output', output], { input: PASS_PHRASE })
    expect(exported).toMatchObject({ event: 'exported', label: 'laptop', siteId, file: output })
    expect((await stat(output)).mode & 0o777).toBe(0o600)
    const text = await readFile(output, 'utf8')
    expect(await restore(text, PASS_PHRASE)).toMatchObject({ siteId, label: 'laptop' })

    const again = await identity(here, ['export', '--output', output], { input: PASS_PHRASE })
    expect(again.code).toBe(1)
    expect(await readFile(output, 'utf8')).toBe(text)

    const imported = await done(there, ['import', output], { input: PASS_PHRASE })
    expect(imported).toMatchObject({ event: 'imported', label: 'laptop', siteId, isCurrent: true })
    expect(await listed(there)).toMatchObject([{ siteId, isCurrent: true }])
    const known = await identity(there, ['import', output, '--label', 'other'], { input: PASS_PHRASE })
    expect(known.code).toBe(1)
    expect(known.events).toMatchObject([{ error: { reason: 'known' } }])
  })

  it('go to the standard output, with nothing else in it', async () => {
    const folder = freshFolder()
    const { siteId } = await done(folder, ['new'])
    const { code, stdout, stderr } = await identity(folder, ['export'], givenPassPhrase)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect((await restore(stdout, PASS_PHRASE)).siteId).toBe(siteId)
  })

  it('keep the label that they can keep', async () => {
    const folder = freshFolder()
    const labels = ['Ada’s Läptop', '…', 'CON']
    const told = []
    for (const label of labels)
      told.push(await done(folder, ['import', (await cheapBackup(label)).file], givenPassPhrase))
    expect(told).toMatchObject([{ label: 'ada-s-laptop' }, { label: 'restored' }, { label: 'con' }])
    const { file, siteId } = await cheapBackup('whatever')
    expect(await done(folder, ['import', file, '--label', 'mine'], givenPassPhrase)).toMatchObject({
      label: 'mine',
      siteId,
    })
  })

  it('that are wrong keep nothing', async () => {
    const folder = freshFolder()
    const { file } = await cheapBackup('ada')
    const text = await readFile(file, 'utf8')
    const damaged = freshFile()
    await writeFile(damaged, text.replace('"ada"', '"eve"'))
    const newer = freshFile()
    await writeFile(newer, text.replace('"version": 1', '"version": 9'))
    const endless = '/dev/zero'
    const codes: unknown[] = []
    for (const [path, passPhrase] of [
      [file, 'another pass phrase'],
      [damaged, PASS_PHRASE],
      [newer, PASS_PHRASE],
      [endless, PASS_PHRASE],
      [join(parent, 'nowhere'), PASS_PHRASE],
      [parent, PASS_PHRASE],
    ] as const) {
      const { code, events, stderr } = await identity(folder, ['import', path], { input: passPhrase })
      expect(stderr).toMatch(/^edge-net: .+\nhint: .+\n$/)
      const [failed] = events as FailedEvent[]
      codes.push([code, failed?.error.code])
    }
    expect(codes).toEqual([
      [1, 'pass-phrase-wrong'],
      [1, 'backup-damaged'],
      [1, 'backup-version'],
      [1, 'backup-damaged'],
      [2, 'invalid-argument'],
      [2, 'invalid-argument'],
    ])
    await expect(readdir(folder)).rejects.toThrow('ENOENT')
  })

  it('are made with no pass phrase that is empty, too short, or missing', async () => {
    const folder = freshFolder()
    await done(folder, ['new'])
    for (const input of ['', 'short', undefined]) {
      const output = freshFile()
      const { code, stderr } = await identity(
        folder,
        ['export', '--output', output],
        input === undefined ? {} : { input },
      )
      expect(code).toBe(2)
      expect(stderr).toContain('pass phrase')
      await expect(stat(output)).rejects.toThrow('ENOENT')
    }
  })

  it('say what they lack: no such identity, no such option', async () => {
    const folder = freshFolder()
    await done(folder, ['new', 'one'])
    const { code, stderr } = await identity(folder, ['export', 'two'], givenPassPhrase)
    expect(code).toBe(2)
    expect(stderr).toContain('There are: one.')
    for (const args of [['use'], ['import'], ['forget'], ['list', '--all']])
      expect((await identity(folder, args)).code).toBe(2)
  })

  // Only the `script` of util-linux takes these arguments.
  describe.runIf(process.platform === 'linux')('at a terminal', () => {
    /** Runs an export there. `answers` are typed when what they answer is shown. */
    async function exportedBy(folder: string, output: string, answers: readonly (readonly [string, string])[]) {
      const words = [process.execPath, COMMAND, 'identity', 'export', '--output', output]
      const line = words.map((word) => `'${word}'`).join(' ')
      const child = spawn('script', ['-qec', line, '/dev/null'], { env: { ...process.env, EDGE_NET_DATA: folder } })
      const waiting = [...answers]
      let shown = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        shown += text
        while (waiting[0] && shown.includes(waiting[0][0])) child.stdin.write(waiting.shift()?.[1] ?? '')
      })
      const code = await new Promise((resolve) => child.on('close', resolve))
      expect(waiting).toEqual([])
      expect(shown).not.toContain('horse')
      return { code, shown }
    }

    it('ask twice, and show nothing of what is typed', async () => {
      const [folder, output] = [freshFolder(), freshFile()]
      const { siteId } = await done(folder, ['new'])
      const different = await exportedBy(folder, output, [
        ['Pass phrase: ', `${PASS_PHRASE}\n`],
        ['The same again: ', `${PASS_PHRASE}!\n`],
      ])
      expect(different).toMatchObject({ code: 2, shown: expect.stringContaining('not the same') })
      await expect(stat(output)).rejects.toThrow('ENOENT')
      const { code, shown } = await exportedBy(folder, output, [
        ['Pass phrase: ', `${PASS_PHRASE}\n`],
        ['The same again: ', `${PASS_PHRASE}\n`],
      ])
      expect(code).toBe(0)
      expect(shown).toContain('protecting the backup')
      expect((await restore(await readFile(output, 'utf8'), PASS_PHRASE)).siteId).toBe(siteId)
    })

    const CTRL_C = '\u0003'
    it.each([
      ['asked', [['Pass phrase: ', CTRL_C]]],
      [
        'made',
        [
          ['Pass phrase: ', `${PASS_PHRASE}\n`],
          ['The same again: ', `${PASS_PHRASE}\n`],
          ['protecting the backup', CTRL_C],
        ],
      ],
    ] as const)('can be interrupted while it is %s, and then there is none', async (_, answers) => {
      const [folder, output] = [freshFolder(), freshFile()]
      await done(folder, ['new'])
      expect((await exportedBy(folder, output, answers)).code).toBe(130)
      await expect(stat(output)).rejects.toThrow('ENOENT')
    })
  })
})

describe('joining', () => {
  let service: Service
  beforeAll(async () => {
    service = await startService({ rateLimits: 'off' })
  })
  afterAll(() => service.close())

  async function joinedAs(folder: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const all = ['join', service.roomUrl('identities'), '--json', '--direct', 'off', '--no-ledger', ...args]
    const command = startCommand(all, { env: { EDGE_NET_DATA: folder, ...env } })
    const { siteId } = await command.event('joined')
    command.signal('SIGINT')
    expect((await command.ended).code).toBe(0)
    return siteId
  }

  it('takes the identity in use, or the one that is named', async () => {
    const folder = freshFolder()
    const first = await joinedAs(folder, [])
    const work = await done(folder, ['new', 'work'])
    const home = await done(folder, ['new', 'home'])
    expect(await joinedAs(folder, [])).toBe(first)
    expect(await joinedAs(folder, ['--identity', 'work'])).toBe(work.siteId)
    expect(await joinedAs(folder, [], { EDGE_NET_IDENTITY: 'home' })).toBe(home.siteId)
    expect(await joinedAs(folder, ['--identity', 'work'], { EDGE_NET_IDENTITY: 'home' })).toBe(work.siteId)
    await done(folder, ['use', 'home'])
    expect(await joinedAs(folder, [])).toBe(home.siteId)
    expect(await joinedAs(folder, ['--identity', 'default'])).toBe(first)
  })

  it('makes no identity of a label that is mistyped, and none in use that has gone', async () => {
    const folder = freshFolder()
    const room = service.roomUrl('identities')
    const failed = async (...args: readonly string[]) => {
      const { code, stderr } = await startCommand(['join', room, ...args], { env: { EDGE_NET_DATA: folder } }).ended
      expect(code).toBe(2)
      return stderr
    }
    await done(folder, ['new', 'work'])
    expect(await failed('--identity', 'wrok')).toContain('There are: work.')
    expect(await failed('--identity', '../work')).toContain('label')
    expect(await failed('--identity', 'work', '--ephemeral')).toContain('cannot be used with')
    await rm(join(folder, 'identity-work.pem'))
    expect(await failed()).toContain('no identity "work"')
    expect(await readdir(folder)).toEqual(['current-identity'])
  })
})

describe('help and README', () => {
  it('teach with examples, and say the same', async () => {
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
    const section = readme.split('### identity\n')[1]?.split(/^##/m)[0] ?? ''
    const helps = await Promise.all(
      ['new', 'list', 'export', 'import', 'use'].map(
        async (name) => (await startCommand(['identity', name, '--help']).ended).stdout,
      ),
    )
    for (const help of helps)
      for (const word of ['Examples:', 'Exit codes:', 'JSON events', 'Environment:']) expect(help).toContain(word)
    const optionsIn = (text: string) => text.match(/--[a-z][a-z-]*/g) ?? []
    const options = helps.flatMap((help) => optionsIn(help.split('Options:')[1]?.split('\n\n')[0] ?? ''))
    const table = section.split('| option of identity')[1]?.split('\n\n')[0] ?? ''
    expect(new Set([...optionsIn(table), '--help'])).toEqual(new Set(options))
    const events = helps.flatMap((help) => /JSON events.*\n {2}(.+)/.exec(help)?.[1]?.split(', ') ?? [])
    const named = /The events are ([\s\S]*?)\.\n/.exec(section)?.[1] ?? ''
    expect(new Set(named.match(/(?<=`)[a-z]+(?=`)/g))).toEqual(new Set(events))
    const codes = [...(helps[0]?.split('Exit codes:')[1] ?? '').matchAll(/^ {2}(\d+) +(.+)$/gm)]
    expect(codes).toHaveLength(4)
    for (const [, code, meaning] of codes) expect(section).toContain(`| ${code} | ${meaning} |`)
  })
})
