/** The examples of help and README about networks and their members, run as they stand there. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
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
  parent = await mkdtemp(join(tmpdir(), 'edge-net-examples-'))
})
afterAll(async () => {
  await service.close()
  await rm(parent, { recursive: true })
})
afterEach(async () => {
  for (const command of running) command.signal('SIGKILL')
  await Promise.all(running.splice(0).map(({ ended }) => ended))
})

function started(folder: string, args: readonly string[]): RunningCommand {
  const command = startCommand(args, { env: { EDGE_NET_DATA: folder } })
  running.push(command)
  return command
}

/** The words of a line as a shell takes it apart; what stands behind a pipe or `#` is not for the command. */
function wordsOf(line: string): string[] {
  const words = [...line.matchAll(/"([^"]*)"|'[^']*'|(\S+)/g)].map(([, quoted, bare = '']) => quoted ?? bare)
  const end = words.findIndex((word) => word === '|' || word === '#')
  return words.slice(words[0] === 'edge-net' ? 1 : 0, end < 0 ? undefined : end)
}

/** The examples of a sub-command, each on one line. */
async function examplesOf(name: string): Promise<string[]> {
  const { stdout } = await startCommand([name, '--help']).ended
  const part = /^Examples:\n([\s\S]*?)\n\n/m.exec(stdout)?.[1] ?? ''
  const lines = part.replaceAll(/\n {4,}/g, ' ').split('\n')
  expect(lines.length).toBeGreaterThan(1)
  return lines.map((line) => line.trim())
}

/** A private network with somebody who waits at its door. */
async function scene() {
  const creator = freshFolder()
  const { only } = await runJson(creator, ['create', service.url, '--name', 'Lab', '--policy', 'private'])
  const { roomUrl, id } = only('created')
  const guest = freshFolder()
  const { siteId } = await loadIdentity(guest)
  const waiting = started(guest, ['join', roomUrl, '--direct', 'off', '--ask', '--json'])
  await waiting.event('waiting')
  const waits = async () => (await runJson(creator, ['approve', roomUrl])).all('waiting')
  await expect.poll(waits).toHaveLength(1)
  return { creator, roomUrl, id, siteId, waiting }
}

describe('help', () => {
  it.each(['create', 'networks', 'invite', 'approve', 'remove'])('of %s has examples that work', async (name) => {
    for (const example of await examplesOf(name)) {
      const { creator, roomUrl, id, siteId } = await scene()
      const invite = (await runJson(creator, ['invite', roomUrl])).only('invite')
      const key = name === 'invite' ? invite.inviteKey : siteId
      // The beginning of one in four thousand ids cannot be told from an option.
      const beginning = key.startsWith('--') ? key : key.slice(0, 12)
      const args = wordsOf(example).map((word) =>
        word
          .replace('https://edge.example', service.url)
          .replace('net-…', id)
          .replace(/^Yq3xK9wLmZ2p$/, beginning)
          .replace(/^Yq3xK9wLmZ2p.{31}$/, siteId),
      )
      // Nobody is at the terminal to say yes.
      if (name === 'remove' && !args.includes('--yes')) args.push('--yes')
      const command = started(creator, args)
      if (args.includes('--watch')) {
        await expect.poll(() => command.stdout()).toContain(siteId)
        command.signal('SIGINT')
      }
      expect(await command.ended, example).toMatchObject({ code: 0, stderr: '' })
    }
  })

  it('of join has those of closed networks', async () => {
    const { creator, roomUrl, id } = await scene()
    const { url } = (await runJson(creator, ['invite', roomUrl])).only('invite')
    const closed = (await examplesOf('join')).filter((line) => line.includes('net-…'))
    expect(closed).toHaveLength(2)
    for (const example of closed) {
      const args = wordsOf(example).map((word) =>
        word
          .replace('https://edge.example', service.url)
          .replace('net-…#invite=…', `${id}${new URL(url).hash}`)
          .replace('net-…', id),
      )
      const folder = freshFolder()
      const command = started(folder, [...args, '--json'])
      if (args.includes('--ask')) {
        const { siteId } = await command.event('waiting')
        await runJson(creator, ['approve', roomUrl, siteId])
      }
      await command.event('joined')
    }
  })
})

describe('the README', () => {
  it('tells a story of a private network that is true', async () => {
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
    const section = readme.split('### networks and members\n')[1]?.split(/^##/m)[0] ?? ''
    const lines = (/^```sh\n([\s\S]*?)^```$/m.exec(section)?.[1] ?? '').trimEnd().split('\n')
    const [create = '', invite = '', joining = '', remove = ''] = lines
    expect(lines).toHaveLength(4)
    const [ada, bob] = [freshFolder(), freshFolder()]
    const at = (line: string, room = '', rest = '') =>
      wordsOf(line).map((word) =>
        word
          .replace('https://edge.example/n/net-…', room)
          .replace('https://edge.example', service.url)
          .replace('#invite=…', rest),
      )
    const { roomUrl } = (await runJson(ada, at(create))).only('created')
    const { url } = (await runJson(ada, at(invite, roomUrl))).only('invite')
    const member = started(bob, [...at(joining, roomUrl, new URL(url).hash), '--json'])
    await member.event('contributed')
    const { siteId } = await member.event('joined')
    const removed = await runJson(ada, [...at(remove, roomUrl).map((word) => word.replace('SITE-ID', siteId)), '--yes'])
    expect(removed).toMatchObject({ code: 0, stderr: '' })
    expect((await member.ended).code).toBe(3)
  })
})
