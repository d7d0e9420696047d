/** The package as it is published, installed where nothing else of this project is: in Node, by TypeScript, by Vite, from a URL. */
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import type { Browser } from 'playwright-core'
import { publint } from 'publint'
import { build, createServer } from 'vite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { join } from '../../client/node/index.ts'
import { launchChromium } from '../support/chromium.ts'
import { mustRunIn, packPackage, runIn, type Packed } from '../support/package.ts'
import { startService, type Service } from '../support/server.ts'
import { serveFolder } from '../support/static-server.ts'

/** What it has now and some room: most of it are source maps, and the page and the SDK that `edge-net serve` serves. */
const MOST_BYTES = 2_500_000

let packed: Packed
let service: Service
let rooms = 0
const freshRoom = () => service.roomUrl(`package-${++rooms}`)

beforeAll(async () => {
  packed = await packPackage()
  service = await startService({ rateLimits: 'off' })
  console.log(`${packed.tarball}: ${packed.size} B in ${packed.files.length} files`)
})
afterAll(async () => {
  await service.close()
  await packed.remove()
})

/** Every way into the package that package.json names. */
async function entryPoints(): Promise<string[]> {
  const { exports } = JSON.parse(await readFile(joinPath(import.meta.dirname, '../../package.json'), 'utf8')) as {
    exports: Record<string, unknown>
  }
  return Object.keys(exports).map((path) => path.replace(/^\./, 'edge-net'))
}

/** An example that whoever writes a carrier copies. */
const tabsCarrier = () => readFile(joinPath(import.meta.dirname, '../../examples/tabs-carrier.js'), 'utf8')

describe('the tarball', () => {
  it('has what is built and what is to be read, and nothing else', () => {
    const paths = packed.files.map(({ path }) => path)
    const wanted = ['README.md', 'LICENSE', 'PROTOCOL.md', 'dist/npm/service/worker.js', 'dist/public/page.html']
    for (const path of wanted) expect(paths).toContain(path)
    const others = paths.filter((path) => !/^(?:dist\/(?:npm|public)\/|[A-Z]+\.md$|LICENSE$|package\.json$)/.test(path))
    expect(others).toEqual([])
    expect(packed.size).toBeLessThan(MOST_BYTES)
  })

  it('has no fault that publint finds', async () => {
    const tarball = await readFile(packed.tarball)
    const bytes = tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.length)
    const { messages } = await publint({ pack: { tarball: bytes }, strict: true })
    expect(messages).toEqual([])
  })

  it('has types that fit, however an ES module is resolved', async () => {
    const { problems, types, entrypoints } = Object(
      await checkPackage(createPackageFromTarballData(new Uint8Array(await readFile(packed.tarball)))),
    ) as Exclude<Awaited<ReturnType<typeof checkPackage>>, { types: false }>
    expect(types).toEqual({ kind: 'included' })
    expect(Object.keys(entrypoints)).toHaveLength((await entryPoints()).length)
    // It is for ES modules alone: neither `require` of TypeScript's nor resolution without `exports` is promised.
    const ofModules = problems.filter(
      (problem) => !('resolutionKind' in problem && /^node(?:10|16-cjs)$/.test(problem.resolutionKind)),
    )
    expect(ofModules).toEqual([])
  })
})

describe('a project in Node', () => {
  const program = `
import { createIdentity, EdgeNetError, join } from 'edge-net'
import { requests } from 'edge-net/extras'
import { MemoryStore, openLedger, SqliteStore } from 'edge-net/ledger'

const roomUrl = process.argv[2]
const identity = await createIdentity()
const ledger = openLedger({ network: roomUrl, identity, store: new MemoryStore() })
const network = await join(roomUrl, { identity, ledger, name: 'installed' })
const { request } = requests(network, { handler: ({ data }) => 'installed heard ' + data })
const peer = await new Promise((resolve) => network.on('peer', ({ peer }) => resolve(peer)))
console.log(await request(peer, 'hello'))
await network.contribute({ taskId: 'one', computeUnits: 500 })
console.log(network.ledger.statistics().credits, 'credits')
const failure = await join('nonsense').catch((error) => error)
console.log(failure instanceof EdgeNetError, failure.code, typeof SqliteStore)
await network.close()
`

  it('imports every part, and takes part', async () => {
    const room = freshRoom()
    const project = await packed.project({ 'program.js': program })
    const other = await join(room, { direct: 'off' })
    const { requests } = await import('../../client/extras/index.ts')
    requests(other, { handler: ({ data }) => `asked for ${String(data)}` })
    const output = await mustRunIn(project, 'node', ['program.js', room])
    await other.close()
    const lines = ['asked for hello', '5 credits', 'true invalid-argument function']
    expect(
      output
        .trim()
        .split('\n')
        .filter((line) => !/SQLite|--trace-warnings/.test(line)),
    ).toEqual(lines)
  })

  it('has a carrier of its own pass what every carrier must', async () => {
    const suite = `
import { carrierScenarios } from 'edge-net/carrier'
import { tabsCarrier } from './tabs-carrier.js'

const scenarios = carrierScenarios(() => ({ open: tabsCarrier, close: async () => {} }), { watchMs: 50 })
for (const { run } of scenarios) await run()
console.log(scenarios.length > 10)
`
    const project = await packed.project({ 'program.js': suite, 'tabs-carrier.js': await tabsCarrier() })
    expect(await mustRunIn(project, 'node', ['program.js'])).toBe('true\n')
  })

  it('has the command', async () => {
    const project = await packed.project({})
    const help = await mustRunIn(project, 'npx', ['--offline', 'edge-net', '--help'])
    for (const name of ['join', 'ping', 'doctor', 'ledger', 'bench', 'serve']) expect(help).toContain(`  ${name} `)
    // Miniflare is not there, and is asked for only by the one who needs it.
    const serve = await runIn(project, 'npx', ['--offline', 'edge-net', 'serve', '--port', '0', '--data', project])
    expect(serve).toMatchObject({ code: 1, output: expect.stringContaining('hint: npm install miniflare@') })
  })

  it.each([
    ['nodenext', { module: 'nodenext', moduleResolution: 'nodenext' }],
    ['bundler', { module: 'esnext', moduleResolution: 'bundler' }],
  ])('is checked by TypeScript that resolves as %s', async (_, resolution) => {
    const all = (await entryPoints()).map((path, i) => `export * as part${i} from '${path}'`)
    const typed = `
import { join, type Network, type Peer } from 'edge-net'
import { requests } from 'edge-net/extras'
import { openLedger } from 'edge-net/ledger'

export async function greet(roomUrl: string): Promise<Network> {
  const network = await join(roomUrl, { name: 'typed', ledger: openLedger({ network: roomUrl }) })
  network.on('peer', ({ peer }: { peer: Peer }) => peer.send('hello'))
  const { request } = requests(network)
  network.on('peer', async ({ peer }) => console.log(await request(peer, new Uint8Array(3))))
  // @ts-expect-error there is no such event
  network.on('nonsense', () => undefined)
  return network
}
`
    const compilerOptions = {
      ...resolution,
      target: 'es2022',
      lib: ['ESNext', 'DOM', 'DOM.Iterable'],
      strict: true,
      exactOptionalPropertyTypes: true,
      // The declarations are checked, too, as whoever has not switched it off does.
      skipLibCheck: false,
      noEmit: true,
      allowJs: true,
      checkJs: true,
      types: ['node'],
      typeRoots: [joinPath(import.meta.dirname, '../../node_modules/@types')],
    }
    const project = await packed.project({
      'program.ts': typed,
      'all.ts': all.join('\n'),
      'tabs-carrier.js': await tabsCarrier(),
      'tsconfig.json': JSON.stringify({ compilerOptions, include: ['*.ts', '*.js'] }),
    })
    expect(await runIn(project, 'tsc', ['-p', '.'])).toEqual({ code: 0, output: '' })
  })
})

describe('a page', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  })
  afterAll(() => browser.close())

  /** Opens it, and resolves with what it has written when it has met somebody and contributed. */
  async function textOf(url: string, room: string): Promise<string> {
    const other = await join(room, { name: 'Node' })
    other.on('peer', ({ peer }) => peer.send('hello page'))
    const page = await browser.newPage()
    const errors: string[] = []
    page.on('pageerror', (error) => errors.push(String(error)))
    try {
      await page.goto(url)
      await expect.poll(async () => [await page.textContent('body'), ...errors].join('\n')).toContain('the end')
      return (await page.textContent('body')) ?? ''
    } finally {
      await page.close()
      await other.close()
    }
  }

  const code = (room: string, parts: Readonly<Record<'core' | 'extras' | 'ledger' | 'carrier', string>>) => `
import { createIdentity, join } from '${parts.core}'
import { readableOf } from '${parts.extras}'
import { MemoryStore, openLedger } from '${parts.ledger}'
import { MemoryAir } from '${parts.carrier}'

const write = (text) => document.body.append(text + '; ')
const identity = await createIdentity()
const ledger = openLedger({ network: '${room}', identity, store: new MemoryStore() })
const network = await join('${room}', { identity, ledger, name: 'page', carriers: [new MemoryAir().carrier()] })
write(network.carriers.map(({ name }) => name).join(' and '))
const peer = await new Promise((resolve) => network.on('peer', ({ peer }) => resolve(peer)))
const { value } = await readableOf(peer).getReader().read()
write(peer.name + ': ' + value)
await network.contribute({ taskId: 'page', computeUnits: 300 })
write(network.ledger.statistics().credits + ' credits')
await new Promise((resolve) => {
  const look = () => peer.path.kind === 'direct' && resolve()
  network.on('path', look)
  look()
})
write(peer.path.kind)
write('the end')
`

  const EXPECTED = 'room and memory; Node: hello page; 3 credits; direct; the end; '

  const HTML = '<!doctype html><html><body><script type="module" src="./main.js"></script></body></html>'

  describe('with Vite', () => {
    const parts = {
      core: 'edge-net',
      extras: 'edge-net/extras',
      ledger: 'edge-net/ledger',
      carrier: 'edge-net/carrier',
    }

    it('that is built from the package joins, is reached directly, and contributes', async () => {
      const room = freshRoom()
      const project = await packed.project({ 'index.html': HTML, 'main.js': code(room, parts) })
      await build({ root: project, configFile: false, logLevel: 'silent', build: { target: 'es2022' } })
      const host = await serveFolder(joinPath(project, 'dist'))
      try {
        expect(await textOf(`${host.url}/`, room)).toContain(EXPECTED)
      } finally {
        await host.close()
      }
    })

    it('that is being developed does, too', async () => {
      const room = freshRoom()
      const project = await packed.project({ 'index.html': HTML, 'main.js': code(room, parts) })
      const developed = await createServer({
        root: project,
        configFile: false,
        logLevel: 'silent',
        // Port 0 would be taken for none at all.
        server: { host: '127.0.0.1', port: await freePort(), strictPort: true },
      })
      try {
        await developed.listen()
        expect(await textOf(developed.resolvedUrls?.local[0] ?? '', room)).toContain(EXPECTED)
      } finally {
        await developed.close()
      }
    })
  })

  it('of another origin that imports the SDK from the Worker does, too', async () => {
    const room = freshRoom()
    const { url } = service
    const parts = {
      core: `${url}/edge-net.js`,
      extras: `${url}/edge-net-extras.js`,
      ledger: `${url}/edge-net-ledger.js`,
      carrier: `${url}/edge-net-carrier.js`,
    }
    const folder = await mkdtemp(joinPath(tmpdir(), 'edge-net-page-'))
    await writeFile(joinPath(folder, 'index.html'), HTML)
    await writeFile(joinPath(folder, 'main.js'), code(room, parts))
    const host = await serveFolder(folder)
    try {
      expect(await textOf(`${host.url}/`, room)).toContain(EXPECTED)
    } finally {
      await host.close()
      await rm(folder, { recursive: true })
    }
  })
})

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createTcpServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })
}
