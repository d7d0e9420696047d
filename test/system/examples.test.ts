/** The programs in `examples/`, run as people run them, against the real Worker and in a real Chromium. */
import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join as joinPath, resolve } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { join } from '../../client/node/index.ts'
import { launchChromium } from '../support/chromium.ts'
import { startService, type Service } from '../support/server.ts'
import { serveFolder } from '../support/static-server.ts'

const ROOT = joinPath(import.meta.dirname, '..', '..')
const EXAMPLES = joinPath(ROOT, 'examples')

let service: Service
let folder: string
const children = new Set<ChildProcess>()

beforeAll(async () => {
  service = await startService({ rateLimits: 'off' })
  folder = await mkdtemp(joinPath(tmpdir(), 'edge-net-examples-'))
})
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
})
afterAll(async () => {
  await service.close()
  await rm(folder, { recursive: true })
})

/** Runs an example; in the checkout the package finds itself by its name. */
function run(name: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [resolve(EXAMPLES, name), ...args], { cwd: ROOT })
  children.add(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  const ended = new Promise<number | null>((end) => child.on('close', end))
  return {
    ended,
    says: (words: string) => expect.poll(() => output).toContain(words),
    output: () => output,
    type: (line: string) => void child.stdin.write(`${line}\n`),
    endInput: () => void child.stdin.end(),
    interrupt: () => void child.kill('SIGINT'),
  }
}

describe('the chats', () => {
  it('of a page and of a terminal talk to each other, and say who comes and goes', async () => {
    const browser = await launchChromium()
    const host = await serveFolder(EXAMPLES, (text) => text.replaceAll('https://edge.example', service.url))
    try {
      const terminal = run('chat-node.js', service.roomUrl('chat-example'), 'Ada')
      await terminal.says('joined chat-example, 1 here')
      const page = await browser.newPage()
      await page.goto(`${host.url}/chat.html?name=Bob`)
      await terminal.says('Bob is here')
      await terminal.says('Bob is reached by the direct path')
      terminal.type('hello page')
      await expect.poll(() => page.textContent('#messages')).toContain('Ada: hello page')
      await page.getByRole('textbox').fill('hello <b>terminal</b>')
      await page.getByRole('button').click()
      await terminal.says('Bob: hello <b>terminal</b>')
      // A stranger's text stays text in the page, too.
      terminal.type('<img src=x onerror=alert(1)>')
      await expect.poll(() => page.textContent('#messages')).toContain('Ada: <img src=x')
      expect(await page.locator('#messages img').count()).toBe(0)
      terminal.endInput()
      expect(await terminal.ended).toBe(0)
      await expect.poll(() => page.textContent('#messages')).toContain('Ada has gone')
      await expect.poll(() => page.textContent('#status')).toContain('1 here')
    } finally {
      await browser.close()
      await host.close()
    }
  })

  it('of a page says what is wrong when it cannot join', async () => {
    const browser = await launchChromium()
    const edited = (text: string) =>
      text
        .replace('https://edge.example/edge-net.js', `${service.url}/edge-net.js`)
        .replace('https://edge.example/n/', '/n/')
    const host = await serveFolder(EXAMPLES, edited)
    try {
      const page = await browser.newPage()
      await page.goto(`${host.url}/chat.html`)
      await expect.poll(() => page.textContent('#status')).toContain('Use https://HOST/n/NETWORK.')
    } finally {
      await browser.close()
      await host.close()
    }
  })
})

describe('request-reply', () => {
  it('asks the one who answers, among others', async () => {
    const room = service.roomUrl('words-example')
    const bystander = await join(room, { direct: 'off' })
    const server = run('request-reply.js', 'serve', room)
    await server.says('answering')
    const asking = run('request-reply.js', 'ask', room, 'how many words are these')
    expect(await asking.ended).toBe(0)
    expect(asking.output()).toBe('5 words\n')
    await bystander.close()
    server.interrupt()
    expect(await server.ended).toBe(0)
  })
})

describe('file-transfer', () => {
  const room = () => service.roomUrl('files-example')

  it('brings a file across, byte by byte, and replaces none', async () => {
    const [source, target] = [joinPath(folder, 'film.bin'), joinPath(folder, 'downloads')]
    const content = randomBytes(5_000_000)
    await writeFile(source, content)
    await mkdir(target)
    const receiver = run('file-transfer.js', 'receive', room(), target)
    await receiver.says('waiting for files')
    const sender = run('file-transfer.js', 'send', room(), source)
    await receiver.says('received 5000000 bytes')
    expect(await sender.ended).toBe(0)
    expect(sender.output()).toContain('sent 5000000 bytes')
    expect(content.equals(await readFile(joinPath(target, 'film.bin')))).toBe(true)

    await writeFile(source, 'another film')
    const second = run('file-transfer.js', 'send', room(), source)
    await receiver.says('EEXIST')
    expect(content.equals(await readFile(joinPath(target, 'film.bin')))).toBe(true)
    second.interrupt()
    receiver.interrupt()
    expect(await receiver.ended).toBe(0)
  })

  it('keeps what strangers send in its folder', async () => {
    const target = joinPath(folder, 'inner', 'downloads')
    await mkdir(target, { recursive: true })
    const receiver = run('file-transfer.js', 'receive', service.roomUrl('files-hostile'), target)
    await receiver.says('waiting for files')
    const hostile = await join(service.roomUrl('files-hostile'), { direct: 'off' })
    hostile.on('peer', async ({ peer }) => {
      await peer.send(JSON.stringify({ name: '../../escaped', size: 5 }))
      await peer.send(new TextEncoder().encode('bytes'))
    })
    await receiver.says('received 5 bytes')
    await hostile.close()
    expect(await readFile(joinPath(target, 'escaped'), 'utf8')).toBe('bytes')
    expect(existsSync(joinPath(folder, 'escaped'))).toBe(false)
  })
})

describe('compute', () => {
  it('shares the work through the ledger, and goes on with the same identity', async () => {
    const room = service.roomUrl('primes-example')
    const [ada, bob] = [joinPath(folder, 'ada'), joinPath(folder, 'bob')]
    const first = run('compute.js', room, ada, '2')
    expect(await first.ended).toBe(0)
    expect(first.output()).toContain('4 credits of 1 contributors')
    const again = run('compute.js', room, ada, '30')
    await again.says('primes from')
    const other = run('compute.js', room, bob, '5')
    await other.says('primes from')
    expect(await again.ended).toBe(0)
    expect(await other.ended).toBe(0)
    // Both sides heard of each other; the first one of its earlier run, too.
    expect(again.output()).toMatch(/(6[4-9]|7\d) credits of [12] contributors/)
  })
})

describe('several-networks', () => {
  it('is the same contributor in both, and another peer in each', async () => {
    const rooms = ['team-a', 'team-b'].map((name) => service.roomUrl(name))
    const both = run('several-networks.js', ...rooms)
    await both.says('team-b: contributor')
    const lines = [...both.output().matchAll(/^(team-.): contributor (\S+), peer (\S+)$/gm)]
    expect(new Set(lines.map(([, , siteId]) => siteId)).size).toBe(1)
    expect(new Set(lines.map(([, , , peerId]) => peerId)).size).toBe(2)
    for (const [i, room] of rooms.entries()) {
      const heard: unknown[] = []
      const network = await join(room, { name: `in ${i}`, direct: 'off' })
      network.on('message', ({ data }) => void heard.push(data))
      await expect.poll(() => heard).toEqual([`this is ${network.name}; I am in 2 networks`])
      await both.says(`${network.name}: met in ${i}`)
      await network.broadcast(`hello ${network.name}`)
      await both.says(`${network.name}: in ${i} says hello ${network.name}`)
      await network.close()
    }
    both.interrupt()
    expect(await both.ended).toBe(0)
  })
})

describe('tabs-carrier', () => {
  it('has threads of one process find each other, and talk, with no room at all', async () => {
    // Nobody listens at port 1.
    const program = `import { isMainThread, Worker } from 'node:worker_threads'
import { join } from 'edge-net'
import { tabsCarrier } from ${JSON.stringify(joinPath(EXAMPLES, 'tabs-carrier.js'))}

const name = isMainThread ? 'main' : 'worker'
const worker = isMainThread ? new Worker(new URL(import.meta.url)) : undefined
const network = await join('http://127.0.0.1:1/n/threads', { name, direct: 'off', carriers: [tabsCarrier()] })
network.on('peer', ({ peer }) => void peer.send('hello'))
network.on('message', async ({ peer, data }) => {
  console.log(name + ': ' + peer.name + ' says ' + data)
  await network.close()
})`
    const path = joinPath(folder, 'threads.mjs')
    await writeFile(path, program)
    // The package is found by its name from where the program is.
    await mkdir(joinPath(folder, 'node_modules'), { recursive: true })
    await symlink(ROOT, joinPath(folder, 'node_modules', 'edge-net'))
    const threads = run(path)
    expect(await threads.ended).toBe(0)
    expect(threads.output().trim().split('\n').toSorted()).toEqual([
      'main: worker says hello',
      'worker: main says hello',
    ])
  })
})

it('the list of examples is complete', () => {
  const listed = readFileSync(joinPath(EXAMPLES, 'README.md'), 'utf8').match(/(?<=^\| \[)[\w.-]+/gm)
  const present = readdirSync(EXAMPLES).filter((name) => name !== 'README.md')
  expect(listed?.toSorted()).toEqual(present.toSorted())
})
