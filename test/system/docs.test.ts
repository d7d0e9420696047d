/**
 * The documents at the top of the repository, held against the code: what they name exists, what they count is what
 * the code counts, and what they show a reader to run is run.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { runInNewContext } from 'node:vm'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { join } from '../../client/node/index.ts'
import { createMesh } from '../../client/mesh/index.ts'
import { FINAL_CODES } from '../../client/carrier/room.ts'
import { renderDescription } from '../../client/peer/description.ts'
import { EXIT } from '../../client/node/exit.ts'
import { encodeEnvelope, type EnvelopeKind } from '../../protocol/envelope.ts'
import { decodeFrame } from '../../protocol/frame.ts'
import * as limits from '../../protocol/limits.ts'
import { implicitGenesis, networkIdOfName, networkIdText } from '../../protocol/network.ts'
import { peerIdText } from '../../protocol/peer-id.ts'
import type { RefusalCode } from '../../protocol/room-messages.ts'
import { closeCodeOf, refuseHttp } from '../../worker/refusal.ts'
import { launchChromium } from '../support/chromium.ts'
import { startCommand } from '../support/command.ts'
import { startService, type Service } from '../support/server.ts'

const ROOT = joinPath(import.meta.dirname, '..', '..')
const read = (path: string) => readFileSync(joinPath(ROOT, path), 'utf8')
const DOCUMENTS = ['README.md', 'PROTOCOL.md', 'SECURITY.md', 'LIMITS.md', 'DEPLOY.md', 'CARRIERS.md']
/** It names what there was before, which is in no file here. */
const migration = read('MIGRATION.md')
const readme = read('README.md')
const protocol = read('PROTOCOL.md')
const everything = DOCUMENTS.map(read).join('\n')
const sources = ['protocol', 'worker', 'client', 'scripts'].flatMap(filesIn).map(read).join('\n')

describe('links', () => {
  it.each([...DOCUMENTS, 'MIGRATION.md'])('of %s lead somewhere', (document) => {
    const links = [...read(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
    expect(links.length).toBeGreaterThan(1)
    for (const link of links) {
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? document : path
      expect(existsSync(joinPath(ROOT, target)), link).toBe(true)
      if (anchor !== undefined) expect(anchorsOf(read(target)), link).toContain(anchor)
    }
  })

  it('and the files that they mention are there', () => {
    const named = captured(/`((?:[\w.-]+\/)*[\w-]+\.(?:ts|json|toml|md))`/g, everything)
    expect(named.length).toBeGreaterThan(1)
    for (const file of named) expect(existsSync(joinPath(ROOT, file)), file).toBe(true)
  })

  it('reach every section of PROTOCOL.md from its contents', () => {
    const contents = section(protocol, 'The protocol')
    for (const heading of protocol.matchAll(/^## (.+)$/gm)) expect(contents).toContain(`[${heading[1] ?? ''}]`)
  })
})

describe('names', () => {
  it('of refusals are the ones that the service has, with its statuses and close codes', async () => {
    const union = /type RefusalCode =([\s\S]*?)\n\n/.exec(sources)?.[1] ?? ''
    const codes = quoted(union) as RefusalCode[]
    const rows = tableOf(protocol, 'code | HTTP | close').map(([code = '', status, close]) => [
      unticked(code),
      status,
      close,
    ])
    const actual = codes.map((code) => [code, String(refuseHttp(code, 0).status), String(closeCodeOf(code))])
    expect(codes.length).toBeGreaterThan(20)
    expect(rows).toEqual(actual)
  })

  it('of final refusals are the ones that the client gives up after', () => {
    const codes = (cells: readonly string[]) => unticked(cells[0] ?? '')
    const rows = tableOf(protocol, 'code | HTTP | close')
    const final = rows.filter((cells) => cells.join().includes('*final*')).map(codes)
    expect(final.length).toBeGreaterThan(10)
    expect(final).toEqual(rows.map(codes).filter((code) => FINAL_CODES.test(code)))
  })

  it('of failures are the ones that the SDK has', () => {
    const union = /type ErrorCode =([\s\S]*?)\n\n/.exec(sources)?.[1] ?? ''
    const listed = /The codes:([\s\S]*?)\. /.exec(readme)?.[1] ?? ''
    expect(ticked(listed)).toEqual(quoted(union))
  })

  it('of frame types have the codes that the decoder knows', () => {
    const rows = tableOf(protocol, 'type | name | payload').map(([code, name = '']) => [Number(code), unticked(name)])
    const known = Array.from({ length: 256 }, (_, code) => [code, decodeFrame(headerOf(code))?.type])
    expect(rows).toEqual(known.filter(([, name]) => name !== undefined))
  })

  it('of envelope kinds have the codes and the sizes that they have on the wire', () => {
    const sizes: Record<EnvelopeKind, number> = {
      signal: limits.MAX_SIGNAL_ENVELOPE_BYTES,
      relay: limits.MAX_RELAY_ENVELOPE_BYTES,
      intro: limits.MAX_INTRO_ENVELOPE_BYTES,
      who: limits.ENVELOPE_HEADER_BYTES,
    }
    const [peer, body] = [peerIdText(new Uint8Array(limits.PEER_ID_BYTES)), new Uint8Array(0)]
    const actual = (Object.keys(sizes) as EnvelopeKind[]).map((kind) => [
      encodeEnvelope({ kind, home: 0, peer, body })[0],
      kind,
      sizes[kind],
    ])
    const rows = tableOf(protocol, 'kind | name | largest')
    expect(rows.map(([code, name = '', size = '']) => [Number(code), unticked(name), numberOf(size)])).toEqual(actual)
  })

  it('of control messages are the ones that room and client speak', () => {
    const code = read('protocol/room-messages.ts')
    const spoken = new Set(captured(/readonly type: '([a-z-]+)'/g, code))
    const fromRoom = tableOf(protocol, 'type | fields').map(([type = '']) => unticked(type))
    const toRoom = [...protocol.matchAll(/\{"type":"([a-z-]+)"/g)].map(([, type]) => type)
    expect(new Set([...fromRoom, ...toRoom])).toEqual(spoken)
  })

  it('of variables and secrets are the ones that somebody reads, with the defaults of wrangler.toml', () => {
    const ofTests = ['test/moves', 'test/sim'].flatMap(filesIn).map(read).join('')
    const settings = read('wrangler.toml') + read('worker/settings.ts') + sources + ofTests
    const rows = [...readme.matchAll(/^\| (`EDGE_NET_[^|]+) \| ([^|]+) \|/gm)]
    expect(new Set(rows.flatMap(([, names = '']) => ticked(names)))).toEqual(
      new Set(settings.match(/EDGE_NET_[A-Z_]+/g)),
    )
    for (const [, name = '', value = ''] of read('wrangler.toml').matchAll(/^(EDGE_NET_\w+) = "(.*)"$/gm)) {
      expectWords('README.md', `| \`${name}\` | ${value === '' ? 'empty' : `\`${value}\``} |`)
    }
    for (const [name] of everything.matchAll(/EDGE_NET_[A-Z_]*[A-Z]/g)) expect(settings).toContain(name)
  })

  it('of what `unsupported` is for are the reasons that the SDK gives', () => {
    const reasons = new Set(captured(/\| `unsupported`, `([\w.-]+)`/g, everything))
    expect(reasons).toEqual(new Set(['keys', 'crypto.subtle', 'WebSocket', 'gun-missing', 'gun-version']))
    const sourcesOf = read('client/join.ts') + read('client/carrier/gun/gun-graph.ts')
    for (const reason of reasons) expect(sourcesOf, reason).toContain(`'${reason}'`)
  })

  it('of code, in camel case, occur in it', () => {
    const names = captured(/`([a-z]+[A-Z][A-Za-z]*)(?:\(\))?`/g, everything)
    expect(names.length).toBeGreaterThan(20)
    for (const name of names) expect(sources, name).toContain(name)
  })

  it('of calls, messages and variables that MIGRATION.md leads to are there', () => {
    const rows = migration.matchAll(/^\| .+ \| (.+) \|$/gm)
    const led = [...rows].flatMap(([, now = '']) => captured(/`([^`]+)`/g, now)).join(' ')
    const names = led.match(/[a-z]+[A-Z][A-Za-z]*|(?<=\.)[a-z]+(?=\()/g) ?? []
    expect(names.length).toBeGreaterThan(15)
    for (const name of names) expect(sources, name).toMatch(new RegExp(`\\b${name}\\b`))
    const kept = ticked(section(migration, 'Names that stay').split('Their contents')[0] ?? '')
    expect(kept.length).toBeGreaterThan(10)
    for (const name of kept) expect(sources, name).toContain(name)
  })

  it('of scripts are in package.json', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    const named = [...everything.matchAll(/npm run ([a-z]+(?::[a-z]+)?)/g)].map(([, name = '']) => name)
    expect(named.length).toBeGreaterThan(3)
    for (const name of named) expect(scripts, name).toHaveProperty(name)
  })

  it('of labels are the ones that are hashed and signed', () => {
    const inCode = new Set(captured(/'(edge-net\/[a-z]+\/1(?:\\0)?)'/g, sources))
    expect(new Set(captured(/"(edge-net\/[a-z]+\/1(?:\\0)?)"/g, protocol))).toEqual(inCode)
    expect(inCode.size).toBeGreaterThan(5)
  })
})

describe('numbers', () => {
  it('of PROTOCOL.md are all of protocol/limits.ts', () => {
    const rows = tableOf(protocol, 'constant | value').map(([name = '', value = '']) => [unticked(name), value])
    const actual = Object.entries(limits).map(([name, value]) => [
      name,
      typeof value === 'number' ? grouped(value) : value,
    ])
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(actual))
  })

  it('that stand beside a constant are its value', () => {
    const stated = [...everything.matchAll(/`([A-Z][A-Z0-9_]+)` = ([\d,.]*\d)(?:\/s, burst ([\d,]+))?/g)]
    expect(stated.length).toBeGreaterThan(30)
    for (const [text, name = '', value = '', burst] of stated) {
      const definitionsOf = (start: string) =>
        captured(new RegExp(`${start} ${name}(?:: \\w+)? = (.+)$`, 'gm'), sources)
      // One that others may use goes before one that only its own file sees.
      const exported = definitionsOf('^export const')
      const definitions = exported.length > 0 ? exported : definitionsOf('^const')
      expect(definitions, text).toHaveLength(1)
      const actual: unknown = runInNewContext(`(${definitions[0] ?? ''})`, { ...limits })
      const expected = numberOf(value)
      expect(actual, text).toEqual(burst === undefined ? expected : { perSecond: expected, burst: numberOf(burst) })
    }
  })

  it('of the rates that a room and a client allow are all there', () => {
    const rates = captured(/const ([A-Z_]+)(?:: Rate)? = \{ (?:burst|perSecond):/g, sources)
    expect(rates.length).toBeGreaterThan(5)
    for (const rate of rates) expectWords('SECURITY.md', `\`${rate}\` = `)
  })

  it('of the rate limiters are those of wrangler.toml', () => {
    const [network = '', prefix = ''] = captured(/limit = (\d+), period = 10 /g, read('wrangler.toml'))
    expectWords('README.md', `${network} in 10 s per IP prefix (/24 or /48) and network, ${prefix} in 10 s per prefix`)
    expectWords('SECURITY.md', `${prefix} in 10 s per IP prefix, ${network} per prefix and network`)
  })
})

describe('examples', () => {
  it('of a genesis and its id are right', async () => {
    const line = (name: string) => new RegExp(`^    ${name} +(.+)$`, 'm').exec(protocol)?.[1]?.replaceAll(' ', '')
    const id = await networkIdOfName('mainnet')
    expect(line('genesis')).toBe(Buffer.from(implicitGenesis('mainnet')).toString('hex'))
    expect(line('id')).toBe(Buffer.from(id).toString('hex'))
    expect(line('text')).toBe(networkIdText(id))
  })

  it('of a session description are what the SDK renders', () => {
    const fingerprint = Uint8Array.from({ length: 32 }, (_, i) => i + 200)
    const fields = {
      setup: 'active',
      maxMessageBytes: 262_144,
      fingerprint,
      ufrag: 'uuuu',
      password: 'p'.repeat(22),
    } as const
    const filled = block(protocol, 'sdp')
      .replaceAll('MID', '7')
      .replace('UFRAG', fields.ufrag)
      .replace('PASSWORD', fields.password)
      .replace(
        'FINGERPRINT',
        Buffer.from(fingerprint)
          .toString('hex')
          .toUpperCase()
          .replaceAll(/..(?=.)/g, '$&:'),
      )
      .replace('SETUP', fields.setup)
      .replace('MAX', String(fields.maxMessageBytes))
    expect(renderDescription(fields, '7')).toBe(filled.trimEnd().replaceAll('\n', '\r\n') + '\r\n')
  })
})

describe('against the running service', () => {
  let service: Service
  const children = new Set<ChildProcess>()

  beforeAll(async () => {
    service = await startService({ rateLimits: 'off', vars: { EDGE_NET_STUN_URLS: 'stun:stun.cloudflare.com:3478' } })
  })
  afterEach(() => {
    for (const child of children) child.kill()
    children.clear()
  })
  afterAll(() => service.close())

  it('the JSON of PROTOCOL.md is what the routes answer', async () => {
    const shown = blocks(protocol, 'json').map(
      (text) => JSON.parse(text.replaceAll('https://edge.example', service.url)) as object,
    )
    const get = async (path: string) => {
      const response = await fetch(service.url + path, { headers: { Accept: 'application/json' } })
      return (await response.json()) as object
    }
    const [description, ice, networks, health] = shown
    expect(await get('/n/mainnet')).toEqual(description)
    expect(await get('/networks')).toEqual(networks)
    expect(await get('/health')).toEqual(health)
    const network = await join(service.roomUrl('mainnet'), { direct: 'on' })
    await vi.waitFor(() => expect(network.iceServers).toEqual((ice as { iceServers: unknown }).iceServers))
    await network.close()
  })

  it('the example of the README meets, talks and leaves in Node', async () => {
    const example = block(readme, 'js')
    expect(example.trimEnd().split('\n')).toHaveLength(10)
    const run = (name: string) => {
      const code = example.replace('https://edge.example', service.url).replace("'Ada'", `'${name}', stalledMs: 3_000`)
      // From the root the package finds itself by its name, through its exports, as it is published.
      const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: ROOT })
      children.add(child)
      let output = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
      child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text))
      return { child, output: () => output }
    }
    const ada = run('Ada')
    const bob = run('Bob')
    const seen = (name: string) => [`met ${name}\n`, `${name}: hello\n`, `${name} is reached by the direct path\n`]
    for (const line of seen('Bob')) await vi.waitFor(() => expect(ada.output()).toContain(line), 15_000)
    for (const line of seen('Ada')) await vi.waitFor(() => expect(bob.output()).toContain(line), 15_000)
    // Told twice: first that it is open, then what it is made of.
    const direct = () => captured(/(Bob is reached by the direct path)/g, ada.output())
    await vi.waitFor(() => expect(direct()).toHaveLength(2), 5_000)
    bob.child.kill()
    // Nobody said goodbye: it is lost.
    await vi.waitFor(() => expect(ada.output()).toContain('Bob left\n'), 20_000)
  })

  it('the examples of the README for what an application can do have the right types', async () => {
    const folder = await mkdtemp(joinPath(tmpdir(), 'edge-net-readme-'))
    try {
      const [first = '', ...features] = blocks(readme, 'js')
      expect(features.length).toBeGreaterThan(4)
      const declarations = `import type { Network, Peer } from 'edge-net'
declare const network: Network
declare const peer: Peer
`
      await writeFile(joinPath(folder, '0.ts'), first)
      for (const [i, example] of features.entries()) {
        await writeFile(joinPath(folder, `${i + 1}.ts`), declarations + example)
      }
      const paths = {
        'edge-net': [`${ROOT}/client/index.ts`],
        'edge-net/extras': [`${ROOT}/client/extras/index.ts`],
        'edge-net/ledger': [`${ROOT}/client/qdag/index.ts`],
        'edge-net/identity': [`${ROOT}/client/identity/index.ts`],
        'edge-net/networks': [`${ROOT}/client/networks/index.ts`],
        'edge-net/gun': [`${ROOT}/client/carrier/gun/index.ts`],
        'edge-net/mesh': [`${ROOT}/client/mesh/index.ts`],
        'edge-net/carrier': [`${ROOT}/client/carrier/index.ts`],
      }
      const options = { extends: joinPath(ROOT, 'tsconfig.json'), compilerOptions: { paths } }
      await writeFile(joinPath(folder, 'tsconfig.json'), JSON.stringify({ ...options, include: ['*.ts'] }))
      const tsc = spawn(process.execPath, [joinPath(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder])
      let output = ''
      tsc.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
      await new Promise((resolve) => tsc.on('close', resolve))
      expect(output).toBe('')
      expect(tsc.exitCode).toBe(0)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('and do what it says', async () => {
    const [, ...features] = blocks(readme, 'js')
    const extras = features.flatMap((example) => captured(/^(import .* from 'edge-net\/extras')$/gm, example))
    const named = (part: string) => {
      const found = features.find((example) => example.includes(part)) ?? ''
      expect(found, part).not.toBe('')
      return found.replaceAll(/^import .*$/gm, '')
    }
    const code = `import { join } from 'edge-net'
${extras.join('\n')}
const room = '${service.roomUrl('readme-features')}'
const meet = (network) => new Promise((resolve) => network.on('peer', ({ peer }) => resolve(peer)))
const network = await join(room, { name: 'Ada', direct: 'off' })
const other = await join(room, { name: 'Bob', direct: 'off' })
const [peer, ada] = await Promise.all([meet(network), meet(other)])
requests(other, { handler: ({ data }) => 'you said ' + data })
other.on('message', ({ data }) => console.log('Bob had ' + new TextDecoder().decode(Buffer.from(data))))
other.on('datagram', ({ data }) => console.log('Bob had the datagram ' + data))
other.channel(256, ({ data }) => console.log('Bob had beside: ' + data))
{ ${named('sending.delivered')} }
{ ${named('network.channel')} }
{ ${named('writableOf')} }
{ ${named('explain()')} }
ada.datagram('x 3, y 4')
await ada.send('beside', { channel: 256 })
void ada.send('one').delivered.then(() => other.close())
{ ${named('peer.messages()')} }
await network.close()
console.log('the end')`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: ROOT })
    children.add(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    await vi.waitFor(() => expect(output).toContain('the end\n'), 20_000)
    const lines = output.split('\n')
    const expected = ['Bob had a file', 'Bob had the datagram x 1, y 2', 'Bob had beside: datagram sent: true']
    expected.push(
      'you said hello',
      'Bob had streamed',
      "relay, by relay, 0 attempts [ 'rtc-missing-here', 'rtc-missing-there' ]",
    )
    expected.push('Bob is at x 3, y 4', 'Bob, beside: beside', 'taken: one', 'Bob left, not confirmed: 0')
    for (const line of expected) expect(lines, output).toContain(line)
  })

  it('the examples of CARRIERS.md meet with no room, and pass what every carrier must', async () => {
    const [joining = '', passing = ''] = blocks(read('CARRIERS.md'), 'js')
    const folder = await mkdtemp(joinPath(tmpdir(), 'edge-net-carriers-'))
    try {
      await writeFile(joinPath(folder, 'package.json'), '{"type":"module"}')
      await mkdir(joinPath(folder, 'node_modules'))
      await symlink(ROOT, joinPath(folder, 'node_modules', 'edge-net'))
      await copyFile(joinPath(ROOT, 'examples/tabs-carrier.js'), joinPath(folder, 'tabs-carrier.js'))
      // Nobody listens at port 1.
      await writeFile(joinPath(folder, 'joining.js'), joining.replace('https://edge.example', 'http://127.0.0.1:1'))
      await writeFile(joinPath(folder, 'twice.js'), `import './joining.js?one'\nimport './joining.js?other'\n`)
      await writeFile(joinPath(folder, 'passing.js'), passing)
      const run = (name: string) => {
        const child = spawn(process.execPath, [joinPath(folder, name)], { cwd: folder })
        children.add(child)
        let output = ''
        child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
        return () => output
      }
      const [twice, passed] = [run('twice.js'), run('passing.js')]
      await vi.waitFor(() => expect(captured(/(is reached by tabs)/g, twice())).toHaveLength(2), 20_000)
      await vi.waitFor(() => expect(passed()).toMatch(/pass 12\n.* fail 0\n/), 20_000)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('the example of the README for backups runs in Node', async () => {
    const example = blocks(readme, 'js').find((text) => text.includes('edge-net/identity')) ?? ''
    const child = spawn(process.execPath, ['--input-type=module', '-e', example], { cwd: ROOT })
    children.add(child)
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    await vi.waitFor(() => expect(output).toContain('Ada true\n'), 20_000)
    expect(output).toContain('100 %\n')
  })

  it('the example of the README for large networks runs in Node', async () => {
    const room = service.roomUrl('readme-mesh')
    const example = blocks(readme, 'js').find((text) => text.includes('edge-net/mesh')) ?? ''
    const code = example.replaceAll('https://edge.example/n/mainnet', room)
    expect(code).toContain(room)
    const bob = await join(room, { name: 'Bob', mesh: createMesh() })
    const heard: unknown[] = []
    bob.on('broadcast', ({ from, data }) => heard.push(`${from.name}: ${String(data)}`))
    bob.on('message', ({ data }) => heard.push(data))
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: ROOT })
    children.add(child)
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    await vi.waitFor(() => expect(heard).toContain('Ada: hello, all of you'), 20_000)
    await bob.broadcast('good morning')
    await vi.waitFor(() => expect(heard).toContain('I have heard you'), 20_000)
    expect(output).toContain('Bob says to all: good morning\n')
    expect(output).toMatch(/^\d neighbours, \d links, \d members$/m)
    child.kill()
    await bob.close()
  })

  it('the example of the README for closed networks runs in Node', async () => {
    const example = blocks(readme, 'js').find((text) => text.includes('edge-net/networks')) ?? ''
    const code = `${example.replaceAll('https://edge.example', service.url)}; process.exitCode = 0`
    const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: ROOT })
    children.add(child)
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    await vi.waitFor(() => expect(output).toContain('Bob is a member by invite\n'), 20_000)
    await vi.waitFor(() => expect(output).toContain('Bob was removed\n'), 20_000)
  })

  it('the example of the README for the ledger runs in a page', async () => {
    const browser = await launchChromium()
    try {
      const page = await browser.newPage()
      const lines: string[] = []
      page.on('console', (message) => void lines.push(message.text()))
      const example = blocks(readme, 'js').find((text) => text.includes('edge-net/ledger')) ?? ''
      const imports = {
        'edge-net': `${service.url}/edge-net.js`,
        'edge-net/ledger': `${service.url}/edge-net-ledger.js`,
      }
      await page.goto(`${service.url}/health`)
      await page.addScriptTag({ type: 'importmap', content: JSON.stringify({ imports }) })
      const content = `${example.replaceAll('https://edge.example', service.url)}; console.log('the end')`
      await page.addScriptTag({ type: 'module', content })
      await expect.poll(() => lines.join('\n'), { timeout: 15_000 }).toContain('the end')
    } finally {
      await browser.close()
    }
  })

  it('the example of the README runs in a page that has the SDK from the Worker', async () => {
    const browser = await launchChromium()
    const network = await join(service.roomUrl('mainnet'), { name: 'Node' })
    network.on('announced', ({ peer }) => peer.send('hello page'))
    try {
      const page = await browser.newPage()
      await page.goto(`${service.url}/health`)
      const script = /<script type="module">\n([\s\S]*?)<\/script>/.exec(block(readme, 'html'))?.[1] ?? ''
      await page.addScriptTag({ type: 'module', content: script.replaceAll('https://edge.example', service.url) })
      await expect.poll(() => page.textContent('body'), { timeout: 15_000 }).toContain('Node: hello page')
    } finally {
      await network.close()
      await browser.close()
    }
  })

  it('the build that SECURITY.md pins is where it says, with the hash that it says', async () => {
    const browser = await launchChromium()
    try {
      const pinned = (await (await fetch(`${service.url}/sdk/integrity.json`)).json()) as {
        url: string
        integrity: string
      }
      expect(pinned.url).toMatch(/^\/sdk\/edge-net-\w+\.js$/)
      const map = (integrity: string) =>
        block(read('SECURITY.md'), 'html')
          .replaceAll('https://edge.example/sdk/edge-net-HASH.js', service.url + pinned.url)
          .replace('sha384-…', integrity)
      const load = async (html: string) => {
        const page = await browser.newPage()
        await page.route(`${service.url}/pinned`, (route) => route.fulfill({ contentType: 'text/html', body: html }))
        await page.goto(`${service.url}/pinned`)
        return page.evaluate("import('edge-net').then(() => 'loaded', () => 'refused')")
      }
      expect(await load(map(pinned.integrity))).toBe('loaded')
      expect(await load(map(`sha384-${'A'.repeat(64)}`))).toBe('refused')
    } finally {
      await browser.close()
    }
  })
})

describe('the command', () => {
  it('has the options that the README lists, and no others', async () => {
    const { stdout } = await startCommand(['join', '--help']).ended
    const { stdout: general } = await startCommand(['--help']).ended
    const options = (text: string) => new Set(text.match(/(?<=^ +(?:-\w, )?)--[a-z-]+/gm))
    const rows = tableOf(readme, 'option | meaning').map(([cell = '']) => cell)
    const listed = new Set(rows.flatMap((cell) => cell.match(/--[a-z-]+/g) ?? []))
    expect(listed).toEqual(options(`${stdout}\n${general}`))
  })

  it('has the events and exit codes that the README lists', () => {
    const exits = tableOf(readme, 'exit code | meaning').map(([code]) => Number(code))
    expect(exits).toEqual(Object.values(EXIT))
    const told = ['client/node/report.ts', 'client/node/ledger-news.ts'].map(read).join('')
    const events = new Set(captured(/readonly event: '([a-z-]+)'/g, told))
    expect(new Set(ticked(/The events are ([\s\S]*?)\.\n/.exec(readme)?.[1] ?? ''))).toEqual(events)
  })
})

describe('the two commands of the README', () => {
  it('stand there as lines of their own', () => {
    for (const command of ['npm ci && npm start', 'npm ci && npm test'])
      expect(readme).toContain(`\n\n    ${command}\n\n`)
  })

  it('are what the continuous integration runs', () => {
    const commands = read('.ci/run')
      .match(/^(?:exec )?npm .+$/gm)
      ?.map((line) => line.replace('exec ', ''))
    expect(commands?.join(' && ')).toBe('npm ci && npm test')
  })
})

// ---- reading Markdown and sources ----------------------------------------------------------------------------------

function filesIn(folder: string): string[] {
  const names = readdirSync(joinPath(ROOT, folder), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts')).map((name) => joinPath(folder, name))
}

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  )
}

/** The text under a heading, up to the next one. */
function section(text: string, heading: string): string {
  const start = text.indexOf(`# ${heading}\n`)
  const end = text.indexOf('\n## ', start)
  expect(start, heading).toBeGreaterThanOrEqual(0)
  return text.slice(start, end)
}

/** The rows of the table whose head begins like this, each as its cells. */
function tableOf(text: string, head: string): string[][] {
  const lines = text.split('\n')
  const at = lines.findIndex((line) => line.startsWith(`| ${head}`))
  expect(at, `a table that begins with ${head}`).toBeGreaterThanOrEqual(0)
  const rest = lines.slice(at + 2)
  const end = rest.findIndex((line) => !line.startsWith('|'))
  const cells = (line: string) => line.split(/(?<!\\)\|/).slice(1, -1)
  return rest.slice(0, end === -1 ? undefined : end).map((line) => cells(line).map((cell) => cell.trim()))
}

/** The words are there, wherever lines break. */
function expectWords(document: string, words: string): void {
  expect(read(document).replaceAll(/\s+/g, ' ').includes(words), `${document} says: ${words}`).toBe(true)
}

function blocks(text: string, language: string): string[] {
  return captured(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'), text)
}

function block(text: string, language: string): string {
  const [first] = blocks(text, language)
  expect(first, `a block of ${language}`).toBeDefined()
  return first ?? ''
}

function captured(pattern: RegExp, text: string): string[] {
  return [...text.matchAll(pattern)].map(([, found = '']) => found)
}

const quoted = (text: string) => captured(/'([a-z-]+)'/g, text)
const ticked = (text: string) => captured(/`([^`]+)`/g, text)
const unticked = (text: string) => text.replaceAll('`', '')
const numberOf = (text: string) => Number(text.replaceAll(',', ''))
const grouped = (value: number) => value.toLocaleString('en')

/** A frame that is a header alone, of the type with this code. */
function headerOf(code: number) {
  const bytes = new Uint8Array(limits.FRAME_HEADER_BYTES)
  bytes[0] = code
  return bytes
}
